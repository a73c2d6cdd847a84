# Who does which action, by words alone: the crowd of real people (configs/actorsup_efficientnet_lite0_crowd.py, whose
# first commands make it and its proposals), with nothing trained.
#
#   export ACTORSUP_DATA=... ACTORSUP_CLIP=...
#   actorsup test words_openclip_crowd
#   python tools/benchmarks/words.py            # which regions are better: crops, masked or not, or pooled maps
#
# Not measured: no weights were at hand.
_base_ = [
    "_base_/models/words_openclip.py",
    "_base_/datasets/weizmann_crowd.py",
    "_base_/proposals/paper.py",
    "_base_/schedules/adamw_15e.py",
    "_base_/default_runtime.py",
]
proposals = dict(
    root="work_dirs/proposals/weizmann_crowd",
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
model = dict(
    head=dict(
        phrases=dict(
            bend="a person bending down to the ground",
            jack="a person doing jumping jacks",
            jump="a person jumping forward on both legs",
            pjump="a person jumping up and down",
            run="a person running",
            wave1="a person waving one hand",
            wave2="a person waving both hands",
        ),
        background=("a person walking", "a person stepping sideways", "a person standing"),
    )
)
# Crops are taken of frames as they are: nothing is resized before.
train_pipeline = [step for step in _base_.train_pipeline if step["type"] != "ResizeFrames"]
test_pipeline = [step for step in _base_.test_pipeline if step["type"] != "ResizeFrames"]
train_dataloader = dict(batch_size=8, dataset=dict(pipeline=train_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
