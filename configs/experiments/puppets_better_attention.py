# puppets_attention.py with better tubes, in training and test: of a detector that has seen every pose, and of a tracker
# that knows the Puppets. Is it the tubes, or the labels, that attention lacks?
#
#   the trainings in puppets_parts.py, and then
#   python tools/generate_proposals.py configs/actorsup_shufflenet_puppets.py --cfg-options \
#       proposals.detector=ssd_all_poses proposals.linker=siamese_tuned
#   python tools/experiments.py configs/experiments/puppets_better_attention.py
_base_ = "puppets_attention.py"
work_dir = "work_dirs/experiments/puppets_better_attention"
better = dict(detector="ssd_all_poses", linker="siamese_tuned")
names = ("top_6", "untrained", "top_1", "mean", "supervised_20")
variants = dict(_delete_=True, **{name: dict(_base_.variants[name], proposals=better) for name in names})
