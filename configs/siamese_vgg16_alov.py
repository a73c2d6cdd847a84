# The paper's tracker: VGG16's first four blocks (from ImageNet), trained on ALOV++ with SiamFC's published settings.
#
#   python tools/train.py configs/siamese_vgg16_alov.py
#
# In data/alov: imagedata++/<aspect>/<sequence>/*.jpg, alov300++_rectangleAnnotation_full/<aspect>/<sequence>.ann
# The paper gives no number for the tracker alone. Measured here: not run, the dataset is missing.
_base_ = ["_base_/models/siamese_vgg16.py", "_base_/schedules/siamfc_50e.py", "_base_/siamese_runtime.py"]

train_dataloader = dict(
    batch_size=8,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type="InfiniteSampler", shuffle=False),
    collate_fn=dict(type="default_collate"),
    dataset=dict(
        type="SequencePairs",
        sequences=dict(type="ALOV", root="data/alov"),
        num_pairs=2_500_000,
        max_gap=100,
        augmentation=dict(max_shift=4, max_stretch=0.05),
    ),
)
# Nothing is held out: the benchmark has no split.
val_evaluator = None
val_cfg = None
