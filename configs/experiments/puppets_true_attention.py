# puppets_attention.py with the true tubes among the ten, in training and test: what attention learns from labels of
# videos if detector and linker miss nobody. No method: without annotation there are no such tubes.
#
#   python tools/make_puppets.py       configs/actorsup_shufflenet_puppets.py
#   python tools/generate_proposals.py configs/actorsup_shufflenet_puppets.py
#   python tools/experiments.py        configs/experiments/puppets_true_attention.py
_base_ = "puppets_attention.py"
work_dir = "work_dirs/experiments/puppets_true_attention"
names = ("top_6", "untrained", "top_1", "mean", "supervised_20")


def with_true_tubes(pipeline):
    (index,) = [index for index, step in enumerate(pipeline) if step["type"] == "AttachTubes"]
    return [*pipeline[:index], dict(type="AddTrueTubes"), *pipeline[index:]]


def train(variant):
    dataset = variant.get("train_dataloader", {}).get("dataset", {"pipeline": _base_.pipeline})
    pipeline = with_true_tubes(dataset["pipeline"])
    return dict(dataset=dict(ann_file="train_with_tubes.json", true_tubes=True, pipeline=pipeline))


test_pipeline = [
    dict(type="SampleFrames", num_frames=8, mode="center"),
    dict(type="DecodeFrames"),
    dict(type="AttachTubes", max_tubes=10),
    dict(type="PackVideo"),
]
test = dict(dataset=dict(pipeline=with_true_tubes(test_pipeline)))
variants = dict(
    _delete_=True,
    **{
        name: dict(_base_.variants[name], train_dataloader=train(_base_.variants[name]), test_dataloader=test)
        for name in names
    },
)
del train, with_true_tubes
