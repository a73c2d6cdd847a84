# The small tracker that ships, trained further on the sequences of the Puppets: other synthetic figures, which move.
#
#   python tools/make_puppets.py configs/actorsup_shufflenet_puppets.py
#   python tools/train.py configs/siamese_small_puppets.py     # -> work_dirs/siamese_small_puppets/iter_800.pth
#
# Time: 6 minutes on one core. What it gains is in docs/experiments.md.
_base_ = ["siamese_small_generated.py"]
load_from = "actorsup/trackers/checkpoints/siamese_small_generated.pth"

max_iters = 800
sequences = dict(type="SequenceFolder", root="data/puppets/sequences")
train_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type="SequencePairs",
        sequences=sequences,
        num_pairs=max_iters * _base_.batch_size,
        max_gap=15,
        augmentation=dict(max_shift=24, max_stretch=0.05),
    )
)
train_cfg = dict(max_iters=max_iters, val_interval=400)
optim_wrapper = dict(optimizer=dict(lr=5e-4))
param_scheduler = [
    dict(type="LinearLR", start_factor=0.05, by_epoch=False, end=50),
    dict(type="CosineAnnealingLR", eta_min=1e-5, by_epoch=False, begin=50, end=max_iters),
]
