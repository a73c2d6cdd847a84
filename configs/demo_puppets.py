# What `make demo` runs: the whole method on a small world of Puppets, in 6 to 8 minutes on two cores.
#
# The method is that of actorsup_efficientnet_lite0_puppets.py, the world a smaller one from another seed, of six
# actions: no benchmark.
_base_ = "actorsup_efficientnet_lite0_puppets.py"
data_root = "work_dirs/demo/puppets"
puppets = dict(
    root=data_root,
    settings=dict(seed=7, actions=("walk", "wave", "squat", "jumping_jack", "cartwheel", "car_drive")),
    # Detector and tracker ship with the package: nothing is trained on still images and sequences here.
    sizes=dict(train_stills=0, val_stills=0, sequences=0, train_videos=12, test_videos=4),
)
proposals = dict(root="work_dirs/demo/proposals")
features = dict(root="work_dirs/demo/features")
model = dict(head=dict(num_classes=6), post_processing=[dict(type="TemporalTrimming", contrast=3.5)])
train_dataloader = dict(dataset=dict(data_root=data_root))
test_dataloader = dict(dataset=dict(data_root=data_root))
work_dir = "work_dirs/demo"
