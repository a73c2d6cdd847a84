"""Backbones without padding, for trackers."""

from collections.abc import Sequence

from mmengine.model import kaiming_init
from torch import Tensor, nn

from actorsup.errors import InputError
from actorsup.models.encoders import Encoder
from actorsup.models.encoders.torchvision_encoder import load_torchvision_weights, vgg16_layers
from actorsup.registry import MODELS

_NUM_LAYERS_TO_CONV4_3 = 22


@MODELS.register_module()
class UnpaddedVGG16(Encoder):
    """VGG16 up to conv4_3 (before pool4), every convolution without padding (paper, Sec. 4.2; SiamFC).

    An exemplar of 127 pixels gives a template of 5×5 cells, a search region of 255 pixels one of 21×21, hence responses
    of 17×17 at stride 8. Padding would make features depend on their distance to the border, and pull the peak to the
    centre; without it, shifting the input by 8 pixels shifts the features by one cell.

    Args:
        weights: torchvision's name, or the path of a state dict of torchvision's vgg16; None: random. Loaded by
            ``init_weights``.
    """

    stride = 8
    out_channels = 512

    def __init__(self, weights: str | None = None) -> None:
        super().__init__()
        self.weights = weights
        # Without the ReLU after conv4_3: a correlation needs both signs.
        self.features = vgg16_layers(_NUM_LAYERS_TO_CONV4_3)
        for layer in self.features:
            if isinstance(layer, nn.Conv2d):
                layer.padding = (0, 0)

    def init_weights(self) -> None:
        """Load ``weights``."""
        if self.weights is not None:
            load_torchvision_weights(self, "vgg16", self.weights)
        self.is_init = True

    def forward(self, crops: Tensor) -> Tensor:
        """See ``Encoder.forward``; of preprocessed crops."""
        return self.features(crops)


@MODELS.register_module()
class UnpaddedThinNet(Encoder):
    """One convolution of 5×5 at stride 2 and five of 3×3, two maximum poolings, no padding: fast on one CPU core.

    An exemplar of 127 pixels gives a template of 6×6 cells, a search region of 255 pixels one of 22×22, hence responses
    of 17×17 at stride 8, as SiamFC's network does; the receptive field is 81 pixels.

    Args:
        channels: of the six convolutions.
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
        """See ``Encoder.forward``; of preprocessed crops."""
        return self.features(crops)


def _block(num_in: int, num_out: int, kernel: int = 3, stride: int = 1, pool: bool = False) -> list[nn.Module]:
    convolution = nn.Conv2d(num_in, num_out, kernel, stride, bias=False)
    pooling = [nn.MaxPool2d(3, 2)] if pool else []
    return [convolution, *pooling, nn.BatchNorm2d(num_out), nn.ReLU(inplace=True)]
