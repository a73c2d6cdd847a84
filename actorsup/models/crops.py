"""Tube features by way of pictures: each box of a tube is cut out, and embedded as an ordinary picture."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from actorsup.errors import InputError
from actorsup.registry import MODELS
from actorsup.structures import TubeBatch

from .encoders import Encoder
from .joint_space import JointModel
from .pooling import TubePooling, mean_over_time


@MODELS.register_module()
class PixelEncoder(Encoder):
    """The normalised frames themselves, as maps of stride 1: for a pooling that looks at pixels."""

    stride = 1
    out_channels = 3

    def forward(self, frames: Tensor) -> Tensor:
        """The frames ``(B·N, 3, H, W)``."""
        return frames


@MODELS.register_module()
class CropPool(TubePooling):
    """Embeds a crop of each frame of a tube by the image tower of a joint model, and takes the mean; C' is D.

    The crop is a square around the middle of the box, so that the picture keeps its proportions; what it has beyond the
    frame is the mean colour, 0. The tower is never tuned. It takes the frames of a :class:`PixelEncoder`, normalised as
    the tower wants them: ``mean`` and ``std`` of the data preprocessor. The larger these frames, the more a small
    actor's crop shows.

    Args:
        images: config of a :class:`actorsup.models.joint_space.JointModel`.
        context: the square's side is the longer one of the box, and this share of it more.
        masked: what lies in the square but outside the box is the mean colour too.
        batch_size: crops that the tower embeds at a time.
    """

    def __init__(
        self, images: dict | JointModel, context: float = 0.2, masked: bool = False, batch_size: int = 32
    ) -> None:
        super().__init__((1, 1))
        if context < 0 or batch_size < 1:
            raise InputError(f"CropPool: context must be from 0 on, batch_size from 1, got {context} and {batch_size}")
        self.images = MODELS.build(images) if isinstance(images, dict) else images
        self.context, self.masked, self.batch_size = context, masked, batch_size
        self.tower = self.images.image_tower().requires_grad_(False)
        self.is_init = False

    def init_weights(self) -> None:
        """Load the tower's weights."""
        self.images.load_image_tower(self.tower)
        self.is_init = True

    def train(self, mode: bool = True) -> "CropPool":
        """Keep the tower in evaluation mode."""
        super().train(mode)
        self.tower.eval()
        return self

    @torch.no_grad()
    def of_frames(self, features: Tensor, tubes: TubeBatch, stride: int) -> Tensor:
        """Embeddings ``(P, N, D, 1, 1)`` of unit length, 0 in frames that do not count, of frames ``(B, N, 3, H, W)``.

        Raises:
            InputError: if what it gets are no frames.
        """
        if features.shape[2] != 3 or stride != 1:
            raise InputError(
                f"CropPool looks at frames, and gets maps of {features.shape[2]} channels and stride {stride}: give "
                "the model encoder=dict(_delete_=True, type='PixelEncoder')"
            )
        pooled = features.new_zeros((*tubes.weights.shape, self.tower.out_channels))
        counting = (tubes.weights > 0).nonzero()
        for counted in counting.split(self.batch_size) if len(counting) else ():
            places, frames = counted.unbind(dim=1)
            boxes, videos = tubes.boxes[places, frames].tolist(), tubes.video_index[places].tolist()
            found = zip(videos, frames.tolist(), boxes, strict=True)
            crops = torch.cat([self.crop(features[video, frame], box) for video, frame, box in found])
            pooled[places, frames] = self.tower(crops).to(pooled)
        return pooled[..., None, None]

    def over_time(self, frame_features: Tensor, weights: Tensor) -> Tensor:
        """The weighted mean, 0 where no frame counts."""
        return mean_over_time(frame_features, weights)

    def crop(self, frame: Tensor, box: list[float]) -> Tensor:
        """The picture ``(1, 3, *image_size)`` of a box ``x1, y1, x2, y2`` in a frame ``(3, H, W)``, to whole pixels."""
        x1, y1, x2, y2 = box
        side = max(1, round(max(x2 - x1, y2 - y1) * (1 + self.context)))
        left, top = round((x1 + x2 - side) / 2), round((y1 + y2 - side) / 2)
        shown = (left, top, left + side, top + side)
        if self.masked:
            whole = (math.floor(x1), math.floor(y1), math.ceil(x2), math.ceil(y2))
            shown = (*map(max, shown[:2], whole[:2]), *map(min, shown[2:], whole[2:]))
        height, width = frame.shape[1:]
        first_x, last_x = (min(max(x, 0), width) for x in shown[::2])
        first_y, last_y = (min(max(y, 0), height) for y in shown[1::2])
        square = frame.new_zeros((1, 3, side, side))
        if first_x < last_x and first_y < last_y:
            rows, columns = slice(first_y - top, last_y - top), slice(first_x - left, last_x - left)
            square[0, :, rows, columns] = frame[:, first_y:last_y, first_x:last_x]
        return F.interpolate(square, self.tower.image_size, mode="bicubic", antialias=True)
