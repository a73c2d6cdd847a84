"""What only a video itself can tell."""

from pathlib import Path

from actorsup.io import FrameFolderReader, open_video


def frame_size(path: Path) -> tuple[int, int]:
    """``(width, height)`` of the first frame.

    Raises:
        VideoError: if it cannot be read.
    """
    height, width = next(iter(open_video(path))).shape[:2]
    return width, height


def measure(path: Path) -> tuple[int, tuple[int, int]]:
    """Number of frames and ``(width, height)``; a video file is decoded to its end.

    Raises:
        VideoError: if it cannot be read.
    """
    video = open_video(path)
    num_frames = len(video.files) if isinstance(video, FrameFolderReader) else sum(1 for _ in video)
    return num_frames, frame_size(path)
