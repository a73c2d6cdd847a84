"""The paper's tracker backbone: VGG16's first four blocks, without padding."""

from torch import Tensor, nn

from actorsup.models.encoders import Encoder
from actorsup.models.encoders.pretrained import load_torchvision_weights
from actorsup.models.encoders.vgg16 import vgg16_layers
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
        """Features ``(K, 512, h', w')`` of preprocessed crops ``(K, 3, h, w)``."""
        return self.features(crops)
