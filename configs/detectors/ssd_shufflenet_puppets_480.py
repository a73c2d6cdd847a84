# The detector of the Puppets, same weights, on frames of twice the size, whose actors are larger than those that it has
# learnt: a weaker detector, to see what the detector's part is in the result (docs/experiments.md).
_base_ = "ssd_shufflenet_puppets.py"
test_pipeline = [dict(step, scale=(480, 360)) if step["type"] == "Resize" else step for step in _base_.test_pipeline]
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
