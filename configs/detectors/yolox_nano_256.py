# YOLOX-nano, its weights as they are, on images of 256×256 in place of 416×416, less than half of the pixels: a weaker
# detector. Which linker suits which: docs/tutorials/linker.md.
_base_ = "mmdet::yolox/yolox_nano_8xb8-300e_coco.py"
test_pipeline = [dict(step, scale=(256, 256)) if step["type"] == "Resize" else step for step in _base_.test_pipeline]
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
