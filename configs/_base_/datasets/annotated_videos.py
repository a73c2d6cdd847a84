# The videos of one annotation file (docs/annotation.md), with the paper's pipelines and metrics; to be based on.
_base_ = "thumos13.py"
data_root = "data/mine"
videos = dict(
    _delete_=True, type="AnnotatedVideos", data_root=data_root, ann_file="annotation.json", video_prefix="videos"
)
train_dataloader = dict(dataset=dict(**videos, split="train", pipeline=_base_.train_pipeline))
test_dataloader = dict(dataset=dict(**videos, split="test", pipeline=_base_.test_pipeline, test_mode=True))
