# The models of puppets.py on five times as many test videos, fresh ones. Nothing is trained.
#
#   the commands there, the first two of configs/actorsup_shufflenet_puppets_fresh.py, and then
#   python tools/experiments.py configs/experiments/puppets_fresh.py
_base_ = "puppets.py"
config = "../actorsup_efficientnet_lite0_puppets_fresh.py"
models = "work_dirs/experiments/puppets/{variant}/seed_{seed}"
work_dir = "work_dirs/experiments/puppets_fresh"
store = "work_dirs/features/puppets_fresh"
variants = dict(
    literal=dict(features=dict(root=f"{store}_duplicates")),
    supervised=dict(features=dict(root=store)),
    whole_frame=dict(features=dict(root=store)),
)
