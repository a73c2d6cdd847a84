# Trackers on what is in $ACTORSUP_DATA: true tubes of the six THUMOS13 clips, one UCF-Sports video, VOT2015's "bag".
# One pass each, from the first true box, which does not count.
#
#   export ACTORSUP_DATA=<folder with thumos13/, ucf_sports/, tracking/ and weights/>
#   python tools/eval_tracker.py configs/trackers/opencv_and_siamese_clips.py --show-dir work_dirs/tracks
#
# Mean over the 14 targets, 1,601 frames, two threads (4 minutes, most of it MIL's):
#
#                          mean IoU   success AUC   precision at 20 px   normalised precision AUC   frames/s
#   nanotrack                .729        .718             .912                   .786                210
#   mil                      .635        .630             .656                   .691                 10
#   siamese_small            .634        .627             .740                   .676                 63
#   siamese_small_shared     .607        .600             .704                   .676                104
#   siamese_squeezenet       .633        .624             .705                   .692                 58
_base_ = "../_base_/trackers/siamese_small.py"
data = "{{$ACTORSUP_DATA:set_the_environment_variable_ACTORSUP_DATA}}"

trackers = dict(
    nanotrack=dict(
        type="OpenCVTracker",
        kind="Nano",
        backbone=f"{data}/weights/nanotrack_v2/nanotrack_backbone_sim.onnx",
        head=f"{data}/weights/nanotrack_v2/nanotrack_head_sim.onnx",
    ),
    mil=dict(type="OpenCVTracker", kind="MIL"),
    siamese_small=_base_.siamese_small,
    siamese_small_shared=dict(**_base_.siamese_small, shared_features=True),
    siamese_squeezenet=dict(
        type="SiameseTracker",
        network=dict(
            type="SiameseNetwork",
            backbone=dict(
                type="TorchvisionEncoder",
                name="squeezenet1_1",
                node="features.7",
                weights=f"{data}/weights/squeezenet1_1_imagenet.pth",
            ),
            correlation=dict(type="CrossCorrelation", normalized=True),
            template_cells=7,
        ),
    ),
)
sequences = dict(
    thumos13=dict(
        type="TubeSequences",
        dataset=dict(
            type="AnnotatedVideos",
            data_root=f"{data}/thumos13",
            ann_file="pyannot.pkl",
            format=dict(type="THUMOS13", split_lists=dict(all="splits/all_videos.txt")),
            video_prefix="clips",
            missing_videos="skip",
        ),
    ),
    ucf_sports=dict(
        type="UCFSportsSequences",
        videos=f"{data}/ucf_sports/videos",
        annotations=f"{data}/ucf_sports/Annotations.tar.gz",
    ),
    vot2015=dict(type="SequenceFolder", root=f"{data}/tracking"),
)
