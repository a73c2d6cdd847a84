"""What every measure demands of its input."""

from collections import Counter
from collections.abc import Iterable, Sequence

from actorsup.errors import InputError

from .video_overlaps import ScoredVideo


def check_unique(videos: Iterable[str]) -> None:
    """Raise :class:`InputError` naming a video that occurs more than once: its tubes would count twice."""
    repeated = sorted(video for video, count in Counter(videos).items() if count > 1)
    if repeated:
        raise InputError(
            f"each video is evaluated once, but {len(repeated)} occur more than once, the first is {repeated[0]!r}: "
            "are the names of the videos unique in the data set?"
        )


def check_thresholds(thresholds: Sequence[float]) -> tuple[float, ...]:
    """The overlap thresholds as floats.

    Raises:
        InputError: if there is none, or one is outside ``0 < θ <= 1``; at 0 every tube would be correct.
    """
    values = tuple(float(threshold) for threshold in thresholds)
    if not values or not all(0 < value <= 1 for value in values):
        raise InputError(f"expected one or more overlap thresholds in 0 < threshold <= 1, got {values}")
    return values


def check_background(background: float, threshold: float) -> None:
    """Raise :class:`InputError` if the overlap below which there is none to speak of is not in ``0 < θ_b <= θ``."""
    if not 0 < background <= threshold:
        raise InputError(f"background must be in 0 < background <= threshold = {threshold}, got {background}")


def check_limit(limit: int | None, name: str) -> None:
    """Raise :class:`InputError` if a limit on the number of tubes is neither None nor 1 or more."""
    if limit is not None and limit < 1:
        raise InputError(f"{name} must be 1 or more, or None for all tubes, got {limit}")


def check_ground_truth(num_ground_truth: int, num_videos: int) -> None:
    """Raise :class:`InputError` if there is no true tube at all: nothing could be measured, and 0 would mislead."""
    if num_ground_truth == 0:
        raise InputError(
            f"the {num_videos} evaluated videos have not one true tube: give the evaluation split box annotation, or "
            "leave recall and mean average precision out of the evaluator (training needs no boxes)"
        )


def check_scored(videos: Sequence[ScoredVideo]) -> int:
    """Check what every measure of ranked tubes demands of the videos together, and return the number of classes.

    Raises:
        InputError: if a video occurs twice, they differ in their number of classes, or there is no true tube.
    """
    check_unique(video.overlaps.video for video in videos)
    examples = {video.scores.shape[1]: video.overlaps.video for video in videos}
    if len(examples) > 1:
        raise InputError(f"all videos need scores for the same number of classes, got {examples}")
    check_ground_truth(sum(len(video.overlaps.labels) for video in videos), len(videos))
    return next(iter(examples))
