"""From arrays to what the model takes."""

import numpy as np
import torch
from mmcv.transforms import BaseTransform

from actorsup.registry import TRANSFORMS
from actorsup.structures import VideoSample


@TRANSFORMS.register_module()
class PackVideo(BaseTransform):
    """The last step: ``inputs``, a uint8 tensor ``(N, 3, H, W)``, RGB, and ``data_samples``, a ``VideoSample``."""

    def transform(self, results: dict) -> dict:
        """Keep nothing but those two."""
        tube_labels = results.get("tube_labels")
        frames = np.ascontiguousarray(results["frames"].transpose(0, 3, 1, 2))
        return {
            "inputs": torch.from_numpy(frames),
            "data_samples": VideoSample(
                video=results["video"],
                frame_indices=results["frame_indices"],
                tubes=torch.from_numpy(results["tubes"]),
                frame_mask=torch.from_numpy(results["frame_mask"]),
                label=results["label"],
                proposals=results["proposals"].tubes,
                ground_truth=results["ground_truth"],
                tube_labels=None if tube_labels is None else torch.from_numpy(tube_labels),
            ),
        }
