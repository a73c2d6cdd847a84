# Test videos of the second world alone, drawn like those of actorsup_shufflenet_puppets_second.py from another seed:
# five times as many, and none of them seen while anything was chosen. Models that were trained there are tested here.
#
#   the commands of actorsup_shufflenet_puppets_fresh.py, with this config
_base_ = "actorsup_shufflenet_puppets_second.py"
data_root = "data/puppets_second_fresh"
puppets = dict(root=data_root, settings=dict(seed=201), sizes=dict(train_videos=0, test_videos=25))
proposals = dict(root="work_dirs/proposals/puppets_second_fresh")
train_dataloader = train_cfg = optim_wrapper = param_scheduler = None
test_dataloader = dict(dataset=dict(data_root=data_root))
