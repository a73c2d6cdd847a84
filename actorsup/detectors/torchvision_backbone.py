"""Any network of torchvision as the backbone of an mmdet detector."""

from collections.abc import Sequence

from mmengine.model import BaseModule
from torch import Tensor

from actorsup.models.encoders import cut_torchvision_model, load_torchvision_weights
from actorsup.registry import MODELS


@MODELS.register_module()
class TorchvisionBackbone(BaseModule):
    """A classification model of torchvision, cut at several of its nodes.

    What a detector learns in it can be an encoder's beginning: ``TorchvisionEncoder(weights=<the detector's
    checkpoint>, weights_prefix="backbone.body.")``.

    Args:
        name: torchvision's name of the model.
        nodes: where maps are taken, from the first to the last, as ``TorchvisionEncoder`` names them.
        weights: torchvision's name of weights, or the path of a state dict of the whole model; None: random. Loaded by
            :meth:`init_weights`, which training calls and testing a checkpoint does not.
        init_cfg: how mmengine initializes the rest.

    Raises:
        InputError: if there is no such model or node, or the weights cannot be loaded.
    """

    def __init__(
        self,
        name: str,
        nodes: Sequence[str],
        weights: str | None = None,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.name = name
        self.nodes = tuple(nodes)
        self.weights = weights
        self.body = cut_torchvision_model(name, {node: node for node in self.nodes})

    def init_weights(self) -> None:
        """Initialize as ``init_cfg`` says, then load ``weights``."""
        super().init_weights()
        if self.weights is not None:
            load_torchvision_weights(self.body, self.name, self.weights)

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Maps of the nodes, in their order, of normalised images ``(B, 3, H, W)``."""
        maps = self.body(images)
        return tuple(maps[node] for node in self.nodes)
