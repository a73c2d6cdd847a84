# J-HMDB, split 1, boxes of puppet masks. In data/jhmdb: Rename_Images/<action>/<clip>/00001.png, puppet_mask, splits.
_base_ = "annotated_videos.py"
data_root = "data/jhmdb"
files = dict(
    data_root=data_root,
    ann_file="splits",
    format=dict(type="JHMDB", boxes="puppet_mask", split_number=1),
    video_prefix="Rename_Images",
)
train_dataloader = dict(dataset=files)
test_dataloader = dict(dataset=files)
