# UCF-Sports, 103 clips for training and 47 for testing. In data/ucf_sports: videos/<group>/<clip>/ as the release has
# them, frames or an .avi with gt/ beside them, and
#
#   python tools/convert_dataset.py ucf-sports data/ucf_sports/videos --out data/ucf_sports/annotation.json
_base_ = "annotated_videos.py"
data_root = "data/ucf_sports"
train_dataloader = dict(dataset=dict(data_root=data_root))
test_dataloader = dict(dataset=dict(data_root=data_root))
