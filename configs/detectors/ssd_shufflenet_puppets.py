# The detector of the Puppets: SSD on ShuffleNetV2 ×0.5, trained from random initialisation on synthetic still images of
# usual poses. Its weights ship with the package: 0.53 million parameters, 2.3 MB.
#
# On 160 other still images: box AP .332, at IoU .5 .667, at .75 .265. Time: 24 minutes on two cores in use by others.
#
#   python tools/make_puppets.py configs/actorsup_shufflenet_puppets.py
#   python tools/train.py configs/detectors/ssd_shufflenet_puppets.py
metainfo = dict(classes=("person", "dog", "bird", "car", "sports ball"))
size = (240, 180)
default_scope = "mmdet"
custom_imports = dict(imports=["actorsup.detectors"])
randomness = dict(seed=0)

channels = (48, 96, 192, 96)
norm = dict(type="BN", momentum=0.03)
model = dict(
    type="SingleStageDetector",
    data_preprocessor=dict(
        type="DetDataPreprocessor", mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], bgr_to_rgb=True
    ),
    backbone=dict(type="actorsup.TorchvisionBackbone", name="shufflenet_v2_x0_5", nodes=("stage2", "stage3", "stage4")),
    neck=dict(
        type="SSDNeck",
        in_channels=channels[:3],
        out_channels=channels,
        level_strides=(2,),
        level_paddings=(1,),
        l2_norm_scale=None,
        norm_cfg=norm,
    ),
    bbox_head=dict(
        type="SSDHead",
        in_channels=channels,
        num_classes=len(metainfo["classes"]),
        norm_cfg=norm,
        stacked_convs=1,
        use_depthwise=True,
        init_cfg=dict(type="Normal", layer="Conv2d", std=0.01),
        anchor_generator=dict(
            type="SSDAnchorGenerator",
            scale_major=False,
            strides=[8, 16, 32, 64],
            ratios=[[2, 3]] * 4,
            min_sizes=[16, 32, 60, 110],
            max_sizes=[32, 60, 110, 170],
        ),
        bbox_coder=dict(type="DeltaXYWHBBoxCoder", target_means=[0.0, 0.0, 0.0, 0.0], target_stds=[0.1, 0.1, 0.2, 0.2]),
    ),
    train_cfg=dict(
        assigner=dict(
            type="MaxIoUAssigner", pos_iou_thr=0.5, neg_iou_thr=0.5, min_pos_iou=0.0, gt_max_assign_all=False
        ),
        sampler=dict(type="PseudoSampler"),
        smoothl1_beta=1.0,
        allowed_border=-1,
        pos_weight=-1,
        neg_pos_ratio=3,
        debug=False,
    ),
    test_cfg=dict(
        nms_pre=300, nms=dict(type="nms", iou_threshold=0.5), min_bbox_size=0, score_thr=0.02, max_per_img=50
    ),
)

train_pipeline = [
    dict(type="LoadImageFromFile"),
    dict(type="LoadAnnotations", with_bbox=True),
    dict(type="RandomFlip", prob=0.5),
    dict(type="PhotoMetricDistortion"),
    dict(type="PackDetInputs"),
]
test_pipeline = [
    dict(type="LoadImageFromFile"),
    dict(type="Resize", scale=size, keep_ratio=False),
    dict(type="LoadAnnotations", with_bbox=True),
    dict(type="PackDetInputs", meta_keys=("img_id", "img_path", "ori_shape", "img_shape", "scale_factor")),
]
stills = dict(type="CocoDataset", data_root="data/puppets/stills", metainfo=metainfo)
train_dataloader = dict(
    batch_size=8,
    num_workers=1,
    persistent_workers=True,
    sampler=dict(type="DefaultSampler", shuffle=True),
    batch_sampler=dict(type="AspectRatioBatchSampler"),
    dataset=dict(**stills, ann_file="train.json", data_prefix=dict(img="train/"), pipeline=train_pipeline),
)
val_dataloader = dict(
    batch_size=8,
    num_workers=1,
    sampler=dict(type="DefaultSampler", shuffle=False),
    dataset=dict(**stills, ann_file="val.json", data_prefix=dict(img="val/"), pipeline=test_pipeline, test_mode=True),
)
val_evaluator = dict(type="CocoMetric", ann_file="data/puppets/stills/val.json", metric="bbox")
test_dataloader = val_dataloader
test_evaluator = val_evaluator

max_epochs = 20
train_cfg = dict(type="EpochBasedTrainLoop", max_epochs=max_epochs, val_interval=10)
val_cfg = dict(type="ValLoop")
test_cfg = dict(type="TestLoop")
optim_wrapper = dict(
    type="OptimWrapper",
    optimizer=dict(type="AdamW", lr=1.5e-3, weight_decay=1e-2),
    paramwise_cfg=dict(norm_decay_mult=0.0, bias_decay_mult=0.0),
    clip_grad=dict(max_norm=10.0),
)
param_scheduler = [
    dict(type="LinearLR", start_factor=0.05, by_epoch=False, end=100),
    dict(type="CosineAnnealingLR", eta_min=1e-5, T_max=max_epochs, by_epoch=True, convert_to_iter_based=True),
]
default_hooks = dict(
    timer=dict(type="IterTimerHook"),
    logger=dict(type="LoggerHook", interval=50),
    param_scheduler=dict(type="ParamSchedulerHook"),
    # The last one is published as a file with the weights alone.
    checkpoint=dict(type="CheckpointHook", interval=5, max_keep_ckpts=2, published_keys=["state_dict"]),
    sampler_seed=dict(type="DistSamplerSeedHook"),
)
custom_hooks = [dict(type="actorsup.SSDHeadCompatibilityHook")]  # before it validates
log_processor = dict(type="LogProcessor", window_size=50, by_epoch=True)
env_cfg = dict(mp_cfg=dict(mp_start_method="fork", opencv_num_threads=0))
