# The paper's model (Sec. 3.2, 4.2): VGG16 up to relu5_3, 5×5 pooling, one linear layer, the top 12 of 20 tubes.
model = dict(
    type="ActorLocalizer",
    data_preprocessor=dict(type="VideoDataPreprocessor", mean=[0.485, 0.456, 0.406], std=[0.229, 0.224, 0.225]),
    encoder=dict(type="VGG16Encoder", weights="IMAGENET1K_V1"),
    pooling=dict(type="ActorRoIPool3D", output_size=(5, 5)),
    head=dict(type="TopKAttentionHead", num_classes=24, in_channels=512, roi_size=(5, 5), topk=12),
)
