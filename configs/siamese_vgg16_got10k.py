# The paper's tracker trained on GOT-10k, which is what people have today: VGG16's first four blocks from ImageNet,
# SiamFC's published settings.
#
#   python tools/train.py configs/siamese_vgg16_got10k.py
#
# In data/got10k: train/ and val/ as unpacked, each with list.txt and its sequences' folders.
# Measured here: not run, the dataset is missing.
_base_ = ["_base_/models/siamese_vgg16.py", "_base_/schedules/siamfc_50e.py", "_base_/siamese_runtime.py"]

pairs = dict(type="SequencePairs", max_gap=100)
train_dataloader = dict(
    batch_size=8,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type="InfiniteSampler", shuffle=False),
    collate_fn=dict(type="default_collate"),
    dataset=dict(
        **pairs,
        sequences=dict(type="GOT10k", root="data/got10k/train"),
        num_pairs=2_500_000,
        augmentation=dict(max_shift=4, max_stretch=0.05),
    ),
)
val_dataloader = dict(
    batch_size=8,
    num_workers=4,
    sampler=dict(type="DefaultSampler", shuffle=False),
    collate_fn=dict(type="default_collate"),
    dataset=dict(
        **pairs,
        sequences=dict(type="GOT10k", root="data/got10k/val"),
        num_pairs=1_800,
        augmentation=dict(max_shift=48, max_stretch=0, flip=0, variation=0),
    ),
)
