# The detector of "Guess Where? Actor-Supervision for Spatiotemporal Action Localization" (Sec. 4.2): SSD on all of
# COCO, with an InceptionV2 base that was trained on ImageNet. Data in data/coco, as mmdet wants it.
#
# The paper gives no box AP. mmdet's SSD300 with its VGG16 base has 25.5 after the same schedule.
# Measured here: not trained here, COCO is not at hand (nor were the ImageNet weights, which training downloads).
#
#   torchrun --nproc_per_node=8 tools/train.py configs/detectors/ssd300_inceptionv2_coco.py --launcher pytorch
#       (with fewer GPUs: --cfg-options auto_scale_lr.enable=True)
#   python tools/generate_proposals.py configs/actorsup_vgg16_thumos13.py \
#       --cfg-options proposals.detector=ssd300_inceptionv2
_base_ = "mmdet::ssd/ssd300_coco.py"
custom_imports = dict(imports=["actorsup.detectors"])

# 19, 10, 5, 3, 2 and 1 cells: the layers that TensorFlow's SSD and mmdet's SSDLite have at these strides, and the
# latter's anchors, for 300 pixels instead of 320. SSD300's are for a first map of stride 8.
channels = (576, 1024, 512, 256, 256, 128)
model = dict(
    # What the ImageNet weights expect: BGR.
    data_preprocessor=dict(mean=[104, 117, 128], std=[1, 1, 1], bgr_to_rgb=False),
    backbone=dict(_delete_=True, type="actorsup.InceptionV2", weights="open-mmlab://bninception_caffe"),
    neck=dict(
        in_channels=channels[:2],
        out_channels=channels,
        level_strides=(2, 2, 2, 2),
        level_paddings=(1, 1, 1, 1),
        l2_norm_scale=None,  # batch norm in the base sees to it
    ),
    bbox_head=dict(
        in_channels=channels,
        init_cfg=dict(type="Normal", layer="Conv2d", std=0.001),  # SSDLite's, for maps after batch norm
        anchor_generator=dict(
            _delete_=True,
            type="SSDAnchorGenerator",
            scale_major=False,
            strides=[16, 30, 60, 100, 150, 300],
            ratios=[[2, 3]] * 6,
            min_sizes=[45, 94, 141, 189, 237, 285],
            max_sizes=[94, 141, 189, 237, 285, 300],
        ),
    ),
)
custom_hooks = [*_base_.custom_hooks, dict(type="actorsup.SSDHeadCompatibilityHook")]  # before it validates
