# actorsup_vgg16_thumos13.py without actors in training: a video's only tube is its whole frame. In testing the model
# ranks the actor tubes; with proposals.linker=whole_frame the frame itself is what it finds.
#
# The same lines over any other config do the same to it.         Measured here: not run, the videos are missing.
#
#   python tools/train.py configs/actorsup_vgg16_thumos13_whole_frame.py         # proposals are those of the other one
#   python tools/test.py  configs/actorsup_vgg16_thumos13_whole_frame.py \
#       work_dirs/actorsup_vgg16_thumos13_whole_frame/epoch_30.pth
_base_ = "actorsup_vgg16_thumos13.py"
train_pipeline = [
    dict(type="AttachWholeFrame") if step["type"] == "AttachTubes" else step for step in _base_.train_pipeline
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
