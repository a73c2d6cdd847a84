# Anybody's videos of people, labelled by their folders: docs/own_videos.md. To be based on, with the number of classes:
#
#   _base_ = ["configs/actorsup_vgg16_own_videos.py"]
#   model = dict(head=dict(num_classes=3))
#
#   actorsup convert folder data/mine/videos --test-share 0.25 --out data/mine/annotation.json
#   actorsup check CONFIG, then proposals CONFIG, train CONFIG and test CONFIG CHECKPOINT
#
# The paper's model. The detector is RTMDet-s with mmdet's published COCO weights, the tracker the small one that ships.
_base_ = [
    "_base_/models/actorsup_vgg16.py",
    "_base_/datasets/folder.py",
    "_base_/proposals/paper.py",
    "_base_/schedules/paper_30e.py",
    "_base_/default_runtime.py",
]
proposals = dict(root="data/mine/proposals", detector="rtmdet_s", linker="siamese_small_shared")
