"""What the writers of annotation tools share."""

from collections.abc import Sequence

import numpy as np

from actorsup.errors import InputError
from actorsup.structures import Tube
from actorsup.structures.boxes import elementwise_iou

from .collection import LabelledVideo, VideoCollection


def key_frames(tube: Tube, min_overlap: float = 0.9) -> np.ndarray:
    """Few frames of a tube, ascending, between which linear interpolation stays close to its boxes.

    In every frame the interpolated box has an IoU of at least ``min_overlap`` with the tube's, or equals it. The first
    and the last frame are among them; of a sparse tube they are the marked ones.
    """
    if tube.annotated is not None:
        return tube.marked_frames
    kept = [0]
    while (first := kept[-1]) < len(tube) - 1:
        near, step = first + 1, 1  # the next frame is always close; look twice as far each time, then between
        while near + step < len(tube) and _is_close(tube.boxes[first : near + step + 1], min_overlap):
            near, step = near + step, 2 * step
        while step := step // 2:
            if near + step < len(tube) and _is_close(tube.boxes[first : near + step + 1], min_overlap):
                near += step
        kept.append(near)
    return tube.start + np.array(kept)


def _is_close(boxes: np.ndarray, min_overlap: float) -> bool:
    """Whether all boxes ``(n, 4)`` are close to those on the line from the first to the last."""
    between = np.linspace(boxes[0], boxes[-1], len(boxes), dtype=np.float32)
    return bool(((elementwise_iou(between, boxes) >= min_overlap) | (between == boxes).all(axis=1)).all())


def annotated_videos(collection: VideoCollection, needed: Sequence[str]) -> tuple[list[LabelledVideo], list[str]]:
    """The annotated videos, and the names of the others.

    Raises:
        InputError: naming the first video of which one of the values ``needed`` is not known.
    """
    videos = [video for video in collection.videos if video.tubes is not None]
    for video in videos:
        if unknown := [name for name in needed if getattr(video, name) is None]:
            raise InputError(f"video {video.video}: this layout needs {unknown[0]!r}, which is not known")
    return videos, [video.video for video in collection.videos if video.tubes is None]
