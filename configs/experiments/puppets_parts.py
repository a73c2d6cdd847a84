# What localization gains from better proposals: the models of top_6 in puppets_attention.py, on the fresh test videos
# with the tubes of other linkers, detectors and trackers. No other model of actions is trained.
#
#   the commands of puppets_fresh_attention.py, those in configs/detectors/ssd_shufflenet_puppets_all_poses.py, and then
#   python tools/train.py configs/siamese_small_puppets.py
#   for part in linker=siamese_crops linker=siamese_tuned linker=viterbi linker=unlinked detector=ssd_480 \
#       detector=ssd_all_poses; do
#       python tools/generate_proposals.py configs/actorsup_shufflenet_puppets_fresh.py --cfg-options proposals.$part
#   done
#   python tools/experiments.py configs/experiments/puppets_parts.py
config = "../actorsup_shufflenet_puppets_fresh.py"
models = "work_dirs/experiments/puppets_attention/top_6/seed_{seed}"
work_dir = "work_dirs/experiments/puppets_parts"
seeds = (0, 1, 2)
metrics = ("recall@0.2", "recall@0.5", "mAP@0.2", "mAP@0.5", "localization@0.2", "localization@0.5", "accuracy")
variants = dict(
    siamese=dict(),
    siamese_crops=dict(proposals=dict(linker="siamese_crops")),
    siamese_tuned=dict(proposals=dict(linker="siamese_tuned")),
    viterbi=dict(proposals=dict(linker="viterbi")),
    unlinked=dict(proposals=dict(linker="unlinked")),
    ssd_480=dict(proposals=dict(detector="ssd_480")),
    ssd_all_poses=dict(proposals=dict(detector="ssd_all_poses")),
)
# All ranked as they were when docs/experiments.md measured them: by the tube's own probability.
for variant in variants.values():
    variant["model"] = dict(head=dict(ranking=dict(type="TubeRanking")))
del variant
