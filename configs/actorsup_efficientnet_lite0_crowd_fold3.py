# actorsup_efficientnet_lite0_crowd.py with three other people in testing.
#
#   actorsup crowd $ACTORSUP_DATA/weizmann data/weizmann_crowd_fold3 --seed 1 --test-people ido ira lena
#   the other commands there, with this config
_base_ = "actorsup_efficientnet_lite0_crowd.py"
data_root = "data/weizmann_crowd_fold3"
proposals = dict(root="work_dirs/proposals/weizmann_crowd_fold3")
features = dict(root="work_dirs/features/weizmann_crowd_fold3")
train_dataloader = dict(dataset=dict(data_root=data_root))
test_dataloader = dict(dataset=dict(data_root=data_root))
