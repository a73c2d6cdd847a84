# The detector of the Puppets on frames of twice the size: it sees small actors better, and takes four times as long.
# The weights are the same.
_base_ = "ssd_shufflenet_puppets.py"
test_pipeline = [dict(step, scale=(480, 360)) if step["type"] == "Resize" else step for step in _base_.test_pipeline]
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
