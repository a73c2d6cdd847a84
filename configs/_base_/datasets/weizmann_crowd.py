# Real people in made scenes: 2×2 clips of the Weizmann actions, one of them the labelled action (bend, jack, jump,
# pjump, run, wave1, wave2), the others people who walk, side-step or skip. `actorsup crowd` makes them.
_base_ = "annotated_videos.py"
data_root = "data/weizmann_crowd"
image_size = (320, 256)
train_pipeline = [
    dict(type="SampleFrames", num_frames=16, mode="random"),
    dict(type="DecodeFrames"),
    dict(type="MergeDuplicates", max_overlap=0.3),
    dict(type="DropWeakTubes", min_score=0.3),
    dict(type="AttachTubes", max_tubes=10),
    dict(type="ResizeFrames", size=image_size),
    dict(type="FlipFrames", prob=0.5),
    dict(type="PackVideo"),
]
test_pipeline = [
    dict(type="SampleFrames", num_frames=16, mode="center"),
    dict(type="DecodeFrames"),
    dict(type="MergeDuplicates", max_overlap=0.3),
    dict(type="DropWeakTubes", min_score=0.3),
    dict(type="AttachTubes", max_tubes=10),
    dict(type="ResizeFrames", size=image_size),
    dict(type="PackVideo"),
]
train_dataloader = dict(batch_size=8, num_workers=2, dataset=dict(data_root=data_root, pipeline=train_pipeline))
test_dataloader = dict(num_workers=2, dataset=dict(data_root=data_root, pipeline=test_pipeline))
