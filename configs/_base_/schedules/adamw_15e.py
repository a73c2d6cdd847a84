# AdamW for a head on standardised features of a frozen encoder: the learning rate falls by a cosine over 15 epochs.
optim_wrapper = dict(type="OptimWrapper", optimizer=dict(type="AdamW", lr=3e-4, weight_decay=1e-2))
param_scheduler = [dict(type="CosineAnnealingLR", by_epoch=True, convert_to_iter_based=True)]
train_cfg = dict(type="EpochBasedTrainLoop", max_epochs=15)
