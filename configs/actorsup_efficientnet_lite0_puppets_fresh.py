# actorsup_efficientnet_lite0_puppets.py on fresh test videos: the world of actorsup_shufflenet_puppets_fresh.py, whose
# first two commands make it.
#
#   python tools/extract_features.py configs/actorsup_efficientnet_lite0_puppets_fresh.py
#   python tools/test.py configs/actorsup_efficientnet_lite0_puppets_fresh.py \
#       work_dirs/actorsup_efficientnet_lite0_puppets/epoch_15.pth
_base_ = "actorsup_efficientnet_lite0_puppets.py"
data_root = "data/puppets_fresh"
proposals = dict(root="work_dirs/proposals/puppets_fresh")
features = dict(root="work_dirs/features/puppets_fresh")
train_dataloader = train_cfg = optim_wrapper = param_scheduler = None
test_dataloader = dict(dataset=dict(data_root=data_root))
