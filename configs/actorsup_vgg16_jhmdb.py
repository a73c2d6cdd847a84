# The paper's settings on J-HMDB, which the paper does not use and most of the field does; split 1 of three.
#
# 928 clips of 15 to 40 frames, 21 actions; means over the splits are reported: configs/experiments/jhmdb.py.
# Measured here: not run, the clips are missing.
#
#   python tools/check_dataset.py      configs/actorsup_vgg16_jhmdb.py
#   python tools/generate_proposals.py configs/actorsup_vgg16_jhmdb.py      # of all clips: they serve every split
#   python tools/eval_proposals.py     configs/actorsup_vgg16_jhmdb.py
#   python tools/train.py              configs/actorsup_vgg16_jhmdb.py
#   python tools/test.py  configs/actorsup_vgg16_jhmdb.py work_dirs/actorsup_vgg16_jhmdb/epoch_30.pth
_base_ = [
    "_base_/models/actorsup_vgg16.py",
    "_base_/datasets/jhmdb.py",
    "_base_/proposals/paper.py",
    "_base_/schedules/paper_30e.py",
    "_base_/default_runtime.py",
]
proposals = dict(root="data/jhmdb/proposals")
model = dict(head=dict(num_classes=21))
