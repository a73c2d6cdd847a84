# The Weizmann actions, one person at a time: what is done, rather than who does it. Three people are seen in testing
# alone. docs/datasets.md says what goes where.
#
#   the commands of actorsup_efficientnet_lite0_crowd.py, with this config, and without `actorsup crowd`
_base_ = "actorsup_efficientnet_lite0_crowd.py"
data_root = "data/weizmann"
format = dict(type="Weizmann", test_people=("lyova", "moshe", "shahar"))
proposals = dict(root="work_dirs/proposals/weizmann")
features = dict(root="work_dirs/features/weizmann")
model = dict(head=dict(num_classes=10, multi_label=False))  # one person does one thing
train_dataloader = dict(dataset=dict(data_root=data_root, format=format))
test_dataloader = dict(dataset=dict(data_root=data_root, format=format))
