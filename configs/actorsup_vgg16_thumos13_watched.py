# actorsup_vgg16_thumos13.py, watched while it trains: numbers every fifth epoch, and pictures of some videos.
#
# THUMOS13 has no videos for validation: these are the videos that it is tested on. Look, but do not choose an epoch by
# them; the paper takes the last one.      Measured here: not run, the videos are missing.
#
#   python tools/train.py configs/actorsup_vgg16_thumos13_watched.py
_base_ = "actorsup_vgg16_thumos13.py"
val_dataloader = _base_.test_dataloader
val_evaluator = _base_.test_evaluator
val_cfg = dict()
train_cfg = dict(val_interval=5)
work_dir = "work_dirs/actorsup_vgg16_thumos13_watched"
custom_hooks = [
    dict(
        type="TubeOverlayHook",
        folder=f"{work_dir}/pictures",
        videos=["Basketball/v_Basketball_g01_c02", "Biking/v_Biking_g01_c01", "SalsaSpin/v_SalsaSpin_g03_c01"],
    ),
]
# TensorBoard too (pip install tensorboard; tensorboard --logdir work_dirs), with the pictures by to_visualizer=True:
# vis_backends = [dict(type="LocalVisBackend"), dict(type="TensorboardVisBackend")]
# visualizer = dict(type="Visualizer", vis_backends=vis_backends)
