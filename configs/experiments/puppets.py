# Who does the labelled action, and when, on the Puppets: heads that learn it from labels of videos alone, beside full
# supervision, the whole frame and chance; on features of one frozen encoder, all but the first ranked in the same way.
#
#   the commands of configs/actorsup_efficientnet_lite0_puppets.py as far as its proposals, and then
#   python tools/experiments.py configs/experiments/puppets.py
#
# puppets_fresh.py tests the same models on fresh videos; docs/experiments.md has its results.
_base_ = "crowd.py"
config = "../actorsup_efficientnet_lite0_puppets.py"
work_dir = "work_dirs/experiments/puppets"
seeds = (0, 1, 2)
metrics = ("mAP@0.2", "mAP@0.5", "localization@0.5", "untrimmed/localization@0.5", "accuracy")
store = "work_dirs/features/puppets"
frames = _base_.frames
attached = _base_.attached
tubes = [dict(type="MergeDuplicates"), attached]
packed = [dict(type="ResizeFrames", size=(320, 240)), dict(type="FlipFrames", prob=0.5), dict(type="PackVideo")]
fifteen = dict(model=dict(head=dict(num_classes=15)))
variants = dict(
    literal=dict(
        model=dict(head=dict(num_classes=15), post_processing=[]),
        features=dict(root=f"{store}_duplicates"),
        train_dataloader=dict(dataset=dict(pipeline=[*frames, attached, *packed])),
        test_dataloader=dict(dataset=dict(pipeline=[*_base_.test_frames, attached, packed[0], packed[2]])),
    ),
    top_2=fifteen,
    mean=fifteen,
    best_tube=fifteen,
    uncertainty=fifteen,
    top_2_sigmoid=fifteen,
    two_stream=fifteen,
    two_stream_classified=fifteen,
    two_stream_sigmoid=fifteen,
    refinement=fifteen,
    refinement_sigmoid=fifteen,
    ensemble_top_2=fifteen,
    ensemble_mean=fifteen,
    ensemble=fifteen,
    ensemble_sigmoid=fifteen,
    ensemble_two_stream=fifteen,
    whole_tubes=dict(model=dict(post_processing=[])),  # the config's head; tubes span the video
    supervised=dict(
        model=dict(head=dict(num_classes=15)),
        features=dict(root=f"{store}_labelled"),
        train_dataloader=dict(
            dataset=dict(
                ann_file="train_with_tubes.json",
                pipeline=[*frames, *tubes, packed[0], packed[1], dict(type="LabelTubes", min_overlap=0.2), packed[2]],
            )
        ),
    ),
    whole_frame=dict(
        model=dict(head=dict(num_classes=15)),
        features=dict(root=f"{store}_whole_frame"),
        train_dataloader=dict(dataset=dict(pipeline=[*frames, dict(type="AttachWholeFrame"), *packed])),
    ),
    untrained=fifteen,
)
