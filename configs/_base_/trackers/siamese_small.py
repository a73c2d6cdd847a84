# The small tracker that ships with the package: 0.3 million parameters, 1.3 MB, trained from random initialisation on
# synthetic figures alone by configs/siamese_small_generated.py.
siamese_small = dict(
    type="SiameseTracker",
    network=dict(
        type="SiameseNetwork",
        backbone=dict(type="UnpaddedThinNet"),
        correlation=dict(type="CrossCorrelation", trainable=True),
    ),
    checkpoint="actorsup/trackers/checkpoints/siamese_small_generated.pth",
)
