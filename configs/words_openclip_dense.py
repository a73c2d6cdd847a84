# As words_openclip.py, on maps of the whole frame: CLIP encodes each frame once, and tubes are pooled from that.
#
# Many actors cost no more than one; each is seen with what is around it. Not measured: no weights were at hand.
_base_ = "words_openclip.py"
grid = (5, 5)
model = dict(
    encoder=dict(
        _delete_=True,
        type="FrozenEncoder",
        encoder=dict(type="OpenClipEncoder", name=_base_.clip.name, weights=_base_.clip.weights, project=True),
    ),
    pooling=dict(_delete_=True, type="ActorRoIPool3D", output_size=grid),
    head=dict(roi_size=grid),
)
resized = [dict(type="ResizeFrames", size=(448, 352))]  # a cell is 32 pixels of it
test_dataloader = dict(
    dataset=dict(pipeline=[*_base_.test_pipeline[:-1], *resized, _base_.test_pipeline[-1]]),
)
train_dataloader = dict(
    dataset=dict(pipeline=[*_base_.train_pipeline[:-2], *resized, *_base_.train_pipeline[-2:]]),
)
