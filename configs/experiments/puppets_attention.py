# Attention to tubes (paper, Sec. 3.2), beside what else one could do with the same tubes, on the Puppets.
#
#   python tools/make_puppets.py       configs/actorsup_shufflenet_puppets.py
#   python tools/generate_proposals.py configs/actorsup_shufflenet_puppets.py
#   python tools/experiments.py        configs/experiments/puppets_attention.py
#
# docs/experiments.md has the results.
config = "../actorsup_shufflenet_puppets.py"
work_dir = "work_dirs/experiments/puppets_attention"
seeds = (0, 1, 2)
metrics = ("mAP@0.2", "mAP@0.5", "localization@0.2", "localization@0.5", "accuracy")


def head(type, **settings):
    settings = dict(num_classes=15, in_channels=96, roi_size=(5, 5), **settings)
    return dict(model=dict(head=dict(_delete_=True, type=type, **settings)))


pipeline = [
    dict(type="SampleFrames", num_frames=8, mode="random"),
    dict(type="DecodeFrames"),
    dict(type="AttachTubes", max_tubes=10),
    dict(type="FlipFrames", prob=0.5),
    dict(type="PackVideo"),
]


def tube_labels(min_overlap):
    labelled = [*pipeline[:-1], dict(type="LabelTubes", min_overlap=min_overlap), pipeline[-1]]
    return dict(dataset=dict(ann_file="train_with_tubes.json", true_tubes=True, pipeline=labelled))


whole_frame = [dict(type="AttachWholeFrame") if step["type"] == "AttachTubes" else step for step in pipeline]
variants = dict(
    top_6=dict(),
    # What a classifier gives that has learnt nothing.
    untrained=dict(optim_wrapper=dict(optimizer=dict(lr=0.0)), param_scheduler=[], train_cfg=dict(max_epochs=1)),
    top_1=head("TopKAttentionHead", topk=1),
    top_3=head("TopKAttentionHead", topk=3),
    mean=head("MeanHead"),
    # A tube shows the action if it covers this much of it.
    supervised=dict(**head("SupervisedTubeHead"), train_dataloader=tube_labels(0.5)),
    supervised_20=dict(**head("SupervisedTubeHead"), train_dataloader=tube_labels(0.2)),
    whole_frame=dict(train_dataloader=dict(dataset=dict(pipeline=whole_frame))),
    log_sum_exp=head("LogSumExpHead"),
    softmax_attention=head("SoftmaxAttentionHead"),
    frozen_encoder=dict(
        model=dict(
            encoder=dict(
                _delete_=True,
                type="FrozenEncoder",
                encoder=dict(
                    type="TorchvisionEncoder",
                    name="shufflenet_v2_x0_5",
                    node="stage3",
                    padding=8,
                    skipped_cells=1,
                    weights="actorsup/detectors/checkpoints/ssd_shufflenet_puppets.pth",
                    weights_prefix="backbone.body.",
                ),
            )
        )
    ),
    top_2=head("TopKAttentionHead", topk=2),
    top_4=head("TopKAttentionHead", topk=4),
    top_8=head("TopKAttentionHead", topk=8),
)
del head, tube_labels
# All ranked as they were when docs/experiments.md measured them: by the tube's own probability.
for variant in variants.values():
    variant.setdefault("model", {}).setdefault("head", {})["ranking"] = dict(type="TubeRanking")
del variant
