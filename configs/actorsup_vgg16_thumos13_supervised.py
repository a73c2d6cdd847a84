# The upper bound of actorsup_vgg16_thumos13.py: the same proposals and network, with the true label of every tube.
#
# A proposal shows the action of the true tube that it overlaps most, from 0.5 on, else background.
# The same lines over any other config make its upper bound.      Measured here: not run, the videos are missing.
#
#   python tools/train.py configs/actorsup_vgg16_thumos13_supervised.py          # proposals are those of the weak one
#   python tools/test.py  configs/actorsup_vgg16_thumos13_supervised.py \
#       work_dirs/actorsup_vgg16_thumos13_supervised/epoch_30.pth
_base_ = "actorsup_vgg16_thumos13.py"
train_pipeline = [*_base_.train_pipeline[:-1], dict(type="LabelTubes", min_overlap=0.5), _base_.train_pipeline[-1]]
train_dataloader = dict(dataset=dict(true_tubes=True, pipeline=train_pipeline))
model = dict(head=dict(type="SupervisedTubeHead"))
