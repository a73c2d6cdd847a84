# actorsup_efficientnet_lite0_crowd.py with three other people in testing.
#
#   actorsup crowd $ACTORSUP_DATA/weizmann data/weizmann_crowd_fold2 --seed 1 --test-people daria denis eli
#   the other commands there, with this config
_base_ = "actorsup_efficientnet_lite0_crowd.py"
data_root = "data/weizmann_crowd_fold2"
proposals = dict(root="work_dirs/proposals/weizmann_crowd_fold2")
features = dict(root="work_dirs/features/weizmann_crowd_fold2")
train_dataloader = dict(dataset=dict(data_root=data_root))
test_dataloader = dict(dataset=dict(data_root=data_root))
