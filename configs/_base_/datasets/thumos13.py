# THUMOS13, split 1. In data/thumos13: videos/<Class>/<video>.avi, pyannot.pkl, splits/trainlist01.txt, testlist01.txt.
data_root = "data/thumos13"
videos = dict(
    type="AnnotatedVideos",
    data_root=data_root,
    ann_file="pyannot.pkl",  # read for testing alone
    format=dict(type="THUMOS13", split_lists=dict(train="splits/trainlist01.txt", test="splits/testlist01.txt")),
    video_prefix="videos",
)
image_size = (320, 240)

train_pipeline = [
    dict(type="SampleFrames", num_frames=16, mode="random"),
    dict(type="DecodeFrames"),
    dict(type="AttachTubes", max_tubes=20),
    dict(type="ResizeFrames", size=image_size),
    dict(type="FlipFrames", prob=0.5),
    dict(type="PackVideo"),
]
test_pipeline = [
    dict(type="SampleFrames", num_frames=16, mode="center"),
    dict(type="DecodeFrames"),
    dict(type="AttachTubes", max_tubes=20),
    dict(type="ResizeFrames", size=image_size),
    dict(type="PackVideo"),
]
train_dataloader = dict(
    batch_size=4,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type="DefaultSampler", shuffle=True),
    dataset=dict(**videos, split="train", pipeline=train_pipeline),
)
test_dataloader = dict(
    batch_size=1,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type="DefaultSampler", shuffle=False),
    dataset=dict(**videos, split="test", pipeline=test_pipeline, test_mode=True),
)
test_cfg = dict()
test_evaluator = [
    dict(type="TubeMAP", thresholds=(0.2, 0.5, 0.75), protocol="act"),
    dict(type="FrameMAP", thresholds=(0.5,), protocol="act"),
    dict(type="ProposalRecall", thresholds=(0.1, 0.2, 0.3, 0.5, 0.7), protocol="apt"),
    dict(type="VideoAccuracy"),
    dict(type="LocalizationGivenLabel", thresholds=(0.2, 0.5), protocol="act"),
]
