# actorsup_efficientnet_lite0_puppets_second.py on fresh test videos, of actorsup_shufflenet_puppets_second_fresh.py.
_base_ = "actorsup_efficientnet_lite0_puppets_second.py"
data_root = "data/puppets_second_fresh"
proposals = dict(root="work_dirs/proposals/puppets_second_fresh")
features = dict(root="work_dirs/features/puppets_second_fresh")
train_dataloader = train_cfg = optim_wrapper = param_scheduler = None
test_dataloader = dict(dataset=dict(data_root=data_root))
