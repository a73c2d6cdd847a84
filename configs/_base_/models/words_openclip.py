# Classes by words: CLIP embeds crops of the tubes and the texts of the classes, and nothing is trained.
#
#   pip install 'actorsup[openclip]'
#   export ACTORSUP_CLIP=<file of weights of the model that is named below>
clip = dict(
    type="OpenClipModel",
    name="ViT-B-32",
    weights="{{$ACTORSUP_CLIP:set_the_environment_variable_ACTORSUP_CLIP}}",
)
model = dict(
    type="ActorLocalizer",
    data_preprocessor=dict(
        type="VideoDataPreprocessor",
        mean=(0.48145466, 0.4578275, 0.40821073),
        std=(0.26862954, 0.26130258, 0.27577711),
    ),
    encoder=dict(type="FrozenEncoder", encoder=dict(type="PixelEncoder")),
    pooling=dict(type="CropPool", images=clip, context=0.2),
    head=dict(
        type="TextHead",
        in_channels=512,
        texts=clip,
        background=("a person", "an animal", "a place"),
        ranking=dict(type="TubeRanking"),  # each tube's own probability, whoever else does the same
    ),
)
