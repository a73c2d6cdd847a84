# The paper's tracker (Sec. 4.2): VGG16's first four blocks, correlated (SiamFC).
# Departure: cosines are correlated, whose scale and bias are learned; SiamFC scales plain sums of products by 1e-3.
# VGG16's ImageNet features are large and all positive before training: their sums of products would saturate the loss.
model = dict(
    type="SiamesePairs",
    network=dict(
        type="SiameseNetwork",
        backbone=dict(type="UnpaddedVGG16", weights="IMAGENET1K_V1"),
        correlation=dict(type="CrossCorrelation", normalized=True, trainable=True, scale=10.0),
    ),
    positive_radius=16.0,
)
