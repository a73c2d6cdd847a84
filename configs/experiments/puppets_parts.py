# What proposals are worth: the models of `refinement` in puppets.py, on the fresh test videos with the tubes of other
# linkers, and with the true tubes among them (no method: it needs the annotation). Nothing is trained.
#
#   the commands of puppets.py and puppets_fresh.py, and then
#   for linker in viterbi unlinked; do
#       python tools/generate_proposals.py configs/actorsup_efficientnet_lite0_puppets_fresh.py \
#           --cfg-options proposals.linker=$linker
#   done
#   python tools/experiments.py configs/experiments/puppets_parts.py
_base_ = "puppets_fresh.py"
models = "work_dirs/experiments/puppets/refinement/seed_{seed}"
work_dir = "work_dirs/experiments/puppets_parts"
metrics = (
    "recall@0.2",
    "recall@0.5",
    "mAP@0.2",
    "mAP@0.5",
    "localization@0.5",
    "untrimmed/localization@0.5",
    "accuracy",
)
store = _base_.store
test_frames, packed, attached = _base_.test_frames, _base_.packed, _base_.attached
true_tubes = [*test_frames, dict(type="MergeDuplicates"), dict(type="AddTrueTubes"), attached, packed[0], packed[2]]
variants = dict(
    _delete_=True,
    siamese=dict(),
    viterbi=dict(proposals=dict(linker="viterbi"), features=dict(root=f"{store}_viterbi")),
    unlinked=dict(proposals=dict(linker="unlinked"), features=dict(root=f"{store}_unlinked")),
    true_tubes=dict(
        features=dict(root=f"{store}_true_tubes"),
        test_dataloader=dict(dataset=dict(true_tubes=True, pipeline=true_tubes)),
    ),
)
