# DINOv2 ViT-S/14 as it learnt from pictures without labels, never tuned, with the head of
# actorsup_efficientnet_lite0.py. Not run with its weights: this project had no way to fetch them.
#
#   pip install 'actorsup[timm]'
#   data/weights/dinov2_vits14_pretrain.pth     # Meta's file, or timm's vit_small_patch14_dinov2 as .safetensors
model = dict(
    type="ActorLocalizer",
    data_preprocessor=dict(type="VideoDataPreprocessor", mean=[0.485, 0.456, 0.406], std=[0.229, 0.224, 0.225]),
    encoder=dict(
        type="FrozenEncoder",
        encoder=dict(
            type="TimmEncoder",
            name="vit_small_patch14_dinov2",
            stride=14,  # the patch: frames of 320×240 give maps of 23×18
            weights="data/weights/dinov2_vits14_pretrain.pth",
        ),
    ),
    pooling=dict(type="ActorStatisticsPool3D", output_size=(5, 5), statistics=("mean", "deviation", "change")),
    head=dict(
        type="OnlineRefinementHead",
        num_classes=24,
        in_channels=3 * 384,
        roi_size=(5, 5),
        normalize=True,
        dropout=0.2,
        init_gain=0.1,
        classification_weight=1.0,
    ),
)
