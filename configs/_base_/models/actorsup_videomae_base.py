# The paper's method on VideoMAE ViT-B/16, all of it tuned: maps of two sampled frames each. Transformers learn by
# AdamW: take _base_/schedules/adamw.py. Not run with its weights: this project had no way to fetch them.
#
#   pip install 'actorsup[transformers]'
#   data/weights/videomae-base/     # config.json and model.safetensors, as transformers saves them
model = dict(
    type="ActorLocalizer",
    data_preprocessor=dict(type="VideoDataPreprocessor", mean=[0.485, 0.456, 0.406], std=[0.229, 0.224, 0.225]),
    encoder=dict(
        type="TransformersVideoEncoder",
        # What that config.json says, so that a trained model is tested without the folder.
        model=dict(model_type="videomae", image_size=224, num_frames=16, use_mean_pooling=False),
        weights="data/weights/videomae-base",
    ),
    precision="bfloat16",
    checkpointing=True,
    pooling=dict(type="ActorRoIPool3D", output_size=(5, 5)),
    head=dict(type="TopKAttentionHead", num_classes=24, in_channels=768, roi_size=(5, 5), normalize=True),
)
