# Actor proposals (Sec. 3.1, 4.2): SSD on COCO, its people, linked by Algorithm 1 or, to compare with, by Viterbi.
# `--cfg-options proposals.linker=viterbi` swaps the linker, `proposals.detector=yolox_s` the detector.
# Departures: mmdet's SSD300 has a VGG16 base where the paper's has InceptionV2; the tracker compares ImageNet features
# by normalized correlation where the paper's was trained on ALOV.
actors = ("person",)
proposals = dict(
    root="data/thumos13/proposals",
    detector="ssd300",
    detectors=dict(
        ssd300=dict(
            type="ActorDetector",
            config="mmdet::ssd/ssd300_coco.py",
            checkpoint="https://download.openmmlab.com/mmdetection/v2.0/ssd/ssd300_coco/"
            "ssd300_coco_20210803_015428-d231a06e.pth",
            actors=actors,
            score_threshold=0.05,
        ),
        yolox_s=dict(
            type="ActorDetector",
            config="mmdet::yolox/yolox_s_8xb8-300e_coco.py",
            checkpoint="https://download.openmmlab.com/mmdetection/v2.0/yolox/yolox_s_8x8_300e_coco/"
            "yolox_s_8x8_300e_coco_20211121_095711-4592a793.pth",
            actors=actors,
            score_threshold=0.05,
        ),
    ),
    linker="siamese",
    linkers=dict(
        siamese=dict(
            type="SiameseLinker",
            max_tubes=20,
            overlap_threshold=0.7,
            tracker=dict(
                type="SiameseTracker",
                network=dict(
                    type="SiameseNetwork",
                    backbone=dict(type="UnpaddedVGG16", weights="IMAGENET1K_V1"),
                    correlation=dict(type="CrossCorrelation", normalized=True),
                ),
            ),
        ),
        viterbi=dict(type="ViterbiLinker", max_tubes=20),
    ),
)
