"""Steps of a pipeline; each adds to or changes the dictionary of one video.

==============  ======================================  ===========================================================
step            needs                                   gives
==============  ======================================  ===========================================================
(dataset)                                               video, path, reader, label, proposals, ground_truth
SampleFrames    proposals                               frame_indices (N,) int64
DecodeFrames    path, reader, proposals, frame_indices  frames (N, H, W, 3) uint8, RGB
AttachTubes     proposals, frame_indices                tubes (P, N, 4) float32, frame_mask (P, N), proposals (P left)
ResizeFrames    frames, tubes                           frames, tubes
FlipFrames      frames, tubes                           frames, tubes
PackVideo       all of them                             inputs (N, 3, H, W) uint8 tensor, data_samples (``VideoSample``)
==============  ======================================  ===========================================================

Before the tubes are attached, ``MergeDuplicates`` may make one proposal of those that follow the same actor.

``ReadCachedFrames``, after the tubes are attached, stands for ``DecodeFrames`` and ``ResizeFrames``: training puts it
there for a config's ``frame_cache``.

For comparisons: ``AttachWholeFrame`` replaces ``AttachTubes``; ``LabelTubes``, after the tubes are attached, gives
tube_labels (P,) int64; ``AddTrueTubes``, before, gives proposals that miss nobody.

``proposals`` and ``ground_truth`` stay in pixels of the original frame; ``tubes`` follow the frames. Coordinates are
continuous: a box scales by the factor of the frame, and mirroring takes x to ``W - x``, without half a pixel or −1.
"""

from dataclasses import replace

import cv2
import numpy as np
import torch
from mmcv.transforms import BaseTransform
from mmcv.transforms.utils import cache_randomness

from actorsup.errors import InputError
from actorsup.io import open_video
from actorsup.registry import TRANSFORMS
from actorsup.structures import Tube, VideoSample, tube_iou


@TRANSFORMS.register_module()
class SampleFrames(BaseTransform):
    """One frame of each of ``N`` equal segments of the video.

    Time is continuous: frame ``t`` lasts from ``t`` to ``t + 1``, the video from 0 to ``T``. With ``T = 10, N = 4``::

        frame     | 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 |
        segment   |    0    |    1    |    2    |    3    |
        center         x         x         x         x       -> 1 3 6 8
        random      x           x       x               x    -> 0 3 5 9

    A video of fewer than ``N`` frames gives some of them several times, in ascending order.

    ``num_frames`` is ``N``, 16 in the paper; ``mode`` is ``'random'`` for training, where every frame is as likely as
    any other, or ``'center'`` for testing.
    """

    def __init__(self, num_frames: int = 16, mode: str = "random") -> None:
        if num_frames < 1:
            raise InputError(f"SampleFrames: num_frames must be 1 or more, got {num_frames}")
        if mode not in ("random", "center"):
            raise InputError(f"SampleFrames: mode must be 'random' or 'center', got {mode!r}")
        self.num_frames = num_frames
        self.mode = mode

    def transform(self, results: dict) -> dict:
        """Add ``frame_indices (N,)``."""
        video_length = results["proposals"].num_frames
        positions = self._random_positions() if self.mode == "random" else 0.5
        instants = (np.arange(self.num_frames) + positions) * video_length / self.num_frames
        # Rounding can lift the last instant to T itself.
        return {**results, "frame_indices": np.minimum(instants.astype(np.int64), video_length - 1)}

    @cache_randomness
    def _random_positions(self) -> np.ndarray:
        """Where in its segment each instant lies, from 0 to 1."""
        return np.random.random(self.num_frames)


@TRANSFORMS.register_module()
class DecodeFrames(BaseTransform):
    """Read the sampled frames; an ``InputError`` if their size is not the one that the proposals were made at."""

    def transform(self, results: dict) -> dict:
        """Add ``frames (N, H, W, 3)``, uint8, RGB."""
        frames = open_video(results["path"], results["reader"]).frames_at(results["frame_indices"])
        require_size(results, frames[0])
        return {**results, "frames": frames}


def require_size(results: dict, frame: np.ndarray) -> None:
    """Raise ``InputError`` if a frame ``(H, W, 3)`` of a video is not of the size that its proposals were made at."""
    height, width = frame.shape[:2]
    expected = results["proposals"].size
    if (width, height) != tuple(expected):
        raise InputError(
            f"{results['path']}: frames are {width}x{height}, its proposals were made at "
            f"{expected[0]}x{expected[1]}: the video was replaced since; delete its proposals and run "
            "`actorsup proposals` again"
        )


@TRANSFORMS.register_module()
class AttachTubes(BaseTransform):
    """The first proposals, in the linker's order, at the sampled frames.

    A tube covers the sampled frames that it has a box in, or, if it has none in any, the one nearest in time. At the
    frames that do not count its first or last box stands in: finite numbers of no meaning. Tubes after the first
    ``max_tubes``, 20 in the paper, are dropped from ``proposals`` too.
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
            frame_mask[index] = tube.covers(frame_indices)
            if not frame_mask[index].any():
                distances = np.maximum(tube.start - frame_indices, frame_indices - (tube.end - 1))
                frame_mask[index, distances.argmin()] = True
        return {**results, "proposals": proposals, "tubes": tubes, "frame_mask": frame_mask}


@TRANSFORMS.register_module()
class MergeDuplicates(BaseTransform):
    """One proposal for each actor: the mean of those that follow the same one; before ``AttachTubes``.

    Algorithm 1 often follows an actor several times, from detections in different frames. The paper keeps them all:
    attention then counts some actors more often than others, and at most one of the tubes is no false detection. Here,
    in the linker's order, a proposal that overlaps an earlier one is its duplicate. The boxes of the earlier one become
    the means of its own and its duplicates', frame by frame; its frames, scores and place in the order stay.

    ``max_overlap``, 0 to 1, is the IoU in space and time up to which a later proposal is of another actor.
    """

    def __init__(self, max_overlap: float = 0.5) -> None:
        if not 0 <= max_overlap <= 1:
            raise InputError(f"MergeDuplicates: max_overlap must be from 0 to 1, got {max_overlap}")
        self.max_overlap = max_overlap

    def transform(self, results: dict) -> dict:
        """Change ``proposals``."""
        proposals = results["proposals"]
        overlaps = tube_iou(proposals.tubes, proposals.tubes)
        groups: dict[int, list[int]] = {}  # by the first tube of each, in order
        for index in range(len(proposals.tubes)):
            first = max(groups, key=lambda kept: overlaps[index, kept], default=None)
            if first is not None and overlaps[index, first] > self.max_overlap:
                groups[first].append(index)
            else:
                groups[index] = [index]
        tubes = tuple(_mean_tube([proposals.tubes[index] for index in group]) for group in groups.values())
        return {**results, "proposals": replace(proposals, tubes=tubes)}


def _mean_tube(tubes: list[Tube]) -> Tube:
    """The first tube with the mean of the boxes that all of them have in each of its frames."""
    first = tubes[0]
    sums, counts = np.zeros((len(first), 4)), np.zeros((len(first), 1))
    for tube in tubes:
        start, end = max(tube.start, first.start), min(tube.end, first.end)
        sums[start - first.start : end - first.start] += tube.boxes[start - tube.start : end - tube.start]
        counts[start - first.start : end - first.start] += 1
    return replace(first, boxes=(sums / counts).astype(np.float32)) if len(tubes) > 1 else first


@TRANSFORMS.register_module()
class DropWeakTubes(BaseTransform):
    """Leave out proposals that grew from a detection of less confidence than ``min_score``, 0 to 1.

    The paper keeps twenty, however few actors there are: the rest of a linker's tubes follow nobody. Such tubes of the
    background are much the same in all videos of a place, and labels of videos cannot tell that they act not. After
    ``MergeDuplicates``, of whose merged tubes the first and surest counts, and before ``AttachTubes``.
    """

    def __init__(self, min_score: float = 0.3) -> None:
        if not 0 <= min_score <= 1:
            raise InputError(f"DropWeakTubes: min_score must be from 0 to 1, got {min_score}")
        self.min_score = min_score

    def transform(self, results: dict) -> dict:
        """Change ``proposals``."""
        proposals = results["proposals"]
        tubes = tuple(tube for tube in proposals.tubes if tube.score >= self.min_score)
        return {**results, "proposals": replace(proposals, tubes=tubes)}


@TRANSFORMS.register_module()
class AttachWholeFrame(BaseTransform):
    """One tube, the whole frame throughout the video, in place of the proposals; instead of ``AttachTubes``.

    A model trained so learns from whole frames; in testing it can rank the tubes of actors too. The tube's label is 0
    and means nothing.
    """

    def transform(self, results: dict) -> dict:
        """Replace ``proposals``; add ``tubes (1, N, 4)`` in pixels of the original frame and ``frame_mask (1, N)``."""
        proposals = results["proposals"]
        tube = Tube.still((0, 0, *proposals.size), proposals.num_frames)
        return AttachTubes(1).transform({**results, "proposals": replace(proposals, tubes=(tube,))})


@TRANSFORMS.register_module()
class AddTrueTubes(BaseTransform):
    """The true tubes as the first proposals, as if every actor that acts were found exactly; before ``AttachTubes``.

    For datasets with ``true_tubes``, each video of which must have one. The label of an added tube is 0 and means
    nothing. With it training keeps videos without proposals.
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

    For datasets with ``true_tubes``, each video of which must have one; after the step that says which proposals are
    used. A proposal shows the action from an IoU in space and time of ``min_overlap``; of equal ones the first counts.
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
            f"{results['video']}: {step} finds no true tube; give the dataset true_tubes=True and an annotation in "
            "which each of its videos has one"
        )
    return results["ground_truth"]


@TRANSFORMS.register_module()
class ResizeFrames(BaseTransform):
    """Scale all frames to one size, and the tubes with them; the aspect ratio is not kept.

    ``size`` is ``(width, height)`` in pixels. Interpolation is bilinear; where no side grows, each pixel is the mean of
    the area that it comes from, so that thin structures do not flicker.
    """

    def __init__(self, size: tuple[int, int]) -> None:
        if len(size) != 2 or min(size) < 1:
            raise InputError(f"ResizeFrames: size must be (width, height) in pixels, got {size}")
        self.size = tuple(size)

    def transform(self, results: dict) -> dict:
        """Scale ``frames (N, H, W, 3)`` and ``tubes (P, N, 4)``."""
        frames = results["frames"]
        height, width = frames.shape[1:3]
        if (width, height) == self.size:
            return results
        resized = np.stack([self.scale_frame(frame) for frame in frames])
        return {**results, "frames": resized, "tubes": self.scale_tubes(results["tubes"], (width, height))}

    def scale_frame(self, frame: np.ndarray) -> np.ndarray:
        """A frame ``(H, W, 3)`` at the size."""
        height, width = frame.shape[:2]
        if (width, height) == self.size:
            return frame
        shrinks = self.size[0] <= width and self.size[1] <= height
        return cv2.resize(frame, self.size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)

    def scale_tubes(self, tubes: np.ndarray, size: tuple[int, int]) -> np.ndarray:
        """Boxes ``(…, 4)`` in pixels of frames of ``size = (width, height)`` in those of scaled ones."""
        return tubes * np.array([self.size[0] / size[0], self.size[1] / size[1]] * 2, np.float32)


@TRANSFORMS.register_module()
class FlipFrames(BaseTransform):
    """Mirror all frames of a video and its tubes left to right, with probability ``prob``."""

    def __init__(self, prob: float = 0.5) -> None:
        if not 0 <= prob <= 1:
            raise InputError(f"FlipFrames: prob must be from 0 to 1, got {prob}")
        self.prob = prob

    def transform(self, results: dict) -> dict:
        """Mirror ``frames (N, H, W, 3)`` and, in their pixels, ``tubes (P, N, 4)``, or neither."""
        if not self._draw():
            return results
        frames = results["frames"]
        left, top, right, bottom = np.moveaxis(results["tubes"], -1, 0)
        tubes = np.stack([frames.shape[2] - right, top, frames.shape[2] - left, bottom], axis=-1)
        return {**results, "frames": frames[:, :, ::-1], "tubes": tubes}

    @cache_randomness
    def _draw(self) -> bool:
        return np.random.random() < self.prob


@TRANSFORMS.register_module()
class PackVideo(BaseTransform):
    """The last step: ``inputs``, a uint8 tensor ``(N, 3, H, W)``, RGB, and ``data_samples``, a ``VideoSample``."""

    def transform(self, results: dict) -> dict:
        """Keep nothing but those two."""
        tube_labels = results.get("tube_labels")
        frames = np.ascontiguousarray(results["frames"].transpose(0, 3, 1, 2))
        sample = VideoSample(
            video=results["video"],
            frame_indices=results["frame_indices"],
            tubes=torch.from_numpy(results["tubes"]),
            frame_mask=torch.from_numpy(results["frame_mask"]),
            labels=results["labels"],
            proposals=results["proposals"].tubes,
            ground_truth=results["ground_truth"],
            tube_labels=None if tube_labels is None else torch.from_numpy(tube_labels),
        )
        return {"inputs": torch.from_numpy(frames), "data_samples": sample}
