"""Videos as files."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import numpy as np

MAX_DENOMINATOR = 1001  # of the frame rate: 30000/1001 is television's


@contextmanager
def video_file(path: str | Path, size: tuple[int, int], frames_per_second: float) -> Iterator[Callable]:
    """Write an ``.mp4`` of H.264, which browsers and players show; it appears whole at the end, or not at all.

    Args:
        path: its folder is made.
        size: ``(width, height)`` of a frame, even numbers.
        frames_per_second: how fast it plays.

    Yields:
        A function that takes the next frame ``(H, W, 3)`` uint8, RGB.

    Raises:
        OSError: if it cannot be written.
    """
    import av  # here, for it takes a while: OpenCV's own builds have no encoder for what browsers show

    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.stem}.{os.getpid()}.tmp{path.suffix}")
    try:
        with av.open(str(temporary), "w", format="mp4", options={"movflags": "+faststart"}) as container:
            rate = Fraction(frames_per_second).limit_denominator(MAX_DENOMINATOR)
            stream = container.add_stream("libx264", rate=rate, options={"preset": "veryfast"})
            stream.width, stream.height = size
            stream.pix_fmt = "yuv420p"

            def write(frame: np.ndarray) -> None:
                container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))

            yield write
            container.mux(stream.encode())
        os.replace(temporary, path)
    except av.FFmpegError as error:
        raise OSError(f"{path}: the video cannot be written: {error}") from error
    finally:
        temporary.unlink(missing_ok=True)
