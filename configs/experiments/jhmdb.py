# The three splits of J-HMDB, and their mean, which the field reports.
#
#   the commands of configs/actorsup_vgg16_jhmdb.py as far as its proposals, and then
#   python tools/experiments.py configs/experiments/jhmdb.py
config = "../actorsup_vgg16_jhmdb.py"
work_dir = "work_dirs/experiments/jhmdb"
seeds = (0,)
metrics = ("mAP@0.2", "mAP@0.5", "mAP@0.5:0.95", "frame_mAP@0.5", "accuracy")
mean_of_variants = True


def split(number):
    dataset = dict(dataset=dict(format=dict(split_number=number)))
    return dict(train_dataloader=dataset, test_dataloader=dataset)


variants = dict(split_1=split(1), split_2=split(2), split_3=split(3))
del split
