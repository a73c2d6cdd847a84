"""Optional steps after the prediction of a model: NMS of tubes, and trimming in time."""

from abc import ABC, abstractmethod

import numpy as np

from actorsup.errors import InputError
from actorsup.registry import POST_PROCESSING
from actorsup.structures import OverlapRule, RankedTubes, Tube, VideoSample, suppress


class PostProcessing(ABC):
    """A step that changes the ranked tubes of a predicted video; the model runs those of its ``post_processing``."""

    needs_frame_scores = False  #: ``VideoSample.frame_scores``, which the model computes only if some step needs them

    @abstractmethod
    def __call__(self, sample: VideoSample, ranked: RankedTubes) -> RankedTubes:
        """The tubes after this step, from those after the last; the sample is as it was before any step."""


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
    """Keeps of each tube, for each class by itself, the stretch of frames in which the class is likely.

    That is the stretch [a, b) of the largest Σ over t in [a, b) of s_t − share · max over t of s_t, where s_t is the
    score of a frame: a short dip does not end it, and where all frames score alike it is the whole tube. Scores of the
    tubes stay what they were. A tube whose classes differ in their stretch becomes a tube for each of these.

    Args:
        scores: of frames. ``head``: the class's probability, which the head gives the features of that frame alone, at
            the sampled frames that the tube covers, interpolated in between and constant beyond. ``tracker``: the
            tube's own scores, the same for all classes; a tube without a positive one stays whole.
        share: between 0 and 1; the higher, the shorter the tubes.
    """

    def __init__(self, scores: str = "head", share: float = 0.5) -> None:
        if scores not in ("head", "tracker"):
            raise InputError(f"TemporalTrimming: scores must be one of head, tracker, got {scores!r}")
        if not 0 < share < 1:
            raise InputError(f"TemporalTrimming: share must be between 0 and 1, got {share}")
        self.scores = scores
        self.share = share
        self.needs_frame_scores = scores == "head"

    def __call__(self, sample: VideoSample, ranked: RankedTubes) -> RankedTubes:
        """The stretches of the tubes."""
        tubes, scores, proposals = [], [], []
        for tube, of_tube, proposal in zip(ranked.tubes, ranked.scores, ranked.proposals, strict=True):
            frame_scores = self._frame_scores(sample, tube, proposal)  # (T, K), or (T, 1) for all classes
            stretches = np.broadcast_to(best_stretches(frame_scores, self.share), (len(of_tube), 2))
            for start, end in np.unique(stretches[of_tube > -np.inf], axis=0):
                chosen = (stretches == [start, end]).all(axis=1)
                boxes, own_scores = tube.boxes[start:end], tube.scores[start:end]
                stretch = Tube(tube.start + int(start), boxes, own_scores, tube.score, tube.label)
                tubes.append(tube if len(stretch) == len(tube) else stretch)
                scores.append(np.where(chosen, of_tube, -np.inf))
                proposals.append(proposal)
        kept_scores = np.reshape(scores, (len(tubes), ranked.scores.shape[1]))
        return RankedTubes(tuple(tubes), kept_scores, np.array(proposals, dtype=np.int64))

    def _frame_scores(self, sample: VideoSample, tube: Tube, proposal: int) -> np.ndarray:
        if self.scores == "tracker":
            return tube.scores[:, None].astype(np.float64)
        frame_mask = sample.frame_mask[proposal].numpy()
        known = sample.frame_scores[proposal, frame_mask]
        frames = np.arange(tube.start, tube.end)
        return np.stack([np.interp(frames, sample.frame_indices[frame_mask], of_class) for of_class in known.T], axis=1)


def best_stretches(scores: np.ndarray, share: float) -> np.ndarray:
    """The stretch ``[a, b)`` of each column of scores ``(T, K)`` with the largest sum above its share: ``(K, 2)``."""
    highest = scores.max(axis=0)
    sums = np.concatenate([np.zeros((1, scores.shape[1])), np.cumsum(scores - share * highest, axis=0)])
    lowest = np.minimum.accumulate(sums, axis=0)[:-1]  # the best place to begin before each end
    ends = 1 + (sums[1:] - lowest).argmax(axis=0)
    starts = [sums[:end, column].argmin() for column, end in enumerate(ends)]
    whole = [0, len(scores)]
    return np.where(highest[:, None] > 0, np.stack([starts, ends], axis=1), whole)
