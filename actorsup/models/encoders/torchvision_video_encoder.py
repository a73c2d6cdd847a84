"""Video models of torchvision, whose maps have a stride in time too."""

import torch.nn.functional as F
import torchvision.models.video
from torch import Tensor, nn
from torchvision.models.video import S3D, MViT, SwinTransformer3d, VideoResNet

from actorsup.errors import InputError
from actorsup.registry import MODELS

from .encoder import CutModel, measure_strides, padded_clips
from .torchvision_encoder import load_torchvision_weights


@MODELS.register_module()
class TorchvisionVideoEncoder(CutModel):
    """A video model of torchvision, cut after one of its stages; all parameters are tuned.

    Strides in frames and pixels, what centres map and cells, and how far off their centres are then from where the
    pooling takes them to be, as :func:`measure_cell_center` measures it::

        model             node          strides       padding  skipped_cells  temporal_padding  skipped_maps  off by
        r3d_18            layer3     4 frames,  8 px     4           1               2                1       +½, +½ px
        r3d_18            layer4     8 frames, 16 px     8           1               4                1       +½, +½ px
        r2plus1d_18       layer4     8 frames, 16 px     8           1               4                1       +½, +½ px
        mc3_18            layer3     1 frame,   8 px     4           1               0                0        0, +½ px
        mc3_18            layer4     1 frame,  16 px     8           1               0                0        0, +½ px
        s3d               features.12  4 frames, 16 px   8           1               2                1       +½, +½ px
        s3d               features.15  8 frames, 32 px  24           1               6                1       +½, +½ px
        mvit_v2_s         blocks.13  2 frames, 16 px     8           1               0                0       -½, +½ px
        mvit_v2_s         norm       2 frames, 32 px    16           1               0                0       -½, +½ px
        swin3d_t, _s, _b  features.4 2 frames, 16 px     0           0               0                0        0,  0 px
        swin3d_t, _s, _b  norm       2 frames, 32 px     0           0               0                0        0,  0 px

    Without that the cells of all but the last two are up to half a cell too far left and up, and the maps up to half a
    map too early. The weights want frames normalised by a mean of (.43216, .394666, .37645) and a deviation of (.22803,
    .22145, .216989); those of ``mvit_v2_s`` by .45 and .225, those of ``swin3d`` by ImageNet's.

    Args:
        name: torchvision's name of the model.
        node: the last stage: of ``r3d_18``, ``mc3_18`` and ``r2plus1d_18`` ``stem`` to ``layer4``; ``features.0`` and
            so on of ``s3d``; ``features.0`` and so on, or ``norm``, of ``swin3d_t``, ``_s`` and ``_b``; ``blocks.0``
            and so on, or ``norm``, of ``mvit_v2_s``.
        weights: as in :class:`VGG16Encoder`: torchvision's name, such as ``KINETICS400_V1``, or a path.
        padding, skipped_cells: as in :class:`CutModel`.
        temporal_padding: how often the first and the last frame are repeated, for networks whose map ``j`` lies that
            many frames too late.
        skipped_maps: maps then dropped at the beginning, for networks whose first map is centred on the first frame.

    Raises:
        InputError: if there is no such model or stage, or it does not take clips of any size.
    """

    takes_clips = True

    def __init__(
        self,
        name: str,
        node: str,
        weights: str | None = None,
        padding: int = 0,
        skipped_cells: int = 0,
        temporal_padding: int = 0,
        skipped_maps: int = 0,
    ) -> None:
        super().__init__(padding, skipped_cells)
        if temporal_padding < 0 or skipped_maps < 0:
            given = f"{temporal_padding} and {skipped_maps}"
            raise InputError(f"temporal_padding and skipped_maps must be at least 0, got {given}")
        self.temporal_padding, self.skipped_maps = temporal_padding, skipped_maps
        self.name, self.node, self.weights = name, node, weights
        if name not in torchvision.models.list_models(module=torchvision.models.video):
            known = ", ".join(torchvision.models.list_models(module=torchvision.models.video))
            raise InputError(f"torchvision has no video model {name!r}, but {known}")
        self.body = torchvision.models.get_model(name, weights=None)
        stages = _stages(self.body)
        if node not in stages:
            raise InputError(f"{name} cannot be cut after {node!r}: its stages are {', '.join(stages)}")
        self._stages = stages[: stages.index(node) + 1]
        _cut(self.body, self._stages)
        self.temporal_stride = self.stride = 1  # until they are known
        strides = measure_strides(self, f"{name} cut after {node!r}")
        self.temporal_stride, self.out_channels, self.stride = strides

    def init_weights(self) -> None:
        """Load ``weights``."""
        if self.weights is not None:
            load_torchvision_weights(self.body, self.name, self.weights)
        self.is_init = True

    def forward(self, clips: Tensor) -> Tensor:
        """Feature maps ``(B, N', C, H', W')`` of clips ``(B, N, 3, H, W)``, without cells of padding alone."""
        num_maps, rows, columns = (
            -(-length // stride)
            for length, stride in zip(
                (clips.shape[1], *clips.shape[-2:]), (self.temporal_stride, self.stride, self.stride), strict=True
            )
        )
        frames = F.pad(padded_clips(clips, self.temporal_stride, self.temporal_padding), (self.padding,) * 4)
        maps = self.maps(frames.transpose(1, 2)).transpose(1, 2)[:, self.skipped_maps :]
        return maps[:, :num_maps, :, self.skipped_cells :, self.skipped_cells :][..., :rows, :columns]

    def maps(self, frames: Tensor) -> Tensor:
        """What the stage gives, ``(B, C, N', H', W')``, of padded clips ``(B, 3, N, H, W)``."""
        if isinstance(self.body, MViT):
            return self._maps_of_tokens(frames)
        for name in self._stages:
            frames = self.body.get_submodule(name)(frames)
        return frames.permute(0, 4, 1, 2, 3) if isinstance(self.body, SwinTransformer3d) else frames

    def _maps_of_tokens(self, frames: Tensor) -> Tensor:
        """As MViT's own ``forward``, which takes clips of one size alone."""
        patches = self.body.conv_proj(frames)
        size, tokens = tuple(patches.shape[2:]), self.body.pos_encoding(patches.flatten(2).transpose(1, 2))
        for name in self._stages[2:]:
            if name == "norm":
                tokens = self.body.norm(tokens)
            else:
                tokens, size = self.body.get_submodule(name)(tokens, size)
        return tokens[:, 1:].transpose(1, 2).unflatten(2, size)  # the first is of the class


def _stages(model: nn.Module) -> list[str]:
    """The names of the parts of a video model that run one after the other, up to what pools their maps."""
    if isinstance(model, VideoResNet):
        return ["stem", "layer1", "layer2", "layer3", "layer4"]
    if isinstance(model, MViT):
        return ["conv_proj", "pos_encoding", *(f"blocks.{index}" for index in range(len(model.blocks))), "norm"]
    features = [f"features.{index}" for index in range(len(model.features))]
    if isinstance(model, S3D):
        return features
    return ["patch_embed", "pos_drop", *features, "norm"]


def _cut(model: nn.Module, stages: list[str]) -> None:
    """Delete all parts but some first stages."""
    for name, child in list(model.named_children()):
        inside = [stage for stage in stages if stage.startswith(f"{name}.")]
        if inside:
            del child[len(inside) :]
        elif name not in stages:
            delattr(model, name)
