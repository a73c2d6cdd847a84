"""Where the actors are in the sampled frames."""

from dataclasses import replace

import numpy as np
from mmcv.transforms import BaseTransform

from actorsup.errors import InputError
from actorsup.registry import TRANSFORMS
from actorsup.structures import Tube, tube_iou


@TRANSFORMS.register_module()
class AttachTubes(BaseTransform):
    """The first proposals, in the order in which the linker made them, at the sampled frames.

    A tube covers the sampled frames that it has a box in. One that lies between two sampled frames, before the first or
    after the last counts at the sampled frame nearest in time, with its box nearest to that. At the frames that do not
    count its first or last box stands in: finite numbers of no meaning.

    Args:
        max_tubes: at most so many tubes, 20 in the paper; the others are dropped from ``proposals`` too.
    """

    def __init__(self, max_tubes: int = 20) -> None:
        if max_tubes < 1:
            raise InputError(f"AttachTubes: max_tubes must be 1 or more, got {max_tubes}")
        self.max_tubes = max_tubes

    def transform(self, results: dict) -> dict:
        """Add ``tubes (P, N, 4)`` in pixels of the original frame and ``frame_mask (P, N)``; ``P`` may be 0."""
        frame_indices = results["frame_indices"]
        proposals = replace(results["proposals"], tubes=results["proposals"].tubes[: self.max_tubes])
        tubes = np.zeros((len(proposals.tubes), len(frame_indices), 4), np.float32)
        frame_mask = np.zeros(tubes.shape[:2], bool)
        for index, tube in enumerate(proposals.tubes):
            tubes[index] = tube.boxes_at(frame_indices)
            frame_mask[index] = _frame_mask(tube, frame_indices)
        return {**results, "proposals": proposals, "tubes": tubes, "frame_mask": frame_mask}


def _frame_mask(tube: Tube, frame_indices: np.ndarray) -> np.ndarray:
    """The frames ``(N,)`` that count for the tube, at least one."""
    frame_mask = tube.covers(frame_indices)
    if not frame_mask.any():
        distances = np.maximum(tube.start - frame_indices, frame_indices - (tube.end - 1))
        frame_mask[distances.argmin()] = True
    return frame_mask


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
        overlaps = tube_iou(results["proposals"].tubes, ground_truth)
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


@TRANSFORMS.register_module()
class AttachWholeFrame(BaseTransform):
    """One tube, the whole frame throughout the video, in place of the proposals; instead of ``AttachTubes``.

    A model trained so learns from whole frames; in testing it can rank the tubes of actors, by ``AttachTubes``, or give
    the frame itself, by this. The actor's label of the tube is 0 and means nothing.
    """

    def transform(self, results: dict) -> dict:
        """Replace ``proposals``; add ``tubes (1, N, 4)`` in pixels of the original frame and ``frame_mask (1, N)``."""
        proposals, num_frames = results["proposals"], len(results["frame_indices"])
        tube = Tube.still((0, 0, *proposals.size), proposals.num_frames)
        return {
            **results,
            "proposals": replace(proposals, tubes=(tube,)),
            "tubes": tube.boxes_at(results["frame_indices"])[None],
            "frame_mask": np.ones((1, num_frames), bool),
        }
