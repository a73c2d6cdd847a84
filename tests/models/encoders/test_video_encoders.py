"""Encoders of clips: what their maps stand for in space and time, and weights in the published form."""

import sys

import numpy as np
import pytest
import torch
import torchvision.models
from mmengine.optim import build_optim_wrapper
from transformers import VideoMAEConfig, VideoMAEForVideoClassification, VideoMAEModel, VJEPA2Config, VJEPA2Model

from actorsup.errors import InputError
from actorsup.models.encoders import (
    FrozenEncoder,
    TorchvisionVideoEncoder,
    TransformersVideoEncoder,
    measure_cell_center,
)
from actorsup.registry import MODELS

from ..cases import small_frames, small_sample

SIZES = {"hidden_size": 24, "num_hidden_layers": 2, "num_attention_heads": 2}
VIDEOMAE = {"model_type": "videomae", "image_size": 32, "num_frames": 4, "intermediate_size": 48, **SIZES}
PREDICTOR = {"pred_hidden_size": 24, "pred_num_attention_heads": 2, "pred_num_hidden_layers": 1}
VJEPA2 = {"model_type": "vjepa2", "crop_size": 32, "frames_per_clip": 4, "mlp_ratio": 2.0, **SIZES, **PREDICTOR}

R3D = {"name": "r3d_18", "node": "layer2", "padding": 2, "skipped_cells": 1, "temporal_padding": 1, "skipped_maps": 1}
ALIGNED = {
    "r3d_18": lambda: TorchvisionVideoEncoder(**R3D),
    "mc3_18": lambda: TorchvisionVideoEncoder("mc3_18", "layer2", padding=2, skipped_cells=1),
    "r2plus1d_18": lambda: TorchvisionVideoEncoder(**{**R3D, "name": "r2plus1d_18"}),
    "s3d": lambda: TorchvisionVideoEncoder("s3d", "features.4", padding=4, skipped_cells=1),
    "mvit_v2_s": lambda: TorchvisionVideoEncoder("mvit_v2_s", "blocks.2", padding=4, skipped_cells=1),
    "swin3d_t": lambda: TorchvisionVideoEncoder("swin3d_t", "features.2"),
    "videomae": lambda: TransformersVideoEncoder(VIDEOMAE),
    "vjepa2": lambda: TransformersVideoEncoder(VJEPA2),
}
STRIDES = {  # in time, in space, channels
    "r3d_18": (2, 4, 128),
    "mc3_18": (1, 4, 128),
    "r2plus1d_18": (2, 4, 128),
    "s3d": (2, 8, 192),
    "mvit_v2_s": (2, 8, 192),
    "swin3d_t": (2, 8, 192),
    "videomae": (2, 16, 24),
    "vjepa2": (2, 16, 24),
}


@pytest.fixture(scope="module", params=ALIGNED)
def named(request):
    torch.manual_seed(0)
    return request.param, ALIGNED[request.param]().eval()


def test_strides_and_channels_are_those_of_the_model(named):
    name, encoder = named
    assert (encoder.temporal_stride, encoder.stride, encoder.out_channels) == STRIDES[name]


def test_cells_lie_where_the_pooling_takes_them_to_be_in_space_and_time(named):
    _, encoder = named
    stride, in_time = encoder.stride, encoder.temporal_stride
    cells = 8 if stride < 16 else 4
    middle = 5, cells // 2, cells // 2
    t, y, x = measure_cell_center(encoder, (10 * in_time, cells * stride, cells * stride), middle)
    assert t == pytest.approx(in_time * 5.5, abs=0.55)
    assert y == pytest.approx(stride * (middle[1] + 0.5), abs=0.55)
    assert x == pytest.approx(stride * (middle[2] + 0.5), abs=0.55)


@pytest.mark.parametrize("num_frames", [8, 7])
def test_maps_cover_clips_of_any_size_and_length(named, num_frames):
    _, encoder = named
    with torch.no_grad():
        maps = encoder.encode(torch.randn(2, num_frames, 3, 70, 90))
    rows, columns = -(-70 // encoder.stride), -(-90 // encoder.stride)
    num_maps = -(-num_frames // encoder.temporal_stride)
    assert maps.shape == (2, num_maps, encoder.out_channels, rows, columns)


def test_a_lacking_last_frame_is_the_one_before_again(named):
    _, encoder = named
    if encoder.temporal_stride == 1:
        pytest.skip("nothing can lack")
    clips = torch.randn(1, 7, 3, 48, 48)
    with torch.no_grad():
        torch.testing.assert_close(encoder(clips), encoder(torch.cat([clips, clips[:, -1:]], dim=1)))


def test_the_gradient_reaches_the_first_layer(named):
    _, encoder = named
    encoder.encode(torch.randn(1, 8, 3, 32, 48)).square().mean().backward()
    first = next(module for module in encoder.modules() if isinstance(module, torch.nn.Conv3d))
    assert first.weight.grad.any()
    encoder.zero_grad()


@pytest.mark.parametrize("name", ["r3d_18", "videomae"])
def test_a_frozen_one_gives_clip_by_clip_what_it_gives_of_all(name):
    torch.manual_seed(0)
    settings = {"type": "TorchvisionVideoEncoder", **R3D}
    if name == "videomae":
        settings = {"type": "TransformersVideoEncoder", "model": VIDEOMAE}
    frozen = FrozenEncoder(settings).train()
    clips = torch.randn(3, 5, 3, 32, 48)
    maps = frozen.encode(clips)
    assert frozen.temporal_stride == 2
    assert maps.shape[:2] == (3, 3)
    torch.testing.assert_close(maps, frozen.encoder(clips))


@pytest.mark.parametrize(
    ("name", "node"),
    [
        ("r3d_18", "layer3"),
        ("s3d", "features.15"),
        pytest.param("mvit_v2_s", "norm", marks=pytest.mark.slow),
        ("swin3d_t", "norm"),
    ],
)
def test_torchvisions_models_give_their_own_maps(name, node, tmp_path):
    torch.manual_seed(0)
    whole = torchvision.models.get_model(name).eval()
    torch.save(whole.state_dict(), tmp_path / "whole.pth")
    encoder = TorchvisionVideoEncoder(name, node, weights=str(tmp_path / "whole.pth")).eval()
    encoder.init_weights()
    size = 224 if name == "mvit_v2_s" else 64  # the one that MViT's own forward takes
    clip, seen = torch.randn(1, 16, 3, size, size), []
    whole.get_submodule(node).register_forward_hook(lambda module, given, output: seen.append(output))
    if name == "s3d":
        whole.avgpool = torch.nn.Identity()  # which needs 7×7 cells
    with torch.no_grad():
        maps = encoder(clip)[0].flatten(2).transpose(1, 2).flatten(0, 1)  # (N'·H'·W', C)
        whole(clip.transpose(1, 2))
    (expected,) = seen
    if name == "mvit_v2_s":
        expected = expected[0, 1:]  # the first token is of the class
    elif name == "swin3d_t":
        expected = expected[0].flatten(0, 2)
    else:
        expected = expected[0].flatten(1).T
    torch.testing.assert_close(maps, expected, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"name": "r4d_18", "node": "layer3"}, "no video model 'r4d_18', but .*r3d_18"),
        ({"name": "r3d_18", "node": "layer5"}, "cannot be cut after 'layer5': its stages are stem, layer1"),
        ({"name": "mvit_v1_b", "node": "norm"}, "does not take clips of any size"),
        ({"name": "r3d_18", "node": "layer1", "skipped_maps": -1}, "at least 0"),
    ],
)
def test_what_cannot_be_a_video_encoder_is_refused(arguments, message):
    with pytest.raises(InputError, match=message):
        TorchvisionVideoEncoder(**arguments)


@pytest.mark.parametrize("of", [VideoMAEModel, VideoMAEForVideoClassification])
def test_videomae_from_a_folder_gives_its_last_hidden_state(of, tmp_path):
    torch.manual_seed(0)
    settings = {**VIDEOMAE, "use_mean_pooling": False}
    published = of(VideoMAEConfig(**settings)).eval()
    published.save_pretrained(tmp_path)
    encoder = TransformersVideoEncoder(str(tmp_path)).eval()
    encoder.init_weights()
    clip = torch.randn(2, 4, 3, 32, 32)
    with torch.no_grad():
        expected = getattr(published, "videomae", published)(clip).last_hidden_state
        maps = encoder(clip)
    torch.testing.assert_close(maps.permute(0, 1, 3, 4, 2).flatten(1, 3), expected)


def test_vjepa2_from_a_folder_gives_its_encoders_last_hidden_state(tmp_path):
    torch.manual_seed(0)
    published = VJEPA2Model(VJEPA2Config(**VJEPA2)).eval()
    published.save_pretrained(tmp_path)
    encoder = TransformersVideoEncoder(str(tmp_path)).eval()
    encoder.init_weights()
    clip = torch.randn(2, 4, 3, 32, 32)
    with torch.no_grad():
        expected = published(clip, skip_predictor=True).last_hidden_state
        maps = encoder(clip)
    torch.testing.assert_close(maps.permute(0, 1, 3, 4, 2).flatten(1, 3), expected)
    assert not any("predictor" in name for name in encoder.state_dict())


def test_rotary_positions_depend_on_distance_alone_on_any_map():
    """A patch attends to the ground above and below it alike, in whichever column of a map of another size it is."""
    torch.manual_seed(0)
    encoder = TransformersVideoEncoder({**VJEPA2, "num_hidden_layers": 1}).double().eval()
    for parameter in encoder.parameters():
        if parameter.ndim > 1:
            torch.nn.init.normal_(parameter, std=0.2)
    torch.nn.init.normal_(encoder.body.embeddings.patch_embeddings.proj.bias)
    clip = torch.zeros(1, 2, 3, 48, 80, dtype=torch.float64)  # 3 by 5 cells, where the model has 2 by 2
    clip[..., 16:32, 16:32] = torch.randn(16, 16, dtype=torch.float64)
    changed = clip.roll(16, dims=-1)
    with torch.no_grad():
        attention = encoder.body.layer[0].attention
        seen = []
        attention.register_forward_hook(lambda module, given, output: seen.append(output[1]))
        encoder.body.config._attn_implementation = "eager"
        encoder(clip), encoder(changed)
    before, after = (weights.unflatten(-1, (3, 5)).unflatten(-3, (3, 5)) for weights in seen)  # (1, heads, 3, 5, 3, 5)
    # How the picture attends to the ground one row below it, in the same column.
    ratios = [of[0, :, 1, at, 2, at] / of[0, :, 1, at, 0, at] for of, at in ((before, 1), (after, 2))]
    torch.testing.assert_close(*ratios)
    assert (ratios[0] - 1).abs().max() > 1e-3


def test_at_other_sizes_positions_of_videomae_are_interpolated():
    torch.manual_seed(0)
    encoder = TransformersVideoEncoder({**VIDEOMAE, "num_hidden_layers": 0, "use_mean_pooling": True}).eval()
    table = encoder.body.embeddings.position_embeddings[0].unflatten(0, (2, 2, 2))  # (N', H', W', C)
    with torch.no_grad():
        trained = encoder(torch.zeros(1, 4, 3, 32, 32))[0].permute(0, 2, 3, 1)
        wider = encoder(torch.zeros(1, 4, 3, 32, 64))[0].permute(0, 2, 3, 1)
    bias = encoder.body.embeddings.patch_embeddings.projection.bias
    torch.testing.assert_close(trained, table + bias)
    first, second = table[:, :, 0], table[:, :, 1]
    expected = torch.stack([first, 0.75 * first + 0.25 * second, 0.25 * first + 0.75 * second, second], dim=2)
    torch.testing.assert_close(wider, expected + bias)


def test_what_is_no_folder_of_such_a_model_is_said(tmp_path):
    with pytest.raises(InputError, match=r"config\.json: no such file"):
        TransformersVideoEncoder(str(tmp_path))
    (tmp_path / "config.json").write_text('{"model_type": "bert"}')
    with pytest.raises(InputError, match="must be videomae or vjepa2, got 'bert'"):
        TransformersVideoEncoder(str(tmp_path))
    VideoMAEConfig(**VIDEOMAE).save_pretrained(tmp_path)
    with pytest.raises(InputError, match="its weights cannot be read"):
        TransformersVideoEncoder(str(tmp_path)).init_weights()


def test_weights_of_another_config_are_said(tmp_path):
    VideoMAEModel(VideoMAEConfig(**VIDEOMAE)).save_pretrained(tmp_path)
    VideoMAEConfig(**{**VIDEOMAE, "num_hidden_layers": 3}).save_pretrained(tmp_path)
    with pytest.raises(InputError, match=r"do not fit its config: \d+ are missing, first \['encoder.layer.2"):
        TransformersVideoEncoder(str(tmp_path)).init_weights()


def test_without_transformers_its_encoder_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(InputError, match=r"pip install 'actorsup\[transformers\]'"):
        TransformersVideoEncoder(VIDEOMAE)


MODEL = {
    "type": "ActorLocalizer",
    "encoder": {"type": "TransformersVideoEncoder", "model": VIDEOMAE},
    "pooling": {"type": "ActorRoIPool3D", "output_size": (2, 2)},
    "head": {"type": "MeanHead", "num_classes": 3, "in_channels": 24, "roi_size": (2, 2)},
}


@pytest.mark.parametrize("num_frames", [8, 9])
def test_a_localizer_pools_the_maps_at_the_times_of_the_tubes(num_frames):
    torch.manual_seed(0)
    model = MODELS.build({**MODEL, "post_processing": [{"type": "TemporalTrimming", "window": 5}]}).eval()
    data = {
        "inputs": [small_frames(num_frames), small_frames(num_frames, seed=1)],
        "data_samples": [small_sample(num_frames=num_frames), small_sample("jump/02", 2, num_frames)],
    }
    with torch.no_grad():
        first, second = model.test_step(data)
    assert first.tube_scores.shape == (3, 3)
    assert second.frame_scores.shape == (2, num_frames, 3)
    # Frames of one map have the scores of that map.
    np.testing.assert_array_equal(first.frame_scores[:, 0], first.frame_scores[:, 1])
    assert np.abs(first.frame_scores[:, 1] - first.frame_scores[:, 2]).max() > 0


def test_a_step_of_training_changes_the_first_layer():
    torch.manual_seed(0)
    model = MODELS.build(MODEL)
    first = model.encoder.body.embeddings.patch_embeddings.projection.weight
    before = first.detach().clone()
    data = {"inputs": [small_frames(5)], "data_samples": [small_sample(num_frames=5)]}
    optim_wrapper = build_optim_wrapper(model, {"type": "OptimWrapper", "optimizer": {"type": "SGD", "lr": 0.1}})
    model.train_step(data, optim_wrapper)
    assert not torch.equal(first, before)
