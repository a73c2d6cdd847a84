"""Optional steps after the prediction of a model: NMS of tubes, and trimming in time."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from actorsup.errors import InputError
from actorsup.registry import POST_PROCESSING
from actorsup.structures import OverlapRule, RankedTubes, Tube, VideoSample, suppress


class PostProcessing(ABC):
    """A step that changes the ranked tubes of a predicted video; the model runs those of its ``post_processing``."""

    #: How many frames, around each, ``VideoSample.frame_scores`` look at; None: the step needs none, and the model
    #: computes them only if some step does.
    frame_window: int | None = None

    @abstractmethod
    def __call__(self, sample: VideoSample, ranked: RankedTubes) -> RankedTubes:
        """The tubes after this step, from those after the last; the sample is as it was before any step."""


def post_process(sample: VideoSample, steps: Sequence[PostProcessing]) -> VideoSample:
    """A predicted video after these steps, in their order."""
    if not steps:
        return sample
    ranked = sample.ranked_tubes
    for step in steps:
        ranked = step(sample, ranked)
    return replace(sample, processed=ranked)


def frame_window(steps: Sequence[PostProcessing]) -> int | None:
    """The one window, in sampled frames, that steps need; None if they need none. A ``ValueError`` if they disagree."""
    windows = {step.frame_window for step in steps} - {None}
    if len(windows) > 1:
        raise ValueError(f"steps of post_processing need the same window of frames, got {sorted(windows)}")
    return windows.pop() if windows else None


@POST_PROCESSING.register_module()
class TubeNMS(PostProcessing):
    """Greedy non-maximum suppression, for each class by itself.

    A tube that overlaps a kept one by more than the threshold (0 to 1) is no detection of the class any more; of equal
    scores the first tube is kept. Tubes that are none of any class are left out. ``spatial_only`` measures the mean IoU
    over the common frames.
    """

    def __init__(self, threshold: float = 0.5, spatial_only: bool = False) -> None:
        if not 0 <= threshold <= 1:
            raise InputError(f"TubeNMS: threshold must be from 0 to 1, got {threshold}")
        self.threshold = threshold
        self.rule = OverlapRule(spatial_only=spatial_only)

    def __call__(self, sample: VideoSample, ranked: RankedTubes) -> RankedTubes:
        """The tubes that are kept for some class."""
        scores = suppress(ranked.tubes, ranked.scores, self.threshold, self.rule)
        return RankedTubes(ranked.tubes, scores, ranked.proposals).without_undetected()


@POST_PROCESSING.register_module()
class TemporalTrimming(PostProcessing):
    """Keeps of each tube, for each class by itself, the stretch of time that stands out from the rest of it.

    That is, of all stretches of sampled frames that the tube covers, the one for which two levels, inside and outside,
    explain the frames' scores best: the largest variance between the two, the inside higher. If the inside is not
    higher by ``contrast``, the action lasts as long as the tube, which stays whole. Scores of the tubes stay what they
    were. A tube whose classes differ in their stretch becomes a tube for each of these. A stretch begins and ends
    midway between sampled frames.

    Args:
        window: sampled frames, an odd number, by which the head scores the one in their middle: what the pooling makes
            of them, as of a tube that is no longer.
        contrast: least difference of the mean scores, log-odds of the class against all else. The more classes, and the
            longer the training, the larger these are: choose it on videos whose times are known.
        min_share: of the frames that the tube covers, what a stretch has at least, 0 to 1; never less than two.
    """

    def __init__(self, window: int = 5, contrast: float = 4.0, min_share: float = 0.2) -> None:
        if window < 1 or window % 2 == 0:
            raise InputError(f"TemporalTrimming: window must be an odd number from 1 on, got {window}")
        if not 0 <= min_share <= 1:
            raise InputError(f"TemporalTrimming: min_share must be from 0 to 1, got {min_share}")
        self.frame_window = window
        self.contrast = contrast
        self.min_share = min_share

    def __call__(self, sample: VideoSample, ranked: RankedTubes) -> RankedTubes:
        """The stretches of the tubes."""
        tubes, scores, proposals = [], [], []
        for tube, of_tube, proposal in zip(ranked.tubes, ranked.scores, ranked.proposals, strict=True):
            covered = sample.frame_mask[proposal].numpy()
            stretches, contrasts = two_levels(sample.frame_scores[proposal, covered], self.min_share)
            stretches[contrasts < self.contrast] = [0, covered.sum()]
            frames = sample.frame_indices[covered]
            for stretch in np.unique(stretches[of_tube > -np.inf], axis=0):
                chosen = (stretches == stretch).all(axis=1)
                tubes.append(_between(tube, frames, *stretch.tolist()))
                scores.append(np.where(chosen, of_tube, -np.inf))
                proposals.append(proposal)
        kept_scores = np.reshape(scores, (len(tubes), ranked.scores.shape[1]))
        return RankedTubes(tuple(tubes), kept_scores, np.array(proposals, dtype=np.int64))


def _between(tube: Tube, frames: np.ndarray, first: int, end: int) -> Tube:
    """The tube from the sampled frame ``frames[first]`` to ``frames[end - 1]``, and half-way to those beside."""
    borders = [tube.start, *((frames[:-1] + frames[1:] + 1) // 2).tolist(), tube.end]
    start, stop = (min(max(border, tube.start), tube.end) for border in (borders[first], borders[end]))
    if stop <= start or stop - start == len(tube):
        return tube
    inside = slice(start - tube.start, stop - tube.start)
    return Tube(start, tube.boxes[inside], tube.scores[inside], tube.score, tube.label)


def two_levels(scores: np.ndarray, min_share: float) -> tuple[np.ndarray, np.ndarray]:
    """Of each column of scores ``(N, K)`` the stretch ``[a, b)`` that stands out most, ``(K, 2)``, and by how much.

    A stretch is part of the whole, and the whole where there is none, or none is higher than its outside: it stands out
    by 0 then. Of equally good ones it is the first to begin, and of these the first to end.
    """
    num_frames, num_classes = scores.shape
    starts, ends = np.triu_indices(num_frames + 1, 1)
    lengths = ends - starts
    usable = (lengths >= max(2, min_share * num_frames)) & (lengths < num_frames)
    whole = np.tile([0, num_frames], (num_classes, 1))
    if not usable.any():
        return whole, np.zeros(num_classes)
    starts, ends, lengths = starts[usable], ends[usable], lengths[usable, None]
    sums = np.concatenate([np.zeros((1, num_classes)), np.cumsum(scores, axis=0)])
    inside = sums[ends] - sums[starts]
    contrasts = inside / lengths - (sums[-1] - inside) / (num_frames - lengths)
    between = np.where(contrasts > 0, lengths * (num_frames - lengths) * contrasts**2, -1.0)
    best = between.argmax(axis=0)
    found = between.max(axis=0) > 0
    stretches = np.where(found[:, None], np.stack([starts[best], ends[best]], axis=1), whole)
    return stretches, np.where(found, contrasts[best, np.arange(num_classes)], 0.0)
