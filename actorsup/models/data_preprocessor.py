"""From the frames that a dataset yields to the tensor that an encoder takes."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from mmengine.model import BaseDataPreprocessor
from torch import Tensor

from actorsup.registry import MODELS
from actorsup.structures import VideoSample


@MODELS.register_module()
class VideoDataPreprocessor(BaseDataPreprocessor):
    """Moves frames to the model's device, normalises them and makes one tensor of the videos of a batch.

    ``mean`` and ``std`` are of the RGB channels, for intensities in [0, 1]. Section 6.2 names these, which the ImageNet
    weights expect, and a range of [−0.5, 0.5]; the two do not go together (these give about [−2.1, 2.6]).
    """

    def __init__(
        self, mean: Sequence[float] = (0.485, 0.456, 0.406), std: Sequence[float] = (0.229, 0.224, 0.225)
    ) -> None:
        super().__init__()
        if len(mean) != 3 or len(std) != 3 or min(std) <= 0:
            raise ValueError(f"expected 3 means and 3 positive deviations, got {mean} and {std}")
        self.register_buffer("mean", torch.tensor(mean).view(3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(std).view(3, 1, 1), persistent=False)

    def forward(self, data: dict, training: bool = False) -> dict:
        """Normalise and stack: B uint8 RGB ``inputs`` ``(N, 3, H, W)`` become one float32 ``(B, N, 3, H, W)``.

        Frames smaller than the largest of the batch are padded right and below, with zeros after normalising.

        Raises:
            ValueError: if the frames are not as above, or their number differs from video to video.
        """
        videos, samples = list(data["inputs"]), list(data["data_samples"])
        _check(videos, samples)
        height, width = (max(frames.shape[axis] for frames in videos) for axis in (2, 3))
        inputs = []
        for frames in videos:
            # Bytes travel to the device: a quarter of what floats would.
            intensities = frames.to(self.device, non_blocking=self._non_blocking).float() / 255
            normalized = (intensities - self.mean) / self.std
            inputs.append(F.pad(normalized, (0, width - frames.shape[3], 0, height - frames.shape[2])))
        return {"inputs": torch.stack(inputs), "data_samples": samples}


def _check(videos: list[Tensor], samples: list[VideoSample]) -> None:
    if not videos or len(videos) != len(samples):
        raise ValueError(f"expected a sample a video, at least one, got {len(videos)} videos, {len(samples)} samples")
    for frames, sample in zip(videos, samples, strict=True):
        if frames.dtype != torch.uint8 or frames.ndim != 4 or frames.shape[1] != 3:
            raise ValueError(
                f"{sample.video}: frames must be uint8 of shape (num_frames, 3, height, width), "
                f"got {frames.dtype} of shape {tuple(frames.shape)}"
            )
    if any(len(frames) != len(videos[0]) for frames in videos[1:]):
        counts = ", ".join(f"{sample.video}: {len(frames)}" for frames, sample in zip(videos, samples, strict=True))
        raise ValueError(f"the videos of a batch need the same number of frames, got {counts}")
