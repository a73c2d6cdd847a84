# The models of puppets_second.py on five times as many test videos, fresh ones. Nothing is trained.
_base_ = "puppets_fresh.py"
config = "../actorsup_efficientnet_lite0_puppets_second_fresh.py"
models = "work_dirs/experiments/puppets_second/{variant}/seed_{seed}"
work_dir = "work_dirs/experiments/puppets_second_fresh"
store = "work_dirs/features/puppets_second_fresh"
variants = dict(
    literal=dict(features=dict(root=f"{store}_duplicates")),
    supervised=dict(features=dict(root=store)),
    whole_frame=dict(features=dict(root=store)),
)
