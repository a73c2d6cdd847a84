# The models of puppets_second_attention.py on fresh test videos of the second world. Nothing is trained.
#
#   the commands there, and those of puppets_fresh_attention.py with configs/actorsup_shufflenet_puppets_second_fresh.py
#   and this file
_base_ = "puppets_second_attention.py"
config = "../actorsup_shufflenet_puppets_second_fresh.py"
models = "work_dirs/experiments/puppets_second_attention/{variant}/seed_{seed}"
work_dir = "work_dirs/experiments/puppets_second_fresh_attention"
