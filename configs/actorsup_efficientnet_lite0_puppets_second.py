# actorsup_efficientnet_lite0_puppets.py in the second world, that of actorsup_shufflenet_puppets_second.py, whose first
# two commands make it.
_base_ = "actorsup_efficientnet_lite0_puppets.py"
data_root = "data/puppets_second"
proposals = dict(root="work_dirs/proposals/puppets_second")
features = dict(root="work_dirs/features/puppets_second")
train_dataloader = dict(dataset=dict(data_root=data_root))
test_dataloader = dict(dataset=dict(data_root=data_root))
