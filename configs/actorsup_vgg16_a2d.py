# "Guess Where? Actor-Supervision for Spatiotemporal Action Localization" on A2D, whose actors are not all people.
#
# Fig. 5: recall above 85 at 0.5 with at most 50 proposals a video, for every actor but the ball. The paper trains no
# model here; this one learns the 43 pairs of actor and action.   Measured here: not run, the videos are missing.
#
#   python tools/check_dataset.py      configs/actorsup_vgg16_a2d.py
#   python tools/generate_proposals.py configs/actorsup_vgg16_a2d.py
#   python tools/eval_proposals.py     configs/actorsup_vgg16_a2d.py
#   python tools/train.py              configs/actorsup_vgg16_a2d.py
#   python tools/test.py               configs/actorsup_vgg16_a2d.py work_dirs/actorsup_vgg16_a2d/epoch_30.pth
_base_ = [
    "_base_/models/actorsup_vgg16.py",
    "_base_/datasets/a2d.py",
    "_base_/proposals/paper.py",
    "_base_/schedules/paper_30e.py",
    "_base_/default_runtime.py",
]
actors = ("person", "sports ball", "bird", "car", "cat", "dog")  # COCO's names; adults and babies are people
proposals = dict(
    root="data/a2d/proposals",
    detectors={name: dict(actors=actors) for name in _base_.proposals.detectors},
    linkers=dict(siamese=dict(max_tubes=50), viterbi=dict(max_tubes=50)),
)
model = dict(head=dict(num_classes=43, multi_label=True))  # most videos show several pairs
