# The same method on ShuffleNetV2 ×0.5, cut at stride 16: 0.1 million parameters, for machines without a GPU. It begins
# with what the detector of the Puppets learnt on still images, as the paper's VGG16 begins with ImageNet. The top 6 of
# 10 tubes are the paper's share, 12 of 20.
model = dict(
    type="ActorLocalizer",
    data_preprocessor=dict(type="VideoDataPreprocessor", mean=[0.485, 0.456, 0.406], std=[0.229, 0.224, 0.225]),
    encoder=dict(
        type="TorchvisionEncoder",
        name="shufflenet_v2_x0_5",
        node="stage3",
        padding=8,  # with the next line, centres cell i at 16 · (i + ½) pixels
        skipped_cells=1,
        weights="actorsup/detectors/checkpoints/ssd_shufflenet_puppets.pth",
        weights_prefix="backbone.body.",
    ),
    pooling=dict(type="ActorRoIPool3D", output_size=(5, 5)),
    head=dict(type="TopKAttentionHead", num_classes=15, in_channels=96, roi_size=(5, 5), topk=6),
)
