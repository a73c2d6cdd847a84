# What the trainings of trackers share: they count iterations, for every pair is drawn anew.
default_scope = "actorsup"
randomness = dict(seed=0)
default_hooks = dict(
    timer=dict(type="IterTimerHook"),
    logger=dict(type="LoggerHook", interval=50),
    param_scheduler=dict(type="ParamSchedulerHook"),
    # The last one is published as a file with the weights alone.
    checkpoint=dict(
        type="CheckpointHook", by_epoch=False, interval=600, max_keep_ckpts=2, published_keys=["state_dict"]
    ),
    sampler_seed=dict(type="DistSamplerSeedHook"),
    early_warning=dict(type="EarlyWarningHook"),  # None turns it off
)
log_processor = dict(type="LogProcessor", window_size=50, by_epoch=False)
env_cfg = dict(mp_cfg=dict(mp_start_method="fork", opencv_num_threads=0))
val_cfg = dict()
val_evaluator = dict(type="PairPrecision")
