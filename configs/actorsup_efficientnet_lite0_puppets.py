# What this project does best with labels of videos alone, on the Puppets: EfficientNet-Lite0 (ImageNet), which is not
# tuned, proposals of each actor once, a head that finds who acts, and tubes cut to when they do.
#
#   pip install 'actorsup[timm]'
#   python tools/make_puppets.py       configs/actorsup_efficientnet_lite0_puppets.py
#   python tools/generate_proposals.py configs/actorsup_efficientnet_lite0_puppets.py
#   python tools/extract_features.py   configs/actorsup_efficientnet_lite0_puppets.py
#   python tools/train.py              configs/actorsup_efficientnet_lite0_puppets.py
#   python tools/test.py configs/actorsup_efficientnet_lite0_puppets.py \
#       work_dirs/actorsup_efficientnet_lite0_puppets/epoch_15.pth
#
# World, proposals and their store are those of actorsup_shufflenet_puppets.py.
_base_ = [
    "_base_/models/actorsup_efficientnet_lite0.py",
    "_base_/datasets/puppets.py",
    "_base_/proposals/puppets.py",
    "_base_/schedules/adamw_15e.py",
    "_base_/default_runtime.py",
]
num_frames = 16
image_size = (320, 240)
train_pipeline = [
    dict(type="SampleFrames", num_frames=num_frames, mode="random"),
    dict(type="DecodeFrames"),
    dict(type="MergeDuplicates"),
    dict(type="AttachTubes", max_tubes=10),
    dict(type="ResizeFrames", size=image_size),
    dict(type="FlipFrames", prob=0.5),
    dict(type="PackVideo"),
]
test_pipeline = [
    dict(type="SampleFrames", num_frames=num_frames, mode="center"),
    dict(type="DecodeFrames"),
    dict(type="MergeDuplicates"),
    dict(type="AttachTubes", max_tubes=10),
    dict(type="ResizeFrames", size=image_size),
    dict(type="PackVideo"),
]
train_dataloader = dict(batch_size=8, dataset=dict(pipeline=train_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
features = dict(root="work_dirs/features/puppets", draws=2)
model = dict(head=dict(num_classes=15), post_processing=[dict(type="TemporalTrimming", contrast=5.0)])
default_hooks = dict(checkpoint=dict(interval=15))
