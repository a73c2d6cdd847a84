"""The paper's encoder: the convolutional stages of VGG16."""

import torch
from torch import Tensor, nn
from torchvision.models import vgg16

from actorsup.registry import MODELS

from .encoder import Encoder
from .torchvision_encoder import load_torchvision_weights

_NUM_LAYERS_TO_RELU5_3 = 30


@MODELS.register_module()
class VGG16Encoder(Encoder):
    """VGG16 up to relu5_3, without the last maximum pooling; all parameters are tuned (Sections 4.2 and 6.2).

    Frames of 240×320 pixels give 15×20 maps of 512 channels, and every cell is centred ``16 · (i + ½)`` pixels from the
    border.

    Args:
        weights: torchvision's name (the paper's: ``IMAGENET1K_V1``), or the path of a state dict of torchvision's
            vgg16; None: random. Loaded by :meth:`init_weights`, which training calls and testing a checkpoint does not.
    """

    stride = 16
    out_channels = 512

    def __init__(self, weights: str | None = None) -> None:
        super().__init__()
        self.weights = weights
        self.features = vgg16_layers(_NUM_LAYERS_TO_RELU5_3)

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
        layers = vgg16().features[:num_layers]
    layers = layers.to_empty(device="cpu")
    for layer in layers:
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
            nn.init.zeros_(layer.bias)
    return layers
