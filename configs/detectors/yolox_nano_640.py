# YOLOX-nano, its weights as they are, on images of 640×640 in place of 416×416, 2.4 times the pixels: a better
# detector. Which linker suits which: docs/tutorials/linker.md.
_base_ = "mmdet::yolox/yolox_nano_8xb8-300e_coco.py"
test_pipeline = [dict(step, scale=(640, 640)) if step["type"] == "Resize" else step for step in _base_.test_pipeline]
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
