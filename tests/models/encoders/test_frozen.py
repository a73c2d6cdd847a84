import torch
from torch import nn

from actorsup.models.encoders import Encoder
from actorsup.models.encoders.encoder import FrozenEncoder
from actorsup.registry import MODELS


@MODELS.register_module()
class NormalizingEncoder(Encoder):
    """A convolution and batch norm."""

    stride = 2
    out_channels = 4

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Conv2d(3, 4, 2, 2), nn.BatchNorm2d(4))

    def forward(self, frames):
        return self.layers(frames)


def test_neither_weights_nor_statistics_change_in_training():
    encoder = FrozenEncoder({"type": "NormalizingEncoder"}).train()
    before = {name: tensor.clone() for name, tensor in encoder.state_dict().items()}
    head = nn.Linear(4, 1)
    optimizer = torch.optim.SGD([*encoder.parameters(), *head.parameters()], lr=1.0, weight_decay=0.1)
    maps = encoder(torch.randn(2, 3, 8, 8))
    head(maps.mean(dim=(2, 3))).sum().backward()
    optimizer.step()
    assert all(torch.equal(before[name], tensor) for name, tensor in encoder.state_dict().items())
    assert head.weight.grad.abs().sum() > 0


def test_it_is_the_encoder_that_it_holds_in_its_testing_mode():
    frozen = FrozenEncoder({"type": "NormalizingEncoder"}).train()
    frames = torch.randn(2, 3, 8, 8)
    maps = frozen(frames)
    assert all(torch.equal(maps[[index]], frozen.encoder.eval()(frames[[index]])) for index in range(len(frames)))
    torch.testing.assert_close(maps, frozen.encoder(frames))
    assert (frozen.stride, frozen.out_channels) == (2, 4)
