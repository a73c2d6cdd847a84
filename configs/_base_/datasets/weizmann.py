# The Weizmann actions with boxes; three people are seen in testing alone. docs/datasets.md says what goes where.
_base_ = "weizmann_crowd.py"
data_root = "data/weizmann"
format = dict(type="Weizmann", test_people=("lyova", "moshe", "shahar"))
train_dataloader = dict(dataset=dict(data_root=data_root, format=format))
test_dataloader = dict(dataset=dict(data_root=data_root, format=format))
