# A2D, 3,782 videos of actors that are people, animals, balls or cars. In data/a2d: the release's videoset.csv,
# clips320H/<video>.mp4, Annotations/mat/<video>/<frame>.mat, and
#
#   python tools/convert_dataset.py a2d data/a2d --out data/a2d/annotation.json.gz
_base_ = "annotated_videos.py"
data_root = "data/a2d"
videos = dict(data_root=data_root, ann_file="annotation.json.gz", video_prefix="clips320H")
train_dataloader = dict(dataset=videos)
test_dataloader = dict(dataset=videos)
