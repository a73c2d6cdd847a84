# For measurement only: SqueezeNet 1.1 from ImageNet, fine-tuned on synthetic figures and on regions of the still images
# in $ACTORSUP_DATA. Its weights follow from files that may not be passed on; nothing of it is shipped.
#
#   export ACTORSUP_DATA=<folder with weights/ and coco_stills/>
#   python tools/train.py configs/siamese_squeezenet_stills.py
#
# Time: 28 minutes on one CPU core beside other work. Validation pairs: loss .368, accuracy .842, mean error of centres
# 19.3 px. Mean IoU on the 14 real targets of configs/trackers/opencv_and_siamese_clips.py: .650, and .671 with
# template_cells=7, which keeps the template's centre alone; .633 before the training.
_base_ = ["_base_/siamese_runtime.py"]
data = "{{$ACTORSUP_DATA:set_the_environment_variable_ACTORSUP_DATA}}"

model = dict(
    type="SiamesePairs",
    network=dict(
        type="SiameseNetwork",
        backbone=dict(
            type="TorchvisionEncoder",
            name="squeezenet1_1",
            node="features.7",
            weights=f"{data}/weights/squeezenet1_1_imagenet.pth",
        ),
        correlation=dict(type="CrossCorrelation", normalized=True, trainable=True, scale=10.0),
    ),
)
batch_size = 8
max_iters = 1200
train_dataloader = dict(
    batch_size=batch_size,
    num_workers=1,
    persistent_workers=True,
    sampler=dict(type="InfiniteSampler", shuffle=False),
    collate_fn=dict(type="default_collate"),
    dataset=dict(
        type="MixedPairs",
        parts=[
            dict(type="GeneratedPairs", num_pairs=1, max_shift=24),
            dict(
                type="StillPairs",
                images=f"{data}/coco_stills",
                num_pairs=1,
                augmentation=dict(max_shift=24, max_stretch=0.15, variation=1.0),
            ),
        ],
        shares=[0.6, 0.4],
        num_pairs=max_iters * batch_size,
    ),
)
val_dataloader = dict(
    batch_size=batch_size,
    num_workers=1,
    sampler=dict(type="DefaultSampler", shuffle=False),
    collate_fn=dict(type="default_collate"),
    dataset=dict(type="GeneratedPairs", num_pairs=320, seed=1, max_shift=48),
)
train_cfg = dict(type="IterBasedTrainLoop", max_iters=max_iters, val_interval=400)
optim_wrapper = dict(
    type="OptimWrapper",
    optimizer=dict(type="AdamW", lr=1e-4, weight_decay=1e-2),
    paramwise_cfg=dict(bias_decay_mult=0.0, custom_keys={"correlation": dict(lr_mult=100.0, decay_mult=0.0)}),
    clip_grad=dict(max_norm=5.0),
)
param_scheduler = [
    dict(type="LinearLR", start_factor=0.05, by_epoch=False, end=100),
    dict(type="CosineAnnealingLR", eta_min=1e-6, by_epoch=False, begin=100, end=max_iters),
]
default_hooks = dict(checkpoint=dict(interval=400))
