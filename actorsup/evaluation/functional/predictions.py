"""Average precision of predicted tubes, whatever made them, against ground truth."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from actorsup.errors import InputError
from actorsup.structures import Tube

from .average_precision import average_precision
from .protocols import average_precision_protocol
from .video_overlaps import ScoredVideo, VideoOverlaps


def evaluate_predictions(
    predictions: Iterable[tuple[str, Sequence[Tube], np.ndarray]],
    ground_truth: Mapping[str, Sequence[Tube]],
    classes: Sequence[str],
    thresholds: Sequence[float] = (0.2, 0.5),
    protocol: str = "act",
    max_per_class: int | None = None,
) -> tuple[dict[str, float], list[dict[str, str | int | float]]]:
    """Measure predictions; they may stream in, their tubes are not kept.

    Args:
        predictions: of each video its name, its ``P`` tubes, and their scores ``(P, K)``, ``-inf`` where a tube is no
            detection of a class. The true tubes of a video that does not occur here are missed.
        ground_truth: the true tubes of every video that is evaluated, those without an action included.
        classes: names of the ``K`` action classes that the true tubes' labels index.
        thresholds: overlap thresholds.
        protocol: a name in :data:`actorsup.evaluation.functional.PROTOCOLS`.
        max_per_class: count only so many best tubes of each video for each class; None is all.

    Returns:
        :meth:`AveragePrecision.as_dict` and :meth:`AveragePrecision.per_class_table`.

    Raises:
        InputError: if a video is not in the ground truth, its scores are NaN or not ``(P, K)``, and as
            :func:`average_precision`.
    """
    rules = average_precision_protocol(protocol)
    videos = []
    for video, tubes, scores in predictions:
        if video not in ground_truth:
            raise InputError(
                f"{video}: predicted, but not one of the {len(ground_truth)} videos of the ground truth; take it out, "
                "or give a video without an action an empty list of true tubes"
            )
        if np.shape(scores)[1:] != (len(classes),):
            raise InputError(
                f"{video}: the {len(tubes)} tubes and {len(classes)} classes need scores of shape "
                f"({len(tubes)}, {len(classes)}), got {np.shape(scores)}"
            )
        videos.append(ScoredVideo(VideoOverlaps.from_tubes(video, tubes, ground_truth[video], rules.overlap), scores))
    given = {video.overlaps.video for video in videos}
    for video in ground_truth.keys() - given:
        overlaps = VideoOverlaps.from_tubes(video, (), ground_truth[video], rules.overlap)
        videos.append(ScoredVideo(overlaps, np.zeros((0, len(classes)))))
    result = average_precision(videos, thresholds, rules, max_per_class)
    return result.as_dict(classes), result.per_class_table(classes)
