# actorsup_shufflenet_puppets.py, watched while it trains: numbers and pictures after every epoch.
#
# The same lines over any other config do the same for it. These are the videos that it is tested on: look, but do not
# choose an epoch by them.
#
#   python tools/train.py  configs/actorsup_shufflenet_puppets_watched.py
#   python tools/report.py work_dirs/actorsup_shufflenet_puppets_watched      # curves
_base_ = "actorsup_shufflenet_puppets.py"
val_dataloader = _base_.test_dataloader
val_evaluator = _base_.test_evaluator
val_cfg = dict()
train_cfg = dict(val_interval=1)
work_dir = "work_dirs/actorsup_shufflenet_puppets_watched"
custom_hooks = [
    dict(type="TubeOverlayHook", folder=f"{work_dir}/pictures", videos=["test/walk/0000", "test/kick/0000"]),
]
# TensorBoard too (pip install tensorboard; tensorboard --logdir work_dirs), with the pictures by to_visualizer=True:
# vis_backends = [dict(type="LocalVisBackend"), dict(type="TensorboardVisBackend")]
# visualizer = dict(type="Visualizer", vis_backends=vis_backends)
