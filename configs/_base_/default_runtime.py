default_scope = "actorsup"
randomness = dict(seed=0)
default_hooks = dict(
    timer=dict(type="IterTimerHook"),
    step_times=dict(type="StepTimesHook"),
    logger=dict(type="LoggerHook", interval=10),
    param_scheduler=dict(type="ParamSchedulerHook"),
    checkpoint=dict(type="CheckpointHook", interval=1, max_keep_ckpts=2),
    sampler_seed=dict(type="DistSamplerSeedHook"),
    repeatable_epochs=dict(type="RepeatableEpochsHook"),  # a resumed training is the uninterrupted one
    early_warning=dict(type="EarlyWarningHook"),  # None turns it off
)
log_processor = dict(
    type="LogProcessor", window_size=10, by_epoch=True, mean_pattern=r".*(loss|time|data_time|grad_norm|per_second).*"
)
env_cfg = dict(mp_cfg=dict(mp_start_method="fork", opencv_num_threads=0))
# Features of a FrozenEncoder can be stored once and trained on in seconds: docs/tutorials/encoder.md.
# features = dict(root="work_dirs/features/NAME", draws=2)
# Videos of which training decodes the frames are decoded once, if there is room: docs/datasets.md.
# frame_cache = dict(root="work_dirs/frames", max_gigabytes=50)
