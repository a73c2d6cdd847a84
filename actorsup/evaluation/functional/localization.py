"""Localisation where the label is given: is the best tube for the video's true class on the action?"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from actorsup.errors import InputError

from .ranking import Protocol
from .video_overlaps import ScoredVideo, at_thresholds, check_label, check_scored, check_thresholds


@dataclass(frozen=True, eq=False)
class LocalizationAccuracy:
    """Shares of videos, as fractions.

    Args:
        thresholds: ``H`` overlap thresholds.
        accuracy: ``(H,)``, share of the videos whose best tube for their class overlaps one of their true tubes of that
            class by the threshold.
        num_videos: videos that count, those with a true tube of their class.
    """

    thresholds: tuple[float, ...]
    accuracy: np.ndarray
    num_videos: int

    def as_dict(self) -> dict[str, float]:
        """``localization@θ`` as fractions in 0..1."""
        return at_thresholds("localization", self.thresholds, self.accuracy.tolist())


def localization_accuracy(
    videos: Sequence[ScoredVideo], labels: Sequence[int], thresholds: Sequence[float], protocol: Protocol
) -> LocalizationAccuracy:
    """How often the best-ranked tube for the video's true class is right: what remains if the class is known.

    Of equal scores the first tube counts. A video without a tube for its class is wrong; one without a true tube of its
    class is left out.

    Args:
        videos: all videos, their overlaps measured by ``protocol.overlap``.
        labels: the true class of each.
        thresholds: overlap thresholds, ``0 < θ <= 1``.
        protocol: says whether the threshold itself suffices.

    Raises:
        InputError: if a video occurs twice, its label is not among the classes, no video has a true tube of its class,
            or a threshold is out of range.
    """
    thresholds = check_thresholds(thresholds)
    num_classes = check_scored(videos)
    overlaps = []
    for video, label in zip(videos, labels, strict=True):
        check_label(video.overlaps.video, label, num_classes, "localisation")
        true = video.overlaps.labels == label
        if true.any():
            scores = video.scores[:, label]
            detected = scores.max(initial=-np.inf) > -np.inf
            overlaps.append(video.overlaps.iou[scores.argmax(), true].max() if detected else 0.0)
    if not overlaps:
        raise InputError(
            f"none of the {len(videos)} videos has a true tube of its own class: do the labels of the videos and those "
            "of the annotation number the classes alike?"
        )
    accuracy = [protocol.suffices(np.array(overlaps), threshold).mean() for threshold in thresholds]
    return LocalizationAccuracy(thresholds, np.array(accuracy), len(overlaps))
