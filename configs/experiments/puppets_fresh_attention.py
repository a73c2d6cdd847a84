# The models of puppets_attention.py on five times as many test videos, fresh ones. Nothing is trained.
#
#   the commands there, and then
#   python tools/make_puppets.py       configs/actorsup_shufflenet_puppets_fresh.py
#   python tools/generate_proposals.py configs/actorsup_shufflenet_puppets_fresh.py
#   python tools/experiments.py        configs/experiments/puppets_fresh_attention.py
_base_ = "puppets_attention.py"
config = "../actorsup_shufflenet_puppets_fresh.py"
models = "work_dirs/experiments/puppets_attention/{variant}/seed_{seed}"
work_dir = "work_dirs/experiments/puppets_fresh_attention"
