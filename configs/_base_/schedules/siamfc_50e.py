# SiamFC's published schedule: 50 epochs of 50,000 pairs in batches of 8, SGD, the learning rate from 1e-2 to 1e-5
# evenly on a logarithmic scale. Every pair is drawn anew, so iterations are what is counted; datasets need 2,500,000
# pairs.
max_iters = 50 * 50_000 // 8
train_cfg = dict(type="IterBasedTrainLoop", max_iters=max_iters, val_interval=50_000 // 8)
optim_wrapper = dict(
    type="OptimWrapper",
    optimizer=dict(type="SGD", lr=1e-2, momentum=0.9, weight_decay=5e-4),
    paramwise_cfg=dict(custom_keys={"correlation": dict(decay_mult=0.0)}),
)
param_scheduler = [dict(type="ExponentialLR", gamma=(1e-5 / 1e-2) ** (1 / max_iters), by_epoch=False, end=max_iters)]
