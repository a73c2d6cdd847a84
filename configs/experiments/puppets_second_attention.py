# puppets_attention.py on the second world of Puppets.
#
#   the commands there, with configs/actorsup_shufflenet_puppets_second.py and this file
_base_ = "puppets_attention.py"
config = "../actorsup_shufflenet_puppets_second.py"
work_dir = "work_dirs/experiments/puppets_second_attention"
