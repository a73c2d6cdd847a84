# The paper's 30 epochs of SGD (Sec. 6.2). Weight decay acts on the classifier alone.
# "Annealing the learning rate by a factor of 0.25 after five epochs" can be read as once or as every five epochs.
# Once is taken here; paper_30e_every5.py is the other reading.
optim_wrapper = dict(
    type="OptimWrapper",
    optimizer=dict(type="SGD", lr=0.001, momentum=0.95, weight_decay=1e-4),
    paramwise_cfg=dict(custom_keys={"encoder": dict(decay_mult=0.0)}),
)
param_scheduler = [dict(type="MultiStepLR", by_epoch=True, milestones=[5], gamma=0.25)]
train_cfg = dict(type="EpochBasedTrainLoop", max_epochs=30)
