# Detectors of all categories of COCO, chosen by name: --cfg-options proposals.detector=rtmdet_s
#
#   name                 network                       COCO box AP, as mmdet publishes it with the weights
#   ssd300               SSD, VGG16, 300×300           25.5
#   ssdlite              SSDLite, MobileNetV2, 320²    21.3
#   yolox_s              YOLOX, CSPDarknet, 640²       40.5
#   rtmdet_tiny          RTMDet, CSPNeXt, 640²         40.9
#   rtmdet_s             RTMDet, CSPNeXt, 640²         44.5
#   ssd300_inceptionv2   SSD, InceptionV2, 300²        the paper's; no weights are published, train it first:
#                                                      configs/detectors/ssd300_inceptionv2_coco.py
actors = ("person",)
published = "https://download.openmmlab.com/mmdetection"
settings = dict(type="ActorDetector", actors=actors, score_threshold=0.05)
proposals = dict(
    detectors=dict(
        ssd300=dict(
            **settings,
            config="mmdet::ssd/ssd300_coco.py",
            checkpoint=f"{published}/v2.0/ssd/ssd300_coco/ssd300_coco_20210803_015428-d231a06e.pth",
        ),
        ssdlite=dict(
            **settings,
            config="mmdet::ssd/ssdlite_mobilenetv2-scratch_8xb24-600e_coco.py",
            checkpoint=f"{published}/v2.0/ssd/ssdlite_mobilenetv2_scratch_600e_coco/"
            "ssdlite_mobilenetv2_scratch_600e_coco_20210629_110627-974d9307.pth",
        ),
        yolox_s=dict(
            **settings,
            config="mmdet::yolox/yolox_s_8xb8-300e_coco.py",
            checkpoint=f"{published}/v2.0/yolox/yolox_s_8x8_300e_coco/"
            "yolox_s_8x8_300e_coco_20211121_095711-4592a793.pth",
        ),
        rtmdet_tiny=dict(
            **settings,
            config="mmdet::rtmdet/rtmdet_tiny_8xb32-300e_coco.py",
            checkpoint=f"{published}/v3.0/rtmdet/rtmdet_tiny_8xb32-300e_coco/"
            "rtmdet_tiny_8xb32-300e_coco_20220902_112414-78e30dcc.pth",
        ),
        rtmdet_s=dict(
            **settings,
            config="mmdet::rtmdet/rtmdet_s_8xb32-300e_coco.py",
            checkpoint=f"{published}/v3.0/rtmdet/rtmdet_s_8xb32-300e_coco/"
            "rtmdet_s_8xb32-300e_coco_20220905_161602-387a891e.pth",
        ),
        ssd300_inceptionv2=dict(
            **settings,
            config="configs/detectors/ssd300_inceptionv2_coco.py",
            checkpoint="work_dirs/ssd300_inceptionv2_coco/epoch_24.pth",
        ),
    ),
)
