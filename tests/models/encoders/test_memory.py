"""Mixed precision and blocks that are computed again: the same training in less memory."""

import copy

import pytest
import torch
from torch import nn

from actorsup.errors import InputError
from actorsup.models.encoders import Encoder, recompute_blocks
from actorsup.registry import MODELS

from ..cases import small_frames, small_sample

VIDEOMAE = {
    "model_type": "videomae",
    "image_size": 32,
    "num_frames": 4,
    "hidden_size": 24,
    "num_hidden_layers": 3,
    "num_attention_heads": 2,
    "intermediate_size": 48,
    "hidden_dropout_prob": 0.1,
}
ENCODERS = {
    "vision transformer": ({"type": "TimmEncoder", "name": "test_vit"}, 64),
    "batch norm": ({"type": "TimmEncoder", "name": "test_efficientnet"}, 48),
    "dropout": ({"type": "TransformersVideoEncoder", "model": VIDEOMAE}, 24),
    "r3d_18": ({"type": "TorchvisionVideoEncoder", "name": "r3d_18", "node": "layer1"}, 64),
    "swin3d_t": ({"type": "TorchvisionVideoEncoder", "name": "swin3d_t", "node": "features.0"}, 96),
    "mvit_v2_s": ({"type": "TorchvisionVideoEncoder", "name": "mvit_v2_s", "node": "blocks.1"}, 192),
}


def build(encoder, channels, **options):
    torch.manual_seed(0)
    pooling = {"type": "ActorRoIPool3D", "output_size": (2, 2)}
    head = {"type": "MeanHead", "num_classes": 3, "in_channels": channels, "roi_size": (2, 2)}
    return MODELS.build(
        {"type": "ActorLocalizer", "encoder": encoder, "pooling": pooling, "head": head, **options}
    ).train()


def loss_of(model, num_frames=4):
    torch.manual_seed(1)
    samples = [small_sample(num_frames=num_frames), small_sample("jump/02", 2, num_frames)]
    frames = [small_frames(num_frames, seed=seed) for seed in range(2)]
    data = model.data_preprocessor({"inputs": frames, "data_samples": samples})
    return model(**data, mode="loss")["loss_action"]


def kept_bytes(model, **settings):
    """What the forward pass keeps for the backward pass, parameters aside."""
    kept = {}
    parameters = {parameter.untyped_storage().data_ptr() for parameter in model.parameters()}

    def pack(tensor):
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in parameters:
            kept[storage.data_ptr()] = storage  # held, so that no other takes its place
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        loss = loss_of(model, **settings)
    del loss
    return sum(storage.nbytes() for storage in kept.values())


@pytest.mark.parametrize(("encoder", "channels"), ENCODERS.values(), ids=ENCODERS)
def test_blocks_computed_again_give_the_same_step_and_statistics(encoder, channels):
    models = [build(encoder, channels), build(encoder, channels, checkpointing=True)]
    for model in models:
        loss_of(model).backward()
    plain, checkpointed = (dict(model.named_parameters()) for model in models)
    assert plain.keys() == checkpointed.keys()
    for name, parameter in plain.items():
        torch.testing.assert_close(
            checkpointed[name].grad, parameter.grad, msg=lambda text, name=name: f"{name}: {text}"
        )
    for (name, before), after in zip(models[0].named_buffers(), models[1].buffers(), strict=True):
        assert torch.equal(before, after), name


def test_blocks_computed_again_keep_less_than_a_third():
    encoder = {"type": "TransformersVideoEncoder", "model": {**VIDEOMAE, "num_hidden_layers": 12}}
    plain, checkpointed = (kept_bytes(build(encoder, 24, checkpointing=on)) for on in (False, True))
    assert checkpointed < plain / 3


def test_a_copy_computes_its_own_blocks_again():
    model = build(*ENCODERS["vision transformer"], checkpointing=True)
    other = copy.deepcopy(model)
    for parameter in model.encoder.body.blocks.parameters():
        torch.nn.init.zeros_(parameter)
    loss_of(other).backward()
    assert other.encoder.body.blocks[0].attn.qkv.weight.grad.any()
    assert model.encoder.body.blocks[0].attn.qkv.weight.grad is None


def test_an_encoder_without_blocks_says_so():
    with pytest.raises(InputError, match="VGG16Encoder repeats no block that could be computed again"):
        build({"type": "VGG16Encoder"}, 512, checkpointing=True)


class Nested(Encoder):
    stride, out_channels = 1, 3

    def __init__(self) -> None:
        super().__init__()
        self.stages = nn.Sequential(*(nn.Sequential(*(self.block() for _ in range(2))) for _ in range(2)))

    @staticmethod
    def block():
        return nn.Sequential(nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3), nn.ReLU())

    def forward(self, frames):
        return self.stages(frames)


def test_of_nested_blocks_the_innermost_are_computed_again():
    encoder = Nested()
    recompute_blocks(encoder)
    changed = [name for name, module in encoder.named_modules() if "forward" in vars(module)]
    assert changed == ["stages.0.0", "stages.0.1", "stages.1.0", "stages.1.1"]


@pytest.mark.parametrize("checkpointing", [False, True])
@pytest.mark.parametrize(("encoder", "channels"), ENCODERS.values(), ids=ENCODERS)
def test_in_bfloat16_a_step_is_nearly_the_same_and_maps_and_parameters_are_float32(encoder, channels, checkpointing):
    model = build(encoder, channels, precision="bfloat16", checkpointing=checkpointing)
    seen = []
    model.pooling.register_forward_hook(lambda module, given, output: seen.append(given[0].dtype))
    loss = loss_of(model)
    loss.backward()
    assert seen == [torch.float32]
    assert loss.item() == pytest.approx(loss_of(build(encoder, channels)).item(), rel=0.1)
    assert {parameter.dtype for parameter in model.parameters()} == {torch.float32}
    assert next(model.encoder.parameters()).grad.any()


def test_in_bfloat16_layers_compute_in_it():
    model = build(*ENCODERS["vision transformer"], precision="bfloat16")
    seen = []
    model.encoder.body.blocks[0].attn.qkv.register_forward_hook(lambda module, given, output: seen.append(output.dtype))
    loss_of(model)
    assert seen == [torch.bfloat16]


@pytest.mark.parametrize(("precision", "expected"), [(None, torch.bfloat16), ("float32", torch.float32)])
def test_under_amp_the_encoder_follows_unless_it_is_told(precision, expected):
    model = build(*ENCODERS["vision transformer"], precision=precision, checkpointing=True)
    seen = []
    model.encoder.body.blocks[0].attn.qkv.register_forward_hook(lambda module, given, output: seen.append(output.dtype))
    with torch.autocast("cpu", torch.bfloat16):  # as AmpOptimWrapper does, which refuses to on a CPU
        loss = loss_of(model)
    loss.backward()
    assert set(seen) == {expected}  # forward, and again for the backward pass


def test_another_precision_is_refused():
    with pytest.raises(InputError, match="precision must be bfloat16 or float32, or None, got 'half'"):
        build(*ENCODERS["vision transformer"], precision="half")
