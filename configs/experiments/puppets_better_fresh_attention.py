# The models of puppets_better_attention.py on the fresh test videos. Nothing is trained.
#
#   the commands there and in puppets_parts.py, and then
#   python tools/experiments.py configs/experiments/puppets_better_fresh_attention.py
_base_ = "puppets_better_attention.py"
config = "../actorsup_shufflenet_puppets_fresh.py"
models = "work_dirs/experiments/puppets_better_attention/{variant}/seed_{seed}"
work_dir = "work_dirs/experiments/puppets_better_fresh_attention"
