# "Guess Where? Actor-Supervision for Spatiotemporal Action Localization" on THUMOS13, the paper's settings.
#
# Table 1: recall 43.9 at 0.5, 88.7 at 0.1. Table 2: mAP 45.5 at 0.2.   Measured here: not run, the videos are missing.
#
#   python tools/generate_proposals.py configs/actorsup_vgg16_thumos13.py
#   python tools/eval_proposals.py     configs/actorsup_vgg16_thumos13.py
#   python tools/train.py              configs/actorsup_vgg16_thumos13.py
#   python tools/test.py               configs/actorsup_vgg16_thumos13.py work_dirs/actorsup_vgg16_thumos13/epoch_30.pth
#
# What it is compared with, each in a work directory of its own (--work-dir):
#
#   attention    --cfg-options model.head.type=MeanHead, and others: _base_/models/actorsup_vgg16.py
#   proposals    --cfg-options proposals.linker=random, and others: _base_/proposals/paper.py
#   no actors    actorsup_vgg16_thumos13_whole_frame.py: learns from whole frames
#   upper bound  actorsup_vgg16_thumos13_supervised.py: learns from true tubes
_base_ = [
    "_base_/models/actorsup_vgg16.py",
    "_base_/datasets/thumos13.py",
    "_base_/proposals/paper.py",
    "_base_/schedules/paper_30e.py",
    "_base_/default_runtime.py",
]
