# The Weizmann actions as released, one person at a time: what is done, rather than who does it.
#
#   the commands of actorsup_efficientnet_lite0_crowd.py, with this config, and without `actorsup crowd`
_base_ = [
    "_base_/models/actorsup_efficientnet_lite0.py",
    "_base_/datasets/weizmann.py",
    "_base_/proposals/paper.py",
    "_base_/schedules/adamw_15e.py",
    "_base_/default_runtime.py",
]
proposals = dict(
    root="work_dirs/proposals/weizmann",
    detector="yolox_nano",
    detectors=dict(
        yolox_nano=dict(
            type="ActorDetector",
            config="mmdet::yolox/yolox_nano_8xb8-300e_coco.py",
            checkpoint="{{$ACTORSUP_DATA:set_the_environment_variable_ACTORSUP_DATA}}/weights/yolox_nano_coco_mmdet.pth",
            actors=("person",),
            score_threshold=0.05,
        ),
    ),
    linker="siamese_small_shared",
)
features = dict(root="work_dirs/features/weizmann", draws=2)
model = dict(head=dict(num_classes=10))
default_hooks = dict(checkpoint=dict(interval=15))
