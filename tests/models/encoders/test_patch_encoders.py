"""Encoders that cut frames into patches: timm's vision transformers and open_clip's image towers."""

import json
import sys

import open_clip
import pytest
import timm
import torch
from mmengine.optim import build_optim_wrapper
from safetensors.torch import save_file

from actorsup.errors import InputError
from actorsup.models.encoders import OpenClipEncoder, TimmEncoder, measure_cell_center
from actorsup.registry import MODELS

from ..cases import small_frames, small_sample

VISION = {"image_size": 32, "layers": 2, "width": 64, "head_width": 32, "patch_size": 16}
TEXT = {"context_length": 8, "vocab_size": 64, "width": 16, "heads": 2, "layers": 1}
TIMM_VISION = {"timm_model_name": "test_vit", "timm_proj": "linear", "image_size": 160}
TOWERS = {
    "tiny_vit": {**VISION},
    "tiny_vit_mean": {**VISION, "pool_type": "avg"},
    "tiny_resnet": {"image_size": 64, "layers": [1, 1, 1, 1], "width": 8},
    "tiny_timm": {**TIMM_VISION, "timm_pool": "token"},
    "tiny_timm_mean": {**TIMM_VISION, "timm_pool": "avg"},
    "tiny_timm_attention": {**TIMM_VISION, "timm_pool": "map", "timm_proj": "none"},
    "tiny_timm_convolutions": {**TIMM_VISION, "timm_model_name": "test_convnext", "timm_pool": "avg"},
    "tiny_coca": {**VISION, "attentional_pool": True, "attn_pooler_heads": 2},
}
JOINT = {name: 64 if name == "tiny_timm_attention" else 12 for name in TOWERS}  # whose width is the space's


@pytest.fixture(scope="module", autouse=True)
def small_models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    for name, tower in TOWERS.items():
        config = {"embed_dim": JOINT[name], "vision_cfg": tower, "text_cfg": TEXT}
        (folder / f"{name}.json").write_text(json.dumps(config))
    open_clip.add_model_config(folder)


TRANSFORMERS = {
    "plain": lambda: TimmEncoder("test_vit"),
    "registers, layer scale": lambda: TimmEncoder("test_vit3"),
    "open_clip": lambda: OpenClipEncoder("tiny_vit"),
    "open_clip, projected": lambda: OpenClipEncoder("tiny_vit", project=True),
    "open_clip, timm's": lambda: OpenClipEncoder("tiny_timm", project=True),
}


@pytest.fixture(scope="module", params=TRANSFORMERS)
def transformer(request):
    torch.manual_seed(0)
    return TRANSFORMERS[request.param]().eval()


def test_a_frame_of_any_size_has_a_cell_for_every_patch_it_touches(transformer):
    with torch.no_grad():
        assert transformer(torch.randn(2, 3, 50, 97)).shape == (2, transformer.out_channels, 4, 7)


def test_a_frame_is_padded_with_zeros_at_the_right_and_below(transformer):
    frames = torch.randn(2, 3, 50, 97)
    padded = torch.nn.functional.pad(frames, (0, 15, 0, 14))
    with torch.no_grad():
        torch.testing.assert_close(transformer(frames), transformer(padded))


def test_a_cell_is_centred_on_its_patch(transformer):
    y, x = measure_cell_center(transformer, (96, 128), (2, 5))
    assert (y, x) == pytest.approx((16 * 2.5, 16 * 5.5), abs=1e-6)


def test_with_all_its_attention_a_cell_sees_its_own_patch_most(transformer):
    """The gradient of a map's cell, in the model as it is, is largest in the pixels of its patch."""
    frames = torch.randn(1, 3, 48, 80, requires_grad=True)
    transformer(frames)[0, :, 1, 3].square().sum().backward()
    of_patches = frames.grad[0].abs().sum(dim=0).unflatten(0, (3, 16)).unflatten(2, (5, 16)).sum(dim=(1, 3))
    assert of_patches.argmax() == 1 * 5 + 3


def test_the_gradient_reaches_the_patches(transformer):
    transformer.zero_grad()
    transformer(torch.randn(1, 3, 32, 48)).square().mean().backward()
    first = next(module for module in transformer.modules() if isinstance(module, torch.nn.Conv2d))
    assert first.weight.grad.any()


@pytest.mark.parametrize(("name", "stride"), [("vit_small_patch14_dinov2", 14), ("vit_small_r26_s32_224", 32)])
def test_dinov2_and_hybrids_take_frames_of_video(name, stride):
    encoder = TimmEncoder(name, stride=stride).eval()
    with torch.no_grad():
        maps = encoder(torch.randn(1, 3, 120, 160))
    assert maps.shape == (1, 384, -(-120 // stride), -(-160 // stride))


def test_dinov2s_cells_are_centred_on_its_patches_of_14_pixels():
    y, x = measure_cell_center(TimmEncoder("vit_small_patch14_dinov2", stride=14), (56, 70), (1, 3))
    assert (y, x) == pytest.approx((14 * 1.5, 14 * 3.5), abs=1e-6)


def test_convnext_is_centred_on_its_patches():
    y, x = measure_cell_center(TimmEncoder("test_convnext", stride=16), (256, 256), (8, 7))
    assert (y, x) == pytest.approx((16 * 8.5, 16 * 7.5), abs=1e-6)


@pytest.mark.parametrize("suffix", ["pth", "safetensors"])
def test_at_its_own_size_a_transformer_gives_timms_normed_tokens(suffix, tmp_path):
    torch.manual_seed(0)
    whole = timm.create_model("test_vit3").eval()
    path, write = tmp_path / f"whole.{suffix}", save_file if suffix == "safetensors" else torch.save
    write(whole.state_dict(), path)
    encoder = TimmEncoder("test_vit3", weights=str(path)).eval()
    encoder.init_weights()
    frames = torch.randn(2, 3, *whole.patch_embed.img_size)
    with torch.no_grad():
        expected = whole.forward_features(frames)[:, whole.num_prefix_tokens :]
        torch.testing.assert_close(encoder(frames).flatten(2).transpose(1, 2), expected)


def test_weights_of_another_picture_size_are_resized_by_timm(tmp_path):
    torch.manual_seed(0)
    larger = timm.create_model("test_vit", img_size=224)
    torch.save({"model": larger.state_dict()}, tmp_path / "larger.pth")
    torch.save(larger.state_dict(), tmp_path / "plain.pth")
    encoder = TimmEncoder("test_vit", weights=str(tmp_path / "plain.pth"))
    encoder.init_weights()
    assert torch.equal(encoder.body.state_dict()["blocks.0.attn.qkv.weight"], larger.blocks[0].attn.qkv.weight)
    assert encoder.body.pos_embed.shape[1] == 1 + 100  # 160 pixels


def test_weights_in_open_clips_names_give_timms_transformer(tmp_path):
    torch.manual_seed(0)
    tower = OpenClipEncoder("tiny_timm", project=True)
    torch.save({f"visual.{name}": tensor for name, tensor in tower.body.state_dict().items()}, tmp_path / "clip.pth")
    encoder = TimmEncoder("test_vit", weights=str(tmp_path / "clip.pth")).eval()
    encoder.init_weights()
    frames = torch.randn(1, 3, 48, 64)
    alone = OpenClipEncoder("tiny_timm").eval()
    alone.body.load_state_dict(tower.body.state_dict(), strict=False)
    with torch.no_grad():
        torch.testing.assert_close(encoder(frames), alone(frames))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("test_maxvit", "test_maxvit does not take images of any size"),
        ("test_vit_relpos", "test_vit_relpos does not take images of any size"),
    ],
)
def test_a_model_of_one_size_is_refused(name, message):
    with pytest.raises(InputError, match=message):
        TimmEncoder(name, stride=32 if "max" in name else 16)


def test_a_file_that_is_no_safetensors_is_named(tmp_path):
    (tmp_path / "broken.safetensors").write_bytes(b"nothing")
    with pytest.raises(InputError, match=r"broken\.safetensors of test_vit cannot be read"):
        TimmEncoder("test_vit", weights=str(tmp_path / "broken.safetensors")).init_weights()


@pytest.mark.parametrize("name", [name for name in TOWERS if name != "tiny_coca"])
@pytest.mark.parametrize("project", [False, True])
def test_every_kind_of_tower_gives_maps(name, project):
    torch.manual_seed(0)
    encoder = OpenClipEncoder(name, project=project).eval()
    assert not project or encoder.out_channels == JOINT[name]
    with torch.no_grad():
        maps = encoder(torch.randn(2, 3, 4 * encoder.stride, 3 * encoder.stride))
    assert maps.shape == (2, encoder.out_channels, 4, 3)
    assert maps.isfinite().all()


def projecting(name, tmp_path, **zeros):
    """A whole model of open_clip, some of whose parameters are 0, and the encoder that has loaded its checkpoint."""
    torch.manual_seed(0)
    model = open_clip.create_model(name).eval()
    for parameter in zeros:
        torch.nn.init.zeros_(model.visual.get_parameter(parameter.replace("__", ".")))
    torch.save({"state_dict": {f"module.{key}": value for key, value in model.state_dict().items()}}, tmp_path / "a.pt")
    encoder = OpenClipEncoder(name, weights=str(tmp_path / "a.pt"), project=True).eval()
    encoder.init_weights()
    return model.visual, encoder


# Where pooling looks at every cell alike, the picture's embedding is the mean of those of its cells.
MEANS = {
    "tiny_vit_mean": ((), 32),
    "tiny_resnet": (("attnpool__q_proj__weight", "attnpool__q_proj__bias", "attnpool__positional_embedding"), 64),
    "tiny_timm_attention": (
        (
            *(f"trunk__attn_pool__q__{name}" for name in ("weight", "bias")),
            *(f"trunk__attn_pool__mlp__fc2__{name}" for name in ("weight", "bias")),
        ),
        160,
    ),
}


@pytest.mark.parametrize("name", MEANS)
def test_the_mean_of_projected_cells_is_the_pictures_embedding(name, tmp_path):
    parameters, size = MEANS[name]
    visual, encoder = projecting(name, tmp_path, **dict.fromkeys(parameters))
    frames = torch.randn(2, 3, size, size)
    with torch.no_grad():
        torch.testing.assert_close(encoder(frames).mean(dim=(2, 3)), visual(frames), atol=1e-5, rtol=1e-3)


def test_with_a_class_token_the_last_attention_gives_every_cell_its_own_value(tmp_path):
    visual, encoder = projecting("tiny_vit", tmp_path)
    frames = torch.randn(2, 3, 32, 32)
    first, last = visual.transformer.resblocks
    attention = last.attn
    with torch.no_grad():
        tokens = first(visual._embeds(frames))[:, 1:]
        value = last.ln_1(tokens) @ attention.in_proj_weight[128:].T + attention.in_proj_bias[128:]
        tokens = tokens + attention.out_proj(value)
        expected = visual.ln_post(tokens + last.mlp(last.ln_2(tokens))) @ visual.proj
        torch.testing.assert_close(encoder(frames).flatten(2).transpose(1, 2), expected)


def test_without_projection_maps_are_the_last_tokens_under_the_last_norm(tmp_path):
    torch.manual_seed(0)
    encoder = OpenClipEncoder("tiny_vit").eval()
    whole = OpenClipEncoder("tiny_vit", project=True).body.eval()
    encoder.body.load_state_dict(whole.state_dict(), strict=False)
    frames = torch.randn(2, 3, 32, 32)
    with torch.no_grad():
        tokens = whole.ln_post(whole.transformer(whole._embeds(frames)))[:, 1:]
        torch.testing.assert_close(encoder(frames).flatten(2).transpose(1, 2), tokens)
    assert encoder.body.proj is None


def test_clips_resnet_is_half_a_pixel_off():
    encoder = OpenClipEncoder("tiny_resnet")
    y, x = measure_cell_center(encoder, (512, 512), (8, 8))
    assert (y, x) == pytest.approx((32 * 8.5, 32 * 8.5), abs=0.55)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"name": "tiny_bird"}, "has no model 'tiny_bird': open_clip.list_models"),
        ({"name": "hf-hub:somebody/model"}, "would be downloaded; give local-dir:FOLDER"),
        ({"name": "local-dir:absent"}, "local-dir:absent: its config cannot be read"),
        ({"name": "tiny_coca", "project": True}, "tiny_coca: its attention pools several queries.*project=False"),
        ({"name": "tiny_vit", "weights": "absent.pt"}, "absent.pt of tiny_vit: no such file"),
    ],
)
def test_what_open_clip_cannot_give_is_said(options, message):
    with pytest.raises(InputError, match=message):
        OpenClipEncoder(**options).init_weights()


def test_without_open_clip_its_encoder_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "open_clip", None)
    with pytest.raises(InputError, match=r"pip install 'actorsup\[openclip\]'"):
        OpenClipEncoder("tiny_vit")


@pytest.mark.parametrize(
    "encoder",
    [
        {"type": "TimmEncoder", "name": "test_vit"},
        {"type": "OpenClipEncoder", "name": "tiny_vit", "project": True},
        {"type": "OpenClipEncoder", "name": "tiny_coca"},
    ],
)
def test_a_step_of_training_reaches_every_parameter(encoder):
    """Parameters that no loss reaches would stop a training by several processes."""
    torch.manual_seed(0)
    channels = MODELS.build(encoder).out_channels
    head = {"type": "MeanHead", "num_classes": 3, "in_channels": channels, "roi_size": (2, 2)}
    pooling = {"type": "ActorRoIPool3D", "output_size": (2, 2)}
    model = MODELS.build({"type": "ActorLocalizer", "encoder": encoder, "pooling": pooling, "head": head})
    data = {"inputs": [small_frames(2)], "data_samples": [small_sample()]}
    first = next(model.encoder.parameters())
    before = first.detach().clone()
    gradients = {}
    for name, parameter in model.named_parameters():
        parameter.register_hook(lambda gradient, name=name: gradients.update({name: gradient}))
    optim_wrapper = build_optim_wrapper(model, {"type": "OptimWrapper", "optimizer": {"type": "SGD", "lr": 0.1}})
    model.train_step(data, optim_wrapper)
    assert gradients.keys() == {name for name, _ in model.named_parameters()}
    assert not torch.equal(first, before)
