# Any action by words, without a label or training: actors are found, followed, and scored by CLIP.
#
#   pip install 'actorsup[openclip]'
#   export ACTORSUP_CLIP=<file of weights, such as open_clip_model.safetensors of
#       https://huggingface.co/laion/CLIP-ViT-B-32-laion2B-s34B-b79K>
#   actorsup localize VIDEO --actions "a person jumping" "a dog running"      # docs/tutorials/words.md
#
# Each box of a tube, with a margin, is a picture of its own. Not measured: no weights were at hand.
_base_ = [
    "_base_/models/words_openclip.py",
    "_base_/datasets/folder.py",
    "_base_/proposals/paper.py",
    "_base_/schedules/adamw_15e.py",
    "_base_/default_runtime.py",
]
animals = ("bird", "cat", "dog", "horse", "sheep", "cow", "elephant", "bear", "zebra", "giraffe")
proposals = dict(
    root="data/mine/proposals",
    detector="rtmdet_s",
    detectors={name: dict(actors=("person", *animals)) for name in _base_.proposals.detectors},
    linker="siamese_small_shared",
)
# Crops are taken of frames as they are: nothing is resized before.
frames = [dict(type="MergeDuplicates"), dict(type="AttachTubes", max_tubes=20)]
test_pipeline = [
    dict(type="SampleFrames", num_frames=16, mode="center"),
    dict(type="DecodeFrames"),
    *frames,
    dict(type="PackVideo"),
]
train_pipeline = [
    dict(type="SampleFrames", num_frames=16, mode="random"),
    dict(type="DecodeFrames"),
    *frames,
    dict(type="FlipFrames", prob=0.5),
    dict(type="PackVideo"),
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
