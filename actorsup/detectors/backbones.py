"""Backbones of mmdet's detectors: any network of torchvision, and InceptionV2, which is the paper's."""

from collections import OrderedDict
from collections.abc import Mapping, Sequence

import torch
import torch.nn.functional as F
from mmengine.model import BaseModule
from torch import Tensor, nn

from actorsup.errors import InputError
from actorsup.io.checkpoints import read_checkpoint
from actorsup.models.encoders.torchvision_encoder import cut_torchvision_model, load_torchvision_weights
from actorsup.registry import MODELS


@MODELS.register_module()
class TorchvisionBackbone(BaseModule):
    """A classification model of torchvision, cut at several of its nodes.

    ``TorchvisionEncoder(weights=<checkpoint of the detector>, weights_prefix="backbone.body.")`` takes what it learns.

    Args:
        name: torchvision's name of the model.
        nodes: where maps are taken, from the first to the last, as ``TorchvisionEncoder`` names them.
        weights: torchvision's name, or the path of a state dict of the whole model; None: random. Loaded by
            :meth:`init_weights`, which training calls and testing does not.
    """

    def __init__(self, name: str, nodes: Sequence[str], weights: str | None = None) -> None:
        super().__init__()
        self.name = name
        self.nodes = tuple(nodes)
        self.weights = weights
        self.body = cut_torchvision_model(name, {node: node for node in self.nodes})

    def init_weights(self) -> None:
        """Load ``weights``."""
        super().init_weights()
        if self.weights is not None:
            load_torchvision_weights(self.body, self.name, self.weights)

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Maps of the nodes, in their order, of normalised images ``(B, 3, H, W)``."""
        maps = self.body(images.contiguous(memory_format=torch.channels_last))
        return tuple(maps[node] for node in self.nodes)


# The channels of each module's branches: 1×1 (0: none, and the module halves the resolution); 1×1, 3×3;
# 1×1, 3×3, 3×3; pooling, 1×1 (0: pooling alone).
_MODULES = {
    "3a": (64, (64, 64), (64, 96), 32),
    "3b": (64, (64, 96), (64, 96), 64),
    "3c": (0, (128, 160), (64, 96), 0),
    "4a": (224, (64, 96), (96, 128), 128),
    "4b": (192, (96, 128), (96, 128), 128),
    "4c": (160, (128, 160), (128, 160), 128),
    "4d": (96, (128, 192), (160, 192), 128),
    "4e": (0, (128, 192), (192, 256), 0),
    "5a": (352, (192, 320), (160, 224), 128),
    "5b": (352, (192, 320), (192, 224), 128),
}
_NUM_STAGES = 1 + len(_MODULES)


@MODELS.register_module()
class InceptionV2(BaseModule):
    """BN-Inception without its classifier, as a backbone for mmdet: ``type="actorsup.InceptionV2"``.

    Ioffe & Szegedy, "Batch Normalization", 2015, Figure 5; the paper calls it InceptionV2 and takes it pre-trained on
    ILSVRC-12 (Section 4.2). That figure contradicts itself: its branches of 4c and 4d add up to 608 channels, its
    outputs have 576. This is the network with all branches, as its ImageNet weights can be loaded; TensorFlow's
    ``inception_v2`` has 96 instead of 128 channels after the pooling in 4c and 4d, and a separable first convolution::

        stage     0     1    2    3    4    5    6    7    8     9     10
                  stem  3a   3b   3c   4a   4b   4c   4d   4e    5a    5b
        stride    8     8    8    16   16   16   16   16   32    32    32
        channels  192   256  320  576  576  576  608  608  1056  1024  1024

    A stage's maps have the size of the image divided by the stride, rounded up.

    Args:
        out_indices: stages whose maps are returned; the default is what TensorFlow's SSD takes. No later one is built.
        norm_cfg: mmcv's config of the normalization; None: batch norm, which ``weights`` need.
        weights: file or URL of ImageNet weights in the names of its port to PyTorch, for instance
            ``open-mmlab://bninception_caffe``, which expects BGR less (104, 117, 128). Loaded by :meth:`init_weights`,
            which training calls and testing does not.
    """

    def __init__(
        self, out_indices: Sequence[int] = (5, 10), norm_cfg: dict | None = None, weights: str | None = None
    ) -> None:
        super().__init__()
        if not out_indices or not set(out_indices) <= set(range(_NUM_STAGES)):
            raise InputError(f"InceptionV2 has stages 0 to {_NUM_STAGES - 1}, got out_indices {tuple(out_indices)}")
        self.out_indices = tuple(out_indices)
        self.weights = weights
        norm_cfg = norm_cfg or {"type": "BN"}
        stem = {
            "conv1_7x7_s2": _convolution(3, 64, 7, norm_cfg, stride=2),
            "pool1": _HalvingPool(),
            "conv2_3x3_reduce": _convolution(64, 64, 1, norm_cfg),
            "conv2_3x3": _convolution(64, 192, 3, norm_cfg),
            "pool2": _HalvingPool(),
        }
        self.stages = nn.ModuleDict({"stem": nn.Sequential(OrderedDict(stem))})
        channels = 192
        # Layers that no output needs would be parameters without gradients, which distributed training refuses.
        for name, widths in list(_MODULES.items())[: max(self.out_indices)]:
            module = _InceptionModule(channels, widths, nn.MaxPool2d if name == "5b" else nn.AvgPool2d, norm_cfg)
            self.stages[f"inception_{name}"] = module
            channels = module.out_channels

    def init_weights(self) -> None:
        """Load ``weights``."""
        super().init_weights()
        if self.weights is None:
            return
        loaded = read_checkpoint(self.weights, owner="InceptionV2")
        try:
            self._load_published(loaded.get("state_dict", loaded))
        except (KeyError, RuntimeError, AttributeError) as error:
            raise InputError(f"{self.weights} does not fit InceptionV2: {type(error).__name__}: {error}") from error

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Maps of the chosen stages, in the order of the network, of normalised images ``(B, 3, H, W)``."""
        chosen, maps = [], images
        for index, stage in enumerate(self.stages.values()):
            maps = stage(maps)
            if index in self.out_indices:
                chosen.append(maps)
        return tuple(chosen)

    @torch.no_grad()
    def _load_published(self, state: Mapping[str, Tensor]) -> None:
        from mmcv.cnn import ConvModule

        for name, layer in self.named_modules():
            if not isinstance(layer, ConvModule):
                continue
            _, stage, *_, convolution = name.split(".")
            published = convolution if stage == "stem" else f"{stage}_{convolution}"
            # Some files hold the vectors of batch norm as rows.
            norm = {key: state[f"{published}_bn.{key}"].flatten() for key in ("weight", "bias", "running_var")}
            # There is no bias here: batch norm subtracts it again.
            norm["running_mean"] = state[f"{published}_bn.running_mean"].flatten() - state[f"{published}.bias"]
            layer.conv.load_state_dict({"weight": state[f"{published}.weight"]})
            layer.norm.load_state_dict({**layer.norm.state_dict(), **norm})


class _InceptionModule(nn.Module):
    """Branches side by side, joined along the channels: four, or three that halve the resolution."""

    def __init__(self, in_channels: int, widths: tuple, pooling: type[nn.Module], norm_cfg: dict) -> None:
        super().__init__()
        single, (double_reduced, double), (triple_reduced, triple), projection = widths
        stride = 1 if single else 2
        branches = [
            {
                "3x3_reduce": _convolution(in_channels, double_reduced, 1, norm_cfg),
                "3x3": _convolution(double_reduced, double, 3, norm_cfg, stride),
            },
            {
                "double_3x3_reduce": _convolution(in_channels, triple_reduced, 1, norm_cfg),
                "double_3x3_1": _convolution(triple_reduced, triple, 3, norm_cfg),
                "double_3x3_2": _convolution(triple, triple, 3, norm_cfg, stride),
            },
            {"pool": pooling(3, stride=1, padding=1) if projection else _HalvingPool()},
        ]
        if single:
            branches.insert(0, {"1x1": _convolution(in_channels, single, 1, norm_cfg)})
        if projection:
            branches[-1]["pool_proj"] = _convolution(in_channels, projection, 1, norm_cfg)
        self.branches = nn.ModuleList(nn.Sequential(OrderedDict(layers)) for layers in branches)
        self.out_channels = single + double + triple + (projection or in_channels)

    def forward(self, maps: Tensor) -> Tensor:
        return torch.cat([branch(maps) for branch in self.branches], dim=1)


class _HalvingPool(nn.Module):
    """Maxima of 3×3 cells, every other one: Caffe's pooling for maps of even size, TensorFlow's for odd.

    The size is halved and rounded up. Where it is odd, Caffe's maps would not fit the convolutions beside them.
    """

    def forward(self, maps: Tensor) -> Tensor:
        height, width = maps.shape[2:]
        return F.max_pool2d(maps, 3, stride=2, padding=(height % 2, width % 2), ceil_mode=True)


def _convolution(in_channels: int, out_channels: int, size: int, norm_cfg: dict, stride: int = 1) -> BaseModule:
    """Convolution, normalization, ReLU; the maps keep their size, or with a stride of 2 half of it, rounded up."""
    from mmcv.cnn import ConvModule  # here, because it looks for mmcv's operators, and warns if it finds none

    return ConvModule(in_channels, out_channels, size, stride=stride, padding=size // 2, norm_cfg=norm_cfg)
