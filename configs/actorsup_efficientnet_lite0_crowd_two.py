# The crowd with two labelled actions a video: two of four people act, and labels of videos say what, not who.
#
#   the commands of actorsup_efficientnet_lite0_crowd.py with this config, and for the scenes
#   actorsup crowd $ACTORSUP_DATA/weizmann data/weizmann_crowd_two --labelled 2
_base_ = "actorsup_efficientnet_lite0_crowd.py"
data_root = "data/weizmann_crowd_two"
proposals = dict(root="work_dirs/proposals/weizmann_crowd_two")
features = dict(root="work_dirs/features/weizmann_crowd_two")
train_dataloader = dict(dataset=dict(data_root=data_root))
test_dataloader = dict(dataset=dict(data_root=data_root))
test_evaluator = [*_base_.test_evaluator, dict(type="VideoLabelMAP")]
