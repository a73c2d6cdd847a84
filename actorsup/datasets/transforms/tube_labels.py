"""What each proposal shows, for training with full supervision."""

import numpy as np
from mmcv.transforms import BaseTransform

from actorsup.errors import InputError
from actorsup.registry import TRANSFORMS
from actorsup.structures import pairwise_tube_iou


@TRANSFORMS.register_module()
class LabelTubes(BaseTransform):
    """Give each proposal the action of the true tube that it overlaps most, or −1, background.

    For data sets with ``true_tubes``; after the step that says which proposals are used.

    Args:
        min_overlap: spatio-temporal IoU, above 0, from which a proposal shows the action; of equal overlaps the first
            true tube counts.

    Raises:
        InputError: if a video has no true tube.
    """

    def __init__(self, min_overlap: float = 0.5) -> None:
        if not 0 < min_overlap <= 1:
            raise InputError(f"LabelTubes: min_overlap must be above 0 and at most 1, got {min_overlap}")
        self.min_overlap = min_overlap

    def transform(self, results: dict) -> dict:
        """Add ``tube_labels (P,)``, int64."""
        ground_truth = results["ground_truth"]
        if not ground_truth:
            raise InputError(
                f"{results['video']}: LabelTubes finds no true tube; give the data set true_tubes=True and an "
                "ann_file in which each of its videos has one"
            )
        overlaps = pairwise_tube_iou(results["proposals"].tubes, ground_truth)
        actions = np.array([tube.label for tube in ground_truth])[overlaps.argmax(axis=1)]
        labels = np.where(overlaps.max(axis=1) >= self.min_overlap, actions, -1).astype(np.int64)
        return {**results, "tube_labels": labels}
