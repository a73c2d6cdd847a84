# Puppets: synthetic videos of 15 actions of people, dogs, birds, cars and balls. `python tools/make_puppets.py CONFIG`
# draws them into puppets.root.
data_root = "data/puppets"
puppets = dict(
    root=data_root,
    settings=dict(seed=0),
    sizes=dict(train_stills=1600, val_stills=160, sequences=60, sequence_frames=30, train_videos=32, test_videos=5),
)
num_frames = 8
train_pipeline = [
    dict(type="SampleFrames", num_frames=num_frames, mode="random"),
    dict(type="DecodeFrames"),
    dict(type="AttachTubes", max_tubes=10),
    dict(type="FlipFrames", prob=0.5),
    dict(type="PackVideo"),
]
test_pipeline = [
    dict(type="SampleFrames", num_frames=num_frames, mode="center"),
    dict(type="DecodeFrames"),
    dict(type="AttachTubes", max_tubes=10),
    dict(type="PackVideo"),
]
train_dataloader = dict(
    batch_size=4,
    num_workers=1,
    persistent_workers=True,
    sampler=dict(type="DefaultSampler", shuffle=True),
    dataset=dict(
        type="AnnotatedVideos",
        data_root=data_root,
        ann_file="train.json",
        video_prefix="videos",
        pipeline=train_pipeline,
    ),
)
test_dataloader = dict(
    batch_size=1,
    num_workers=1,
    persistent_workers=True,
    sampler=dict(type="DefaultSampler", shuffle=False),
    dataset=dict(
        type="AnnotatedVideos",
        data_root=data_root,
        ann_file="test.json",
        video_prefix="videos",
        pipeline=test_pipeline,
        test_mode=True,
    ),
)
test_cfg = dict()
test_evaluator = [
    dict(type="TubeMAP", thresholds=(0.2, 0.5, 0.75), protocol="act"),
    dict(type="FrameMAP", thresholds=(0.5,), protocol="act"),
    dict(type="ProposalRecall", thresholds=(0.1, 0.2, 0.3, 0.5, 0.7), protocol="apt"),
    dict(type="LocalizationGivenLabel", thresholds=(0.2, 0.5), protocol="act"),
    dict(type="LocalizationGivenLabel", thresholds=(0.2, 0.5), protocol="act", max_share=0.75, prefix="untrimmed"),
    dict(type="VideoAccuracy"),
]
