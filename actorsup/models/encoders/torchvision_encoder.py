"""Encoders of torchvision, with weights by name or from a file."""

from collections.abc import Mapping
from http.client import HTTPException
from pathlib import Path

import torch
import torchvision.models
from mmengine.logging import print_log
from torch import Tensor, nn
from torchvision.models.feature_extraction import create_feature_extractor

from actorsup.errors import InputError
from actorsup.io.checkpoints import load_checkpoint
from actorsup.registry import MODELS

from .encoder import CutModel, Encoder, measure_strides

_HOW_TO_GIVE_A_FILE = "`weights=PATH` where the config names it"


@MODELS.register_module()
class VGG16Encoder(Encoder):
    """VGG16 up to relu5_3, without the last maximum pooling; all parameters are tuned (Sections 4.2 and 6.2).

    Args:
        weights: torchvision's name (the paper's: ``IMAGENET1K_V1``), or the path of a state dict of torchvision's
            vgg16; None: random. Loaded by :meth:`init_weights`, which training calls and testing a checkpoint does not.
    """

    stride = 16
    out_channels = 512

    def __init__(self, weights: str | None = None) -> None:
        super().__init__()
        self.weights = weights
        self.features = vgg16_layers(30)  # up to relu5_3

    def init_weights(self) -> None:
        """Load ``weights``."""
        if self.weights is not None:
            load_torchvision_weights(self, "vgg16", self.weights)
        self.is_init = True

    def forward(self, frames: Tensor) -> Tensor:
        """Feature maps ``(B·N, 512, H // 16, W // 16)`` of normalised frames ``(B·N, 3, H, W)``."""
        return self.features(frames)


def vgg16_layers(num_layers: int) -> nn.Sequential:
    """The first layers of torchvision's vgg16, with random weights."""
    # Built without memory first: the classifier, which is not used, is nine tenths of the model.
    with torch.device("meta"):
        layers = torchvision.models.vgg16().features[:num_layers]
    layers = layers.to_empty(device="cpu")
    for layer in layers:
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
            nn.init.zeros_(layer.bias)
    return layers


@MODELS.register_module()
class TorchvisionEncoder(CutModel):
    """A classification model of torchvision, cut at one of its nodes; all parameters are tuned.

    Most need help to centre their cells where the pooling takes them to be, which
    :func:`actorsup.models.encoders.measure_cell_center` checks::

        model           node         stride   padding   skipped_cells   off by
        vgg16           features.29    16        0            0           0 px
        squeezenet1_1   features.12    16        8            0          -½ px
        resnet18, 50    layer3         16        8            1          +½ px
        resnet18, 50    layer4         32       16            1          +½ px

    Args:
        name: torchvision's name of the model.
        node: where to cut, as ``torchvision.models.feature_extraction`` names it: a module stands for its last node.
        weights: as in :class:`VGG16Encoder`.
        weights_prefix: what the names in that file begin with where the model is a part of another, such as
            ``backbone.body.`` in a detector with a ``TorchvisionBackbone``.
        padding, skipped_cells: as in :class:`CutModel`.

    Raises:
        InputError: if there is no such model or node, or what the node gives is not a map ``(B·N, C, H', W')`` with one
            whole-numbered stride.
    """

    def __init__(
        self,
        name: str,
        node: str,
        weights: str | None = None,
        padding: int = 0,
        skipped_cells: int = 0,
        weights_prefix: str = "",
    ) -> None:
        super().__init__(padding, skipped_cells)
        self.name, self.node = name, node
        self.weights, self.weights_prefix = weights, weights_prefix
        self.body = cut_torchvision_model(name, {node: "maps"})
        _, self.out_channels, self.stride = measure_strides(self, f"{name} cut at {node!r}")

    def init_weights(self) -> None:
        """Load ``weights``."""
        if self.weights is not None:
            load_torchvision_weights(self.body, self.name, self.weights, self.weights_prefix)
        self.is_init = True

    def maps(self, frames: Tensor) -> Tensor:
        """What the node gives, ``(B·N, C, H', W')``."""
        return self.body(frames)["maps"]


def cut_torchvision_model(name: str, nodes: Mapping[str, str]) -> nn.Module:
    """A model from images to ``{key: maps}`` up to the last of its ``nodes``, ``{node: key}``, with random weights.

    Its parameters bear torchvision's names. An unknown model or node is an :class:`InputError`.
    """
    if name not in torchvision.models.list_models(module=torchvision.models):
        raise InputError(
            f"torchvision has no classification model {name!r}: torchvision.models.list_models() names them"
        )
    model = torchvision.models.get_model(name, weights=None)
    try:
        return create_feature_extractor(model, dict(nodes))
    except ValueError as error:
        raise InputError(f"{name} cannot be cut at {', '.join(map(repr, nodes))}: {error}") from error


def load_torchvision_weights(module: nn.Module, model_name: str, weights: str, prefix: str = "") -> None:
    """Load the part of a torchvision model that ``module`` holds; its parameters bear torchvision's names.

    The ``weights`` are torchvision's name, such as ``IMAGENET1K_V1``, downloaded once into torch.hub's cache; or the
    path of a state dict or checkpoint of the whole model, in which the names of its parameters begin with ``prefix``.

    Raises:
        InputError: if there is neither such a name nor such a file, the download fails, or the weights do not fit.
    """
    named = torchvision.models.get_model_weights(model_name).__members__
    if weights in named:
        try:
            state = named[weights].get_state_dict(progress=True, check_hash=True)
        except (OSError, RuntimeError, HTTPException) as error:  # RuntimeError: torch.hub's for a wrong checksum
            raise InputError(
                f"could not download the weights {weights} of {model_name} from {named[weights].url} ({error}). "
                f"Without a network, fetch that file elsewhere and give its path by {_HOW_TO_GIVE_A_FILE}"
            ) from error
        module.load_state_dict(state, strict=False)
    elif Path(weights).is_file():
        load_checkpoint(module, str(weights), model_name, part=prefix.removesuffix(".") or None)
    else:
        raise InputError(
            f"weights {weights!r}: there is no such file, and torchvision's weights for {model_name} are "
            f"{', '.join(named)}. Name one of these, or give an existing file by {_HOW_TO_GIVE_A_FILE}"
        )
    print_log(f"{model_name}: loaded {len(module.state_dict())} tensors from {weights}", logger="current")
