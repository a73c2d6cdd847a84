"""What true tubes add to the proposals, for upper bounds: which of them show the action, or that no actor is missed."""

from dataclasses import replace

import numpy as np
from mmcv.transforms import BaseTransform

from actorsup.errors import InputError
from actorsup.registry import TRANSFORMS
from actorsup.structures import Tube, pairwise_tube_iou


@TRANSFORMS.register_module()
class AddTrueTubes(BaseTransform):
    """The true tubes as the first proposals, as if detector and linker found every actor that acts, exactly.

    For data sets with ``true_tubes``; before ``AttachTubes``, which drops the last proposals if there are too many. The
    actor's label of a tube that is added is 0 and means nothing. With it training keeps videos without proposals.

    Raises:
        InputError: if a video has no true tube.
    """

    adds_tubes = True

    def transform(self, results: dict) -> dict:
        """Change ``proposals``."""
        added = tuple(replace(tube, label=0, annotated=None) for tube in _true_tubes(results, type(self).__name__))
        proposals = results["proposals"]
        return {**results, "proposals": replace(proposals, tubes=(*added, *proposals.tubes))}


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
        ground_truth = _true_tubes(results, type(self).__name__)
        overlaps = pairwise_tube_iou(results["proposals"].tubes, ground_truth)
        actions = np.array([tube.label for tube in ground_truth])[overlaps.argmax(axis=1)]
        labels = np.where(overlaps.max(axis=1) >= self.min_overlap, actions, -1).astype(np.int64)
        return {**results, "tube_labels": labels}


def _true_tubes(results: dict, step: str) -> tuple[Tube, ...]:
    if not results["ground_truth"]:
        raise InputError(
            f"{results['video']}: {step} finds no true tube; give the data set true_tubes=True and an ann_file in "
            "which each of its videos has one"
        )
    return results["ground_truth"]
