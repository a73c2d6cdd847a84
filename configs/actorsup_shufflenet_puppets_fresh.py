# Test videos alone, drawn like those of actorsup_shufflenet_puppets.py from another seed: five times as many, and none
# of them seen while anything was chosen. Models that were trained there are tested here.
#
#   python tools/make_puppets.py       configs/actorsup_shufflenet_puppets_fresh.py
#   python tools/generate_proposals.py configs/actorsup_shufflenet_puppets_fresh.py
#   python tools/test.py configs/actorsup_shufflenet_puppets_fresh.py work_dirs/actorsup_shufflenet_puppets/epoch_5.pth
_base_ = "actorsup_shufflenet_puppets.py"
data_root = "data/puppets_fresh"
puppets = dict(
    root=data_root,
    settings=dict(seed=200),
    sizes=dict(train_stills=0, val_stills=0, sequences=0, train_videos=0, test_videos=25),
)
proposals = dict(root="work_dirs/proposals/puppets_fresh")
train_dataloader = train_cfg = optim_wrapper = param_scheduler = None
test_dataloader = dict(dataset=dict(data_root=data_root))
