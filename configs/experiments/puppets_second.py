# puppets.py in the second world.
#
#   the commands there, with the configs of the second world and this file
_base_ = "puppets.py"
config = "../actorsup_efficientnet_lite0_puppets_second.py"
work_dir = "work_dirs/experiments/puppets_second"
store = "work_dirs/features/puppets_second"
variants = dict(
    literal=dict(features=dict(root=f"{store}_duplicates")),
    supervised=dict(features=dict(root=f"{store}_labelled")),
    whole_frame=dict(features=dict(root=f"{store}_whole_frame")),
)
