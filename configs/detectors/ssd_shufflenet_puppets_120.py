# The detector of the Puppets on frames of half the size: it misses small actors, and is four times as fast.
# The weights are the same.
_base_ = "ssd_shufflenet_puppets.py"
test_pipeline = [dict(step, scale=(120, 90)) if step["type"] == "Resize" else step for step in _base_.test_pipeline]
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
