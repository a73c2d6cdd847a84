# The whole method on the Puppets, a synthetic world that any machine can make: the paper's claims, without its data.
#
#   make demo                                                       # a small world of the same kind
#   python tools/make_puppets.py configs/actorsup_shufflenet_puppets.py
#   python tools/generate_proposals.py configs/actorsup_shufflenet_puppets.py
#   python tools/eval_proposals.py     configs/actorsup_shufflenet_puppets.py
#   python tools/train.py              configs/actorsup_shufflenet_puppets.py
#   python tools/test.py configs/actorsup_shufflenet_puppets.py work_dirs/actorsup_shufflenet_puppets/epoch_5.pth
#
# Detector and tracker ship with the package and have not seen these videos: the detector was trained on other synthetic
# still images, of usual poses alone (configs/detectors/ssd_shufflenet_puppets.py), and its network is what the encoder
# begins with; the tracker on other synthetic figures (configs/siamese_small_generated.py).
_base_ = [
    "_base_/models/actorsup_shufflenet.py",
    "_base_/datasets/puppets.py",
    "_base_/proposals/puppets.py",
    "_base_/schedules/adamw.py",
    "_base_/default_runtime.py",
]
