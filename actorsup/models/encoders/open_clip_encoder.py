"""Image towers of open_clip, the extra `openclip`, which see pictures and words in one space."""

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from actorsup.errors import InputError
from actorsup.io.checkpoints import load_checkpoint
from actorsup.registry import MODELS

from .encoder import CutModel, measure_strides, padded_frames
from .timm_encoder import create_timm_model

_TRANSFORMER, _RESNET, _TIMM = "VisionTransformer", "ModifiedResNet", "TimmModel"


@MODELS.register_module()
class OpenClipEncoder(CutModel):
    """The image tower of a model of open_clip, before it pools the picture into one vector; all parameters are tuned.

    Towers are CLIP's vision transformers and ResNets, and timm's, such as SigLIP's. Transformers take frames of any
    size as in :class:`TimmEncoder`, and their cells are centred exactly on their patches; those of the ResNets, stride
    32, are centred half a pixel too far left and up.

    With ``project`` the maps are in the space that the model shares with words, ``C`` its dimension, to be compared
    with text embeddings by cosine. A cell is what the tower would give of a picture if what pools it looked at that
    cell
    alone: in a transformer with a class token the last block's attention gives every token its own value, then come the
    last norm and the projection (as "Extract Free Dense Labels from CLIP", Zhou et al., 2022, does); the attention
    pooling of ResNets gives their values; towers that take a mean or have a pooling of their own get the cell alone.
    Otherwise maps are what comes after the last block and norm, and ``C`` its width.

    CLIP's models want frames normalised by other numbers than ImageNet's: ``open_clip.get_model_preprocess_cfg`` has
    them.

    Args:
        name: open_clip's name of the model, or ``local-dir:FOLDER`` with an ``open_clip_config.json``.
        weights: path of a state dict or checkpoint of the whole model, of torch or safetensors; None: random. Loaded by
            :meth:`init_weights`, which training calls and testing a checkpoint does not.
        project: whether maps are in the space of the words.
        padding, skipped_cells: as in :class:`CutModel`.

    Raises:
        InputError: if open_clip is not installed, has no such model, or its tower gives no maps, or none in the joint
            space.
    """

    def __init__(
        self,
        name: str,
        weights: str | None = None,
        project: bool = False,
        padding: int = 0,
        skipped_cells: int = 0,
    ) -> None:
        super().__init__(padding, skipped_cells)
        try:
            import open_clip
        except ImportError as error:
            raise InputError("OpenClipEncoder needs open_clip: pip install 'actorsup[openclip]'") from error
        self.name, self.weights, self.project = name, weights, project
        self.body = _image_tower(open_clip, name)
        self.kind = type(self.body).__name__
        if self.kind not in (_TRANSFORMER, _RESNET, _TIMM):
            raise InputError(f"{name}: its image tower is a {self.kind}, of which there are no maps")
        if project and getattr(self.body, "attn_pool", None) is not None:
            raise InputError(f"{name}: its attention pools several queries, not cells: project=False")
        if self.kind == _TIMM:
            self.stride = self.body.trunk.feature_info[-1]["reduction"]
        else:
            self.stride = self.body.patch_size[0] if self.kind == _TRANSFORMER else 32
        if not project:
            self._drop_projection()
        _, self.out_channels, _ = measure_strides(self, name, sizes=(8 * self.stride, 16 * self.stride))

    def init_weights(self) -> None:
        """Load ``weights``."""
        if self.weights is not None:
            load_checkpoint(self.body, self.weights, self.name, part="visual")
        self.is_init = True

    def maps(self, frames: Tensor) -> Tensor:
        """What the tower gives, ``(B·N, C, H', W')``, without cells that lie in the padding alone."""
        run = {_TRANSFORMER: self._of_transformer, _RESNET: self._of_resnet, _TIMM: self._of_timm}[self.kind]
        rows, columns = (
            -(-(length - 2 * self.padding) // self.stride) + self.skipped_cells for length in frames.shape[-2:]
        )
        return run(padded_frames(frames, self.stride))[..., :rows, :columns]

    def _of_transformer(self, frames: Tensor) -> Tensor:
        """As the tower's own ``forward``, which takes pictures of one size alone."""
        tower = self.body
        patches = tower.conv1(frames)
        of_class = tower.class_embedding.to(patches).expand(len(patches), 1, -1)
        tokens = torch.cat([of_class, patches.flatten(2).transpose(1, 2)], dim=1)
        tokens = tower.ln_pre(tower.patch_dropout(tokens + self._positions(patches)))
        *blocks, last = tower.transformer.resblocks
        for block in blocks:
            tokens = block(tokens)
        alone = None
        if self.project and tower.pool_type == "tok":
            alone = torch.full((tokens.shape[1],) * 2, -torch.inf, device=tokens.device).fill_diagonal_(0)
        tokens = last(tokens, attn_mask=alone)
        if tower.attn_pool is None:  # which comes before the norm
            tokens = tower.ln_post(tokens)
        if self.project:
            tokens = tokens @ tower.proj
        return tokens[:, 1:].transpose(1, 2).unflatten(2, patches.shape[2:])

    def _positions(self, patches: Tensor) -> Tensor:
        """The position embeddings ``(1 + H'·W', C)`` of class and patches, resized to the map."""
        positions, size = self.body.positional_embedding, tuple(patches.shape[2:])
        if size == tuple(self.body.grid_size):
            return positions.to(patches)
        of_map = positions[1:].transpose(0, 1).unflatten(1, self.body.grid_size)[None].float()
        resized = F.interpolate(of_map, size=size, mode="bicubic", antialias=True)[0].flatten(1).transpose(0, 1)
        return torch.cat([positions[:1], resized.to(positions)]).to(patches)

    def _of_resnet(self, frames: Tensor) -> Tensor:
        tower = self.body
        maps = tower.stem(frames)
        for layer in (tower.layer1, tower.layer2, tower.layer3, tower.layer4):
            maps = layer(maps)
        if not self.project:
            return maps
        pooling = tower.attnpool
        return pooling.c_proj(pooling.v_proj(maps.movedim(1, -1))).movedim(-1, 1)

    def _of_timm(self, frames: Tensor) -> Tensor:
        trunk = self.body.trunk
        (maps,) = trunk.forward_intermediates(frames, indices=1, norm=True, intermediates_only=True, output_fmt="NCHW")
        if not self.project:
            return maps
        cells = maps.movedim(1, -1).flatten(0, 2)  # (B·N·H'·W', C): each a picture of one cell
        if hasattr(trunk, "num_prefix_tokens"):  # whose pooling may take a prefix, the rest, or all
            alone = cells[:, None].expand(-1, 1 + trunk.num_prefix_tokens, -1)
        else:
            alone = cells[..., None, None]
        embedded = self.body.head(trunk.forward_head(alone))
        return embedded.unflatten(0, (len(maps), *maps.shape[2:])).movedim(-1, 1)

    def _drop_projection(self) -> None:
        """Delete what the maps do not come through."""
        if self.kind == _TIMM:
            self.body.trunk.prune_intermediate_layers(1, prune_norm=False, prune_head=True)
            self.body.head = nn.Identity()
        elif self.kind == _RESNET:
            self.body.attnpool = None
        else:
            self.body.proj = None
            if self.body.attn_pool is not None:
                self.body.attn_pool = self.body.attn_pool_contrastive = None
                self.body.ln_post = nn.Identity()


def _image_tower(open_clip, name: str) -> nn.Module:
    """The tower alone: the whole model's words take memory, and some of their models a network."""
    from open_clip.model import _build_vision_tower

    if name.startswith("hf-hub:"):
        raise InputError(f"{name}: would be downloaded; give local-dir:FOLDER")
    try:
        config = open_clip.get_model_config(name)
    except (OSError, ValueError) as error:
        raise InputError(f"{name}: its config cannot be read: {error}") from error
    if not isinstance(config, Mapping):
        raise InputError(f"open_clip {open_clip.__version__} has no model {name!r}: open_clip.list_models() names them")
    tower = _build_vision_tower(config["embed_dim"], config["vision_cfg"], config.get("quick_gelu", False))
    if type(tower).__name__ == _TIMM:
        trunk = tower.trunk
        options = {"num_classes": trunk.num_classes, "global_pool": getattr(trunk, "global_pool", None)}
        if hasattr(trunk, "dynamic_img_size"):
            tower.trunk, _ = create_timm_model(config["vision_cfg"]["timm_model_name"], **options)
    return tower
