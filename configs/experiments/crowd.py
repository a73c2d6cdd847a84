# Who does the labelled action, among real people? Heads that learn it from labels of videos alone, beside full
# supervision, the whole frame and chance; on features of one frozen encoder, all but the first ranked in the same way.
#
#   the commands of configs/actorsup_efficientnet_lite0_crowd.py as far as its proposals, and then
#   python tools/experiments.py configs/experiments/crowd.py
#
# crowd_fold2.py and crowd_fold3.py test on other people. docs/experiments.md has the results.
config = "../actorsup_efficientnet_lite0_crowd.py"
work_dir = "work_dirs/experiments/crowd"
seeds = (0, 1, 2)
metrics = ("mAP@0.2", "mAP@0.5", "localization@0.5", "accuracy")


def head(type, **settings):
    features = dict(in_channels=3 * 112, roi_size=(5, 5), normalize=True, dropout=0.2, init_gain=0.1)
    return dict(head=dict(_delete_=True, type=type, num_classes=7, **features, **settings))


frames = [dict(type="SampleFrames", num_frames=16, mode="random"), dict(type="DecodeFrames")]
attached = dict(type="AttachTubes", max_tubes=10)
tubes = [dict(type="MergeDuplicates", max_overlap=0.3), dict(type="DropWeakTubes", min_score=0.3), attached]
packed = [dict(type="ResizeFrames", size=(320, 256)), dict(type="FlipFrames", prob=0.5), dict(type="PackVideo")]
test_frames = [dict(type="SampleFrames", num_frames=16, mode="center"), dict(type="DecodeFrames")]
# Of other tubes, or of tubes with labels, features are stored anew.
store = "work_dirs/features/weizmann_crowd"
variants = dict(
    # The paper's head as it stands: every proposal, the mean over time, 60 % of ten tubes, ranked by their softmax.
    literal=dict(
        model=dict(
            pooling=dict(_delete_=True, type="ActorRoIPool3D", output_size=(5, 5)),
            head=dict(
                _delete_=True,
                type="TopKAttentionHead",
                num_classes=7,
                in_channels=112,
                topk=6,
                ranking=dict(type="TubeRanking"),
            ),
        ),
        features=dict(root=f"{store}_duplicates"),
        train_dataloader=dict(dataset=dict(pipeline=[*frames, attached, *packed])),
        test_dataloader=dict(dataset=dict(pipeline=[*test_frames, attached, packed[0], packed[2]])),
    ),
    top_2=dict(model=head("TopKAttentionHead", topk=2)),
    mean=dict(model=head("MeanHead")),
    best_tube=dict(model=head("MaximumHead")),
    uncertainty=dict(model=head("UncertaintyHead")),
    top_2_sigmoid=dict(model=head("TopKAttentionHead", topk=2, multi_label=True)),
    two_stream=dict(model=head("TwoStreamHead")),  # as published
    two_stream_classified=dict(model=head("TwoStreamHead", classification_weight=1.0)),
    two_stream_sigmoid=dict(model=head("TwoStreamHead", classification_weight=1.0, multi_label=True)),
    refinement=dict(model=head("OnlineRefinementHead", classification_weight=1.0)),
    refinement_sigmoid=dict(model=head("OnlineRefinementHead", classification_weight=1.0, multi_label=True)),
    # Five heads that learn beside each other.
    ensemble_top_2=dict(model=head("EnsembleHead", member="TopKAttentionHead", topk=2)),
    ensemble_mean=dict(model=head("EnsembleHead", member="MeanHead")),
    ensemble=dict(model=head("EnsembleHead", classification_weight=1.0)),
    ensemble_sigmoid=dict(model=head("EnsembleHead", classification_weight=1.0, multi_label=True)),
    ensemble_two_stream=dict(
        model=head("EnsembleHead", member="TwoStreamHead", classification_weight=1.0, multi_label=True)
    ),
    # The upper bound: a tube shows the action if it covers a fifth of it.
    supervised=dict(
        model=head("SupervisedTubeHead"),
        features=dict(root=f"{store}_labelled"),
        train_dataloader=dict(
            dataset=dict(
                true_tubes=True,
                pipeline=[*frames, *tubes, packed[0], packed[1], dict(type="LabelTubes", min_overlap=0.2), packed[2]],
            )
        ),
    ),
    # A classifier of whole frames, which ranks tubes in testing.
    whole_frame=dict(
        model=head("MeanHead"),
        features=dict(root=f"{store}_whole_frame"),
        train_dataloader=dict(dataset=dict(pipeline=[*frames, dict(type="AttachWholeFrame"), *packed])),
    ),
    # What a classifier gives that has learnt nothing.
    untrained=dict(
        model=head("MeanHead"),
        optim_wrapper=dict(optimizer=dict(lr=0.0)),
        param_scheduler=[],
        train_cfg=dict(max_epochs=1),
    ),
)
del head
