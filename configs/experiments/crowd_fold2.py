# crowd.py with other people in testing.
#
#   the commands there, with configs/actorsup_efficientnet_lite0_crowd_fold2.py and this file
_base_ = "crowd.py"
config = "../actorsup_efficientnet_lite0_crowd_fold2.py"
work_dir = "work_dirs/experiments/crowd_fold2"
store = "work_dirs/features/weizmann_crowd_fold2"
variants = dict(
    literal=dict(features=dict(root=f"{store}_duplicates")),
    supervised=dict(features=dict(root=f"{store}_labelled")),
    whole_frame=dict(features=dict(root=f"{store}_whole_frame")),
)
