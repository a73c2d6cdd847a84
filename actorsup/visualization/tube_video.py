"""Videos with the tubes that were found in them."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import cv2
import numpy as np

from .overlay import DrawnTube, draw_tubes
from .timeline import Timeline
from .video_file import video_file

MIN_WIDTH = 640  # of the picture: captions are unreadable on smaller ones


def render_video(
    path: str | Path,
    frames: Iterable[np.ndarray],
    tubes: Sequence[DrawnTube],
    num_frames: int,
    size: tuple[int, int],
    frames_per_second: float = 25.0,
) -> None:
    """Write a video with its tubes as boxes, and below it a timeline of when each is there.

    Small frames are enlarged by a whole number. One frame is held at a time; the file appears whole or not at all.

    Args:
        path: ends in ``.mp4``.
        frames: ``(H, W, 3)`` uint8, RGB.
        tubes: in pixels of the frames; of those that overlap, the first one is on top.
        num_frames: of the video, for the timeline.
        size: ``(width, height)`` of the frames.
        frames_per_second: how fast it plays.

    Raises:
        OSError: if it cannot be written.
    """
    scale = -(-MIN_WIDTH // size[0])
    scaled = [drawn.scaled(scale) for drawn in tubes]
    timeline = Timeline(tubes, num_frames, size[0] * scale)
    width, height = size[0] * scale, size[1] * scale + timeline.height
    even = (width + width % 2, height + height % 2)  # as the codec wants it
    with video_file(path, even, frames_per_second) as write:
        for index, frame in enumerate(frames):
            if scale > 1:
                frame = cv2.resize(frame, None, fx=scale, fy=scale, interpolation=cv2.INTER_LINEAR)
            picture = np.zeros((even[1], even[0], 3), np.uint8)
            picture[: frame.shape[0], :width] = draw_tubes(frame, index, scaled)
            picture[frame.shape[0] : height, :width] = timeline.at(index)
            write(picture)
