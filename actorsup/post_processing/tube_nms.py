"""Suppression of tubes that repeat a better one."""

import numpy as np

from actorsup.errors import InputError
from actorsup.evaluation.functional import OverlapRule, tube_iou
from actorsup.registry import POST_PROCESSING
from actorsup.structures import RankedTubes, VideoSample

from .post_processing import PostProcessing


@POST_PROCESSING.register_module()
class TubeNMS(PostProcessing):
    """Non-maximum suppression, for each class by itself.

    By descending score, a tube that overlaps a kept one by more than the threshold is no detection of the class any
    more; of equal scores the first tube is kept. Tubes that are none of any class are left out.

    Args:
        threshold: of the overlap, from 0 to 1.
        spatial_only: measure the mean IoU over the common frames instead of the spatio-temporal one.
    """

    def __init__(self, threshold: float = 0.5, spatial_only: bool = False) -> None:
        if not 0 <= threshold <= 1:
            raise InputError(f"TubeNMS: threshold must be from 0 to 1, got {threshold}")
        self.threshold = threshold
        self.rule = OverlapRule(spatial_only=spatial_only)

    def __call__(self, sample: VideoSample, ranked: RankedTubes) -> RankedTubes:
        """See ``PostProcessing``."""
        scores = ranked.scores.copy()
        overlaps: dict[bytes, np.ndarray] = {}  # classes with the same tubes, as before trimming, share them
        for of_class in scores.T:
            detected = np.flatnonzero(of_class > -np.inf)
            key = detected.tobytes()
            if key not in overlaps:
                tubes = [ranked.tubes[index] for index in detected]
                overlaps[key] = tube_iou(tubes, tubes, self.rule)
            of_class[detected[self._suppressed(overlaps[key], of_class[detected])]] = -np.inf
        return RankedTubes(ranked.tubes, scores, ranked.proposals).without_undetected()

    def _suppressed(self, overlaps: np.ndarray, scores: np.ndarray) -> np.ndarray:
        """Which of D tubes go, bool ``(D,)``, by their overlaps ``(D, D)`` and scores ``(D,)``."""
        suppressed = np.zeros(len(scores), dtype=bool)
        better: list[int] = []
        for index in np.argsort(-scores, kind="stable"):
            suppressed[index] = (overlaps[index, better] > self.threshold).any()
            if not suppressed[index]:
                better.append(index)
        return suppressed
