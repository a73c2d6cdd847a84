# The detector of the Puppets, trained further on still images of every pose, deformed ones too: a better detector than
# any that has seen usual photographs, to see what the detector's part is in the result (docs/experiments.md).
#
# On 160 other still images of every pose: box AP .267, at IoU .5 .536; before, .220 and .442. Time: 11 minutes on one
# core.
#
#   python tools/make_puppets.py configs/detectors/ssd_shufflenet_puppets_all_poses.py
#   python tools/train.py        configs/detectors/ssd_shufflenet_puppets_all_poses.py
_base_ = "ssd_shufflenet_puppets.py"
load_from = "actorsup/detectors/checkpoints/ssd_shufflenet_puppets.pth"
data_root = "data/puppets_all_poses"
puppets = dict(
    root=data_root,
    settings=dict(seed=300, usual_stills=False),
    sizes=dict(train_stills=2400, val_stills=160, sequences=0, sequence_frames=2, train_videos=0, test_videos=0),
)
stills = f"{data_root}/stills"
train_dataloader = dict(dataset=dict(data_root=stills))
val_dataloader = dict(dataset=dict(data_root=stills))
test_dataloader = val_dataloader
val_evaluator = dict(ann_file=f"{stills}/val.json")
test_evaluator = val_evaluator

max_epochs = 8
train_cfg = dict(max_epochs=max_epochs, val_interval=4)
optim_wrapper = dict(optimizer=dict(lr=5e-4))
param_scheduler = [
    dict(type="LinearLR", start_factor=0.05, by_epoch=False, end=50),
    dict(type="CosineAnnealingLR", eta_min=1e-5, T_max=max_epochs, by_epoch=True, convert_to_iter_based=True),
]
default_hooks = dict(checkpoint=dict(interval=4))
