"""Video transformers of transformers, the extra `transformers`: VideoMAE and V-JEPA 2."""

import json
from collections.abc import Mapping
from pathlib import Path

import torch
import torch.nn.functional as F
from mmengine.logging import print_log
from torch import Tensor, nn

from actorsup.errors import InputError
from actorsup.io.checkpoints import load_pretrained
from actorsup.registry import MODELS

from .encoder import Encoder, padded_clips, padded_frames


@MODELS.register_module()
class TransformersVideoEncoder(Encoder):
    """VideoMAE or V-JEPA 2 of transformers: the tokens of its last layer as maps; all parameters are tuned.

    A cell is centred exactly on its patch, in space and time: both cut a clip into patches of 16×16 pixels in two
    frames. Frames whose sides are no multiple of the patch are padded with zeros at the right and below. At other sizes
    and lengths than those it was trained with, VideoMAE's position embeddings, which are fixed, are interpolated in
    space and time, and V-JEPA 2's rotary positions go on counting.

    Args:
        model: the content of a ``config.json``, with ``model_type``; or a folder as transformers saves a model, which
            has one. A model that names a folder needs it to be tested too.
        weights: such a folder, whose safetensors :meth:`init_weights` loads, which training calls and testing a
            checkpoint does not; None: the folder that ``model`` is, or random.

    Raises:
        InputError: if transformers is not installed, the folder has no such file, or the model is another one.
    """

    takes_clips = True

    def __init__(self, model: str | Mapping, weights: str | None = None) -> None:
        super().__init__()
        try:
            from transformers import AutoConfig, AutoModel
        except ImportError as error:
            needs = "TransformersVideoEncoder needs transformers: pip install 'actorsup[transformers]'"
            raise InputError(needs) from error
        described = isinstance(model, Mapping)
        settings = _settings(model) if described else _read_settings(Path(model).expanduser())
        self.weights = model if weights is None and not described else weights
        self.kind = settings.pop("model_type", None)
        if self.kind not in _RUN:
            raise InputError(
                f"{'model' if described else model}: model_type must be {' or '.join(_RUN)}, got {self.kind!r}"
            )
        config = AutoConfig.for_model(self.kind, **settings)
        self.stride, self.temporal_stride = _one(config.patch_size), config.tubelet_size
        self.out_channels = config.hidden_size
        self.body = _without_predictor(AutoModel.from_config(config))
        for layer in self.body.layer if self.kind == "vjepa2" else ():
            layer.attention.get_position_ids = _given_positions

    def init_weights(self) -> None:
        """Load ``weights``."""
        self.is_init = True
        if self.weights is None:
            return
        from transformers import AutoModel

        loaded = load_pretrained(AutoModel, self.weights, optional="predictor.")
        try:
            self.body.load_state_dict(_without_predictor(loaded).state_dict())
        except RuntimeError as error:
            raise InputError(f"{self.weights}: is another model than the encoder's: {error}") from error
        print_log(f"{self.kind}: loaded {len(self.body.state_dict())} tensors from {self.weights}", logger="current")

    def forward(self, clips: Tensor) -> Tensor:
        """Feature maps ``(B, N', C, H', W')`` of normalised clips ``(B, N, 3, H, W)``."""
        frames = padded_frames(padded_clips(clips, self.temporal_stride), self.stride).transpose(1, 2)
        tokens, size = _RUN[self.kind](self.body, frames)  # (B, N'·H'·W', C)
        return tokens.unflatten(1, size).permute(0, 1, 4, 2, 3)


def _videomae(model: nn.Module, frames: Tensor) -> tuple[Tensor, tuple[int, ...]]:
    patches = model.embeddings.patch_embeddings
    maps = patches.projection(frames)
    config, positions = model.config, model.embeddings.position_embeddings  # (1, N'·H'·W', C)
    trained = (
        config.num_frames // patches.tubelet_size,
        *(length // patch for length, patch in zip(patches.image_size, patches.patch_size, strict=True)),
    )
    positions = positions.transpose(1, 2).unflatten(2, trained).to(maps)
    if maps.shape[2:] != trained:
        positions = F.interpolate(positions, size=maps.shape[2:], mode="trilinear")
    tokens = (maps + positions).flatten(2).transpose(1, 2)
    for layer in model.encoder.layer:
        tokens = layer(tokens)
    return tokens if model.layernorm is None else model.layernorm(tokens), tuple(maps.shape[2:])


def _vjepa2(model: nn.Module, frames: Tensor) -> tuple[Tensor, tuple[int, ...]]:
    maps = model.embeddings.patch_embeddings.proj(frames)
    size = tuple(maps.shape[2:])
    counts = [torch.arange(length, device=maps.device) for length in size]
    positions = [of.flatten() for of in torch.meshgrid(*counts, indexing="ij")]
    tokens = maps.flatten(2).transpose(1, 2)
    for layer in model.layer:
        tokens = layer(tokens, position_mask=positions)[0]
    return model.layernorm(tokens), size


_RUN = {"videomae": _videomae, "vjepa2": _vjepa2}


def _given_positions(tokens: Tensor, masks: list[Tensor]) -> list[Tensor]:
    """In place of V-JEPA 2's own, which takes every map to be the square that it was trained with."""
    return masks


def _without_predictor(model: nn.Module) -> nn.Module:
    """Of V-JEPA 2 the encoder alone."""
    return model.encoder if hasattr(model, "predictor") else model


def _read_settings(folder: Path) -> dict:
    path = folder / "config.json"
    try:
        return _settings(json.loads(path.read_text()))
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file; a folder that transformers has saved a model into has one") from error
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise InputError(f"{path}: is no config of a model: {error}") from error


def _settings(config: Mapping) -> dict:
    """What mmengine has read as a config, as plain containers."""
    return {
        name: _settings(value) if isinstance(value, Mapping) else value
        for name, value in config.items()
        if name not in ("architectures", "transformers_version", "torch_dtype", "dtype")
    }


def _one(side: int | list[int]) -> int:
    sides = set(side) if isinstance(side, (list, tuple)) else {side}
    if len(sides) != 1:
        raise InputError(f"patches must be square, got patch_size {side}")
    return sides.pop()
