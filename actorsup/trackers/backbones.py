"""Backbones without padding, for trackers."""

from collections.abc import Sequence

from mmengine.model import kaiming_init
from torch import Tensor, nn

from actorsup.errors import InputError
from actorsup.models.encoders import Encoder
from actorsup.models.encoders.torchvision_encoder import load_torchvision_weights, vgg16_layers
from actorsup.registry import MODELS


@MODELS.register_module()
class UnpaddedVGG16(Encoder):
    """VGG16 up to conv4_3 (before pool4) without padding, which would pull the peak to the centre (Sec. 4.2; SiamFC).

    Crops of 127 and 255 pixels give features of 5×5 and 21×21 cells, hence responses of 17×17 at stride 8.
    ``init_weights`` loads ``weights``: torchvision's name or a state dict of its vgg16; None leaves them random.
    """

    stride = 8
    out_channels = 512

    def __init__(self, weights: str | None = None) -> None:
        super().__init__()
        self.weights = weights
        self.features = vgg16_layers(22)  # to conv4_3 without its ReLU: a correlation needs both signs
        for layer in self.features:
            if isinstance(layer, nn.Conv2d):
                layer.padding = (0, 0)

    def init_weights(self) -> None:
        """Load ``weights``."""
        if self.weights is not None:
            load_torchvision_weights(self, "vgg16", self.weights)
        self.is_init = True

    def forward(self, crops: Tensor) -> Tensor:
        """Features of preprocessed crops."""
        return self.features(crops)


@MODELS.register_module()
class UnpaddedThinNet(Encoder):
    """Six convolutions of ``channels`` and two max poolings without padding: fast on one CPU core.

    Crops of 127 and 255 pixels give features of 6×6 and 22×22 cells, hence responses of 17×17 at stride 8 as of SiamFC;
    the receptive field is 81 pixels.
    """

    stride = 8

    def __init__(self, channels: Sequence[int] = (24, 32, 48, 96, 128, 128)) -> None:
        super().__init__()
        if len(channels) != 6 or min(channels) < 1:
            raise InputError(f"UnpaddedThinNet has six convolutions, got channels {tuple(channels)}")
        self.out_channels = channels[-1]
        # Pooled first: normalising a quarter of the cells costs a quarter.
        self.features = nn.Sequential(
            *_block(3, channels[0], kernel=5, stride=2, pool=True),
            *_block(channels[0], channels[1]),
            *_block(channels[1], channels[2], pool=True),
            *_block(channels[2], channels[3]),
            *_block(channels[3], channels[4]),
            nn.Conv2d(channels[4], channels[5], 3),  # without ReLU: a correlation needs both signs
        )

    def init_weights(self) -> None:
        """Draw random weights that keep the variance of each layer's input (He et al.)."""
        for layer in self.features:
            if isinstance(layer, nn.Conv2d):
                kaiming_init(layer)
        self.is_init = True

    def forward(self, crops: Tensor) -> Tensor:
        """Features of preprocessed crops."""
        return self.features(crops)


def _block(num_in: int, num_out: int, kernel: int = 3, stride: int = 1, pool: bool = False) -> list[nn.Module]:
    layers = [nn.Conv2d(num_in, num_out, kernel, stride, bias=False), nn.BatchNorm2d(num_out), nn.ReLU(inplace=True)]
    return [layers[0], nn.MaxPool2d(3, 2), *layers[1:]] if pool else layers
