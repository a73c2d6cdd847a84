"""InceptionV2 against the published architecture: its table, its number of parameters, and its port to PyTorch."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from actorsup.detectors import InceptionV2
from actorsup.errors import InputError

NUM_STAGES = 11
# Ioffe & Szegedy 2015, Figure 5, its rows from the second pooling on: output size of a 224×224 image, and depth, which
# in 4c and 4d is the sum of the figure's branches (608) where the figure's column says 576; 4e follows from 4d.
FIGURE_5 = [(28, 192), (28, 256), (28, 320), (14, 576), (14, 576), (14, 576), (14, 608), (14, 608)]
FIGURE_5 += [(7, 1056), (7, 1024), (7, 1024)]
# BN-Inception with its 1000-way classifier, as the model tables of pytorchcv and of other collections list it.
PUBLISHED_PARAMETERS = 11_295_240
# The port's layers by module: input, 1×1, (3×3 reduce, 3×3), (double 3×3 reduce, double 3×3), pool projection.
PORT = """
3a  192  64   64  64   64  96  32
3b  256  64   64  96   64  96  64
3c  320   -  128 160   64  96   -
4a  576 224   64  96   96 128 128
4b  576 192   96 128   96 128 128
4c  576 160  128 160  128 160 128
4d  608  96  128 192  160 192 128
4e  608   -  128 192  192 256   -
5a 1056 352  192 320  160 224 128
5b 1024 352  192 320  192 224 128
"""


def port_layers() -> dict[str, tuple[int, int, int]]:
    """Input channels, output channels and kernel size of every convolution by the port's name."""
    layers = {"conv1_7x7_s2": (3, 64, 7), "conv2_3x3_reduce": (64, 64, 1), "conv2_3x3": (64, 192, 3)}
    for line in PORT.split("\n")[1:-1]:
        module, *widths = line.split()
        inputs, single, reduce, triple, double_reduce, double, projection = (int(w.strip("-") or 0) for w in widths)
        name = f"inception_{module}_"
        layers[f"{name}3x3_reduce"] = (inputs, reduce, 1)
        layers[f"{name}3x3"] = (reduce, triple, 3)
        layers[f"{name}double_3x3_reduce"] = (inputs, double_reduce, 1)
        layers[f"{name}double_3x3_1"] = (double_reduce, double, 3)
        layers[f"{name}double_3x3_2"] = (double, double, 3)
        if single:
            layers[f"{name}1x1"] = (inputs, single, 1)
            layers[f"{name}pool_proj"] = (inputs, projection, 1)
    return layers


@pytest.fixture(scope="module")
def port() -> dict[str, torch.Tensor]:
    """A checkpoint as the port has it, with random weights and statistics."""
    generator = torch.Generator().manual_seed(0)
    state = {}
    for name, (inputs, outputs, size) in port_layers().items():
        scale = (2 / (inputs * size * size)) ** 0.5
        state[f"{name}.weight"] = torch.randn((outputs, inputs, size, size), generator=generator) * scale
        state[f"{name}.bias"] = torch.randn(outputs, generator=generator)
        for key in ("weight", "running_var"):
            state[f"{name}_bn.{key}"] = torch.rand(outputs, generator=generator) + 0.5
        for key in ("bias", "running_mean"):
            state[f"{name}_bn.{key}"] = torch.randn(outputs, generator=generator)
    return state | {"last_linear.weight": torch.zeros(1000, 1024), "last_linear.bias": torch.zeros(1000)}


def port_forward(state: dict[str, torch.Tensor], images: torch.Tensor) -> list[torch.Tensor]:
    """The outputs of all stages, layer by layer from the port's weights."""

    def layer(maps, name, stride=1):
        weight = state[f"{name}.weight"]
        maps = F.conv2d(maps, weight, state[f"{name}.bias"], stride, padding=weight.shape[-1] // 2)
        norm = [state[f"{name}_bn.{key}"] for key in ("running_mean", "running_var", "weight", "bias")]
        return F.batch_norm(maps, *norm, eps=1e-5).relu()

    maps = F.max_pool2d(layer(images, "conv1_7x7_s2", 2), 3, 2, ceil_mode=True)
    maps = layer(layer(maps, "conv2_3x3_reduce"), "conv2_3x3")
    outputs = [F.max_pool2d(maps, 3, 2, ceil_mode=True)]
    for line in PORT.split("\n")[1:-1]:
        name = f"inception_{line[:2]}_"
        stride = 2 if "-" in line else 1
        maps = outputs[-1]
        triple = layer(layer(maps, f"{name}3x3_reduce"), f"{name}3x3", stride)
        double = layer(layer(maps, f"{name}double_3x3_reduce"), f"{name}double_3x3_1")
        branches = [triple, layer(double, f"{name}double_3x3_2", stride)]
        if stride == 2:
            branches.append(F.max_pool2d(maps, 3, 2, ceil_mode=True))
        else:
            pool = F.max_pool2d if line[:2] == "5b" else F.avg_pool2d
            branches.append(layer(pool(maps, 3, 1, 1), f"{name}pool_proj"))
            branches.insert(0, layer(maps, f"{name}1x1"))
        outputs.append(torch.cat(branches, dim=1))
    return outputs


def test_stages_have_the_published_shapes():
    model = InceptionV2(out_indices=range(NUM_STAGES)).eval()
    with torch.no_grad():
        shapes = [tuple(maps.shape) for maps in model(torch.zeros(1, 3, 224, 224))]
    assert shapes == [(1, depth, size, size) for size, depth in FIGURE_5]


@pytest.mark.parametrize("size", [(300, 300), (97, 131), (33, 1)])
def test_maps_have_the_size_of_the_image_divided_by_the_stride_rounded_up(size):
    model = InceptionV2(out_indices=range(NUM_STAGES)).eval()
    with torch.no_grad():
        maps = model(torch.zeros(1, 3, *size))
    for index, output in enumerate(maps):
        stride = 8 if index < 3 else 16 if index < 8 else 32
        assert output.shape[2:] == tuple(math.ceil(length / stride) for length in size)


def test_the_number_of_parameters_is_the_published_one():
    model = InceptionV2()
    biases = sum(layer.out_channels for layer in model.modules() if isinstance(layer, nn.Conv2d))
    classifier = 1024 * 1000 + 1000
    assert sum(parameter.numel() for parameter in model.parameters()) + biases + classifier == PUBLISHED_PARAMETERS


def test_published_weights_give_what_they_give_in_the_published_network(port, tmp_path):
    torch.save(port, tmp_path / "bn_inception.pth")
    model = InceptionV2(out_indices=range(NUM_STAGES), weights=str(tmp_path / "bn_inception.pth"))
    model.init_weights()
    images = torch.rand(2, 3, 64, 96, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    with torch.no_grad():
        outputs = model.eval().double()(images)
    expected = port_forward({name: tensor.double() for name, tensor in port.items()}, images)
    for index, (output, reference) in enumerate(zip(outputs, expected, strict=True)):
        assert reference.std() > 0.1, "the oracle's output says nothing"
        torch.testing.assert_close(output, reference, rtol=1e-5, atol=1e-5, msg=f"stage {index}")


def test_batch_norm_may_be_stored_as_rows_and_weights_inside_a_checkpoint(port, tmp_path):
    rows = {name: tensor[None] if "_bn." in name else tensor for name, tensor in port.items()}
    torch.save({"state_dict": rows, "meta": {}}, tmp_path / "rows.pth")
    model = InceptionV2(weights=str(tmp_path / "rows.pth"))
    model.init_weights()
    norm = model.stages["inception_5b"].branches[0][0].norm
    torch.testing.assert_close(norm.running_var, port["inception_5b_1x1_bn.running_var"])


def test_weights_that_do_not_fit_are_named(port, tmp_path):
    lacking = {name: tensor for name, tensor in port.items() if not name.startswith("inception_4d_3x3.")}
    misshapen = port | {"conv2_3x3.weight": torch.zeros(192, 64, 1, 1)}
    for content, message in [
        (lacking, r"weights\.pth does not fit InceptionV2: KeyError: 'inception_4d_3x3\."),
        (misshapen, r"weights\.pth does not fit InceptionV2: .*(?s:.*)size mismatch for weight"),
        (["no", "dict"], "holds a list"),
    ]:
        torch.save(content, tmp_path / "weights.pth")
        with pytest.raises(InputError, match=message):
            InceptionV2(weights=str(tmp_path / "weights.pth")).init_weights()
    with pytest.raises(InputError, match=r"absent\.pth of InceptionV2 cannot be downloaded or read"):
        InceptionV2(weights=str(tmp_path / "absent.pth")).init_weights()


def test_weights_of_batch_norm_are_refused_by_another_normalization(port, tmp_path):
    torch.save(port, tmp_path / "weights.pth")
    model = InceptionV2(norm_cfg={"type": "GN", "num_groups": 16}, weights=str(tmp_path / "weights.pth"))
    with pytest.raises(InputError, match=r"does not fit InceptionV2: (?s:.*)Unexpected key"):
        model.init_weights()


def test_every_parameter_takes_part_in_the_outputs():
    for out_indices in ((5, 10), (2,), (0,)):
        model = InceptionV2(out_indices=out_indices)
        sum(maps.square().mean() for maps in model(torch.rand(2, 3, 64, 64))).backward()
        assert all(parameter.grad is not None for parameter in model.parameters())


@pytest.mark.parametrize("out_indices", [(11,), ()])
def test_stages_that_do_not_exist_are_refused(out_indices):
    with pytest.raises(InputError, match="10, got"):
        InceptionV2(out_indices)


def test_mmdet_builds_it_by_name():
    from mmdet.registry import MODELS
    from mmengine.registry import DefaultScope

    with DefaultScope.overwrite_default_scope("mmdet"):
        backbone = MODELS.build({"type": "actorsup.InceptionV2", "norm_cfg": {"type": "SyncBN"}, "out_indices": [0]})
    assert isinstance(backbone, InceptionV2)
    assert any(isinstance(module, nn.SyncBatchNorm) for module in backbone.modules())
