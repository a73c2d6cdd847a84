# Anybody's videos: data/mine/videos/<class>/<video>.mp4, and an annotation file, which this makes:
#
#   python tools/convert_dataset.py folder data/mine/videos --test-share 0.2 --out data/mine/annotation.json
#
# Nobody marked where the actions are, so testing measures how often the video's label is found. With true tubes, base
# the config on annotated_videos.py.
_base_ = "annotated_videos.py"
test_dataloader = dict(dataset=dict(test_mode=False))  # what this asks for is true tubes
test_evaluator = [dict(type="VideoAccuracy")]
