# Actor proposals (Sec. 3.1, 4.2): SSD on COCO, its people, linked by Algorithm 1 or, to compare with, by Viterbi.
# `--cfg-options proposals.linker=viterbi` swaps the linker (siamese_small has the tracker that ships with the package),
# `proposals.detector=rtmdet_s` the detector; docs/tutorials/linker.md says when which linker is better.
# The last four are what proposals are compared with.
# Departures: mmdet's SSD300 has a VGG16 base; the paper's detector, ssd300_inceptionv2, has to be trained first. The
# tracker compares ImageNet features by normalized correlation where the paper's was trained on ALOV.
_base_ = ["coco_detectors.py", "../trackers/siamese_small.py"]
# One pass of the network a frame instead of one a target and scale.
small_shared = dict(
    type="SiameseLinker",
    max_tubes=20,
    overlap_threshold=0.7,
    batch_size=8,
    tracker=dict(**_base_.siamese_small, shared_features=True),
)
# Association of detections alone, which needs the extra: pip install 'actorsup[trackers]'
bytetrack = dict(type="TrackerLinker", algorithm="bytetrack", max_tubes=20)
proposals = dict(
    root="data/thumos13/proposals",
    detector="ssd300",
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
        siamese_small=dict(type="SiameseLinker", max_tubes=20, overlap_threshold=0.7, tracker=_base_.siamese_small),
        siamese_small_shared=small_shared,
        viterbi=dict(type="ViterbiLinker", max_tubes=20),
        bytetrack=bytetrack,
        ocsort=dict(bytetrack, algorithm="ocsort"),
        alternating=dict(type="AlternatingLinker", max_tubes=20, linkers=[bytetrack, small_shared]),
        unlinked=dict(type="UnlinkedDetections", max_tubes=20, overlap_threshold=0.7),
        sliding_window=dict(type="SlidingWindowTubes", max_tubes=20),
        random=dict(type="RandomTubes", max_tubes=20),
        whole_frame=dict(type="WholeFrame"),
    ),
)
