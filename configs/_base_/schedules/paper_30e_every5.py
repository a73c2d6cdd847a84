# The other reading of the paper's schedule: the learning rate falls to a quarter every five epochs.
_base_ = "paper_30e.py"
param_scheduler = [dict(type="StepLR", by_epoch=True, step_size=5, gamma=0.25)]
