# The same method on SqueezeNet 1.1: 1/20 of VGG16's parameters, for machines without a GPU.
model = dict(
    type="ActorLocalizer",
    data_preprocessor=dict(type="VideoDataPreprocessor", mean=[0.485, 0.456, 0.406], std=[0.229, 0.224, 0.225]),
    encoder=dict(
        type="TorchvisionEncoder",
        name="squeezenet1_1",
        node="features.12",
        padding=8,  # centres cell i at 16 · (i + ½) pixels
        weights="IMAGENET1K_V1",
    ),
    pooling=dict(type="ActorRoIPool3D", output_size=(5, 5)),
    head=dict(type="TopKAttentionHead", num_classes=24, in_channels=512, roi_size=(5, 5)),
)
