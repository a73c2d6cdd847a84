# The whole method on the six THUMOS13 clips in $ACTORSUP_DATA, on two cores: a check that everything works.
# No benchmark: it is tested on the clips that it was trained on.
#
# YOLOX-nano (COCO) finds people; SqueezeNet 1.1 (ImageNet) is the tracker's backbone and the encoder.
#
#   export ACTORSUP_DATA=<folder with thumos13/ and weights/>
#   python tools/generate_proposals.py configs/actorsup_squeezenet_thumos13_clips.py
#   python tools/eval_proposals.py     configs/actorsup_squeezenet_thumos13_clips.py
#   python tools/train.py              configs/actorsup_squeezenet_thumos13_clips.py
#   python tools/test.py configs/actorsup_squeezenet_thumos13_clips.py \
#       work_dirs/actorsup_squeezenet_thumos13_clips/epoch_30.pth --show-dir work_dirs/overlays
_base_ = [
    "_base_/models/actorsup_squeezenet.py",
    "_base_/datasets/thumos13.py",
    "_base_/proposals/paper.py",
    "_base_/schedules/paper_30e.py",
    "_base_/default_runtime.py",
]
weights = "{{$ACTORSUP_DATA:set_the_environment_variable_ACTORSUP_DATA}}/weights"
squeezenet = f"{weights}/squeezenet1_1_imagenet.pth"

proposals = dict(
    root="work_dirs/proposals/thumos13_clips",
    detector="yolox_nano",
    detectors=dict(
        yolox_nano=dict(
            type="ActorDetector",
            config="mmdet::yolox/yolox_nano_8xb8-300e_coco.py",
            checkpoint=f"{weights}/yolox_nano_coco_mmdet.pth",
            actors=("person",),
            score_threshold=0.05,
        ),
    ),
    linkers=dict(
        siamese=dict(
            tracker=dict(
                network=dict(
                    backbone=dict(
                        _delete_=True,
                        type="TorchvisionEncoder",
                        name="squeezenet1_1",
                        node="features.7",
                        weights=squeezenet,
                    ),
                    template_cells=7,
                ),
            ),
        ),
    ),
)
model = dict(encoder=dict(weights=squeezenet))

clips = dict(
    data_root="{{$ACTORSUP_DATA:set_the_environment_variable_ACTORSUP_DATA}}/thumos13",
    format=dict(split_lists=dict(train="splits/all_videos.txt", test="splits/all_videos.txt")),
    video_prefix="clips",
    missing_videos="skip",
)
train_dataloader = dict(batch_size=2, num_workers=2, dataset=clips)
test_dataloader = dict(num_workers=2, dataset=clips)
# SqueezeNet's maps are not normalized and larger than VGG16's: without a limit the first steps overshoot.
optim_wrapper = dict(clip_grad=dict(max_norm=1.0))
default_hooks = dict(logger=dict(interval=3), checkpoint=dict(interval=10))
