# puppets_attention.py with the true tubes among the ten, in training and test: what attention learns from labels of
# videos if detector and linker miss nobody. No method: without annotation there are no such tubes.
#
#   python tools/make_puppets.py       configs/actorsup_shufflenet_puppets.py
#   python tools/generate_proposals.py configs/actorsup_shufflenet_puppets.py
#   python tools/experiments.py        configs/experiments/puppets_true_attention.py
_base_ = "puppets_attention.py"
work_dir = "work_dirs/experiments/puppets_true_attention"
names = ("top_6", "untrained", "top_1", "mean", "supervised_20")


def with_true_tubes(pipeline, **settings):
    (index,) = [index for index, step in enumerate(pipeline) if step["type"] == "AttachTubes"]
    pipeline = [*pipeline[:index], dict(type="AddTrueTubes"), *pipeline[index:]]
    return dict(dataset=dict(pipeline=pipeline, **settings))


test_pipeline = [
    dict(type="SampleFrames", num_frames=8, mode="center"),
    dict(type="DecodeFrames"),
    dict(type="AttachTubes", max_tubes=10),
    dict(type="PackVideo"),
]
pipelines = dict.fromkeys(names, _base_.pipeline)
pipelines["supervised_20"] = _base_.variants.supervised_20.train_dataloader.dataset.pipeline
known = dict(ann_file="train_with_tubes.json", true_tubes=True)
variants = dict(
    _delete_=True,
    **{
        name: dict(
            _base_.variants[name],
            train_dataloader=with_true_tubes(pipelines[name], **known),
            test_dataloader=with_true_tubes(test_pipeline),
        )
        for name in names
    },
)
del with_true_tubes
