"""Videos with the tubes that were found in them."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw

from actorsup.io.files import whole_file

from .overlay import DrawnTube, draw_text, draw_tubes, text_size

MIN_WIDTH = 640  # of the picture: captions are unreadable on smaller ones
MAX_DENOMINATOR = 1001  # of the frame rate: 30000/1001 is television's
# Of the timeline.
GROUND, TRACK, CURSOR = (24, 24, 24), (60, 60, 60), (255, 255, 255)
MARGIN = 4
MAX_LABEL_SHARE = 0.45  # of the width


def render_video(
    path: str | Path,
    frames: Iterable[np.ndarray],
    tubes: Sequence[DrawnTube],
    num_frames: int,
    size: tuple[int, int],
    frames_per_second: float = 25.0,
) -> None:
    """Write an ``.mp4`` of a video with its tubes as boxes, and below it a timeline of when each is there.

    The frames are ``(H, W, 3)`` uint8, RGB, of a size ``(width, height)``; small ones are enlarged by a whole number.
    The tubes are in their pixels, the first on top. One frame is held at a time; the file appears whole or not at all.
    """
    scale = -(-MIN_WIDTH // size[0])
    scaled = [replace(each, tube=replace(each.tube, boxes=each.tube.boxes * np.float32(scale))) for each in tubes]
    timeline = Timeline(tubes, num_frames, size[0] * scale)
    width, height = size[0] * scale, size[1] * scale + timeline.height
    to_even = ((0, height % 2), (0, width % 2), (0, 0))  # as the codec wants it
    with video_file(path, (width + width % 2, height + height % 2), frames_per_second) as write:
        for index, frame in enumerate(frames):
            if scale > 1:
                frame = cv2.resize(frame, None, fx=scale, fy=scale, interpolation=cv2.INTER_LINEAR)
            write(np.pad(np.concatenate([draw_tubes(frame, index, scaled), timeline.at(index)]), to_even))


class Timeline:
    """A row a tube with its caption and a bar over the frames that it covers, and a cursor that moves."""

    def __init__(self, tubes: Sequence[DrawnTube], num_frames: int, width: int) -> None:
        widest = max((text_size(drawn.caption)[0] for drawn in tubes), default=0)
        self._left = min(widest, int(MAX_LABEL_SHARE * width)) + 2 * MARGIN
        self._scale = max(1, width - MARGIN - self._left) / max(1, num_frames)
        row_height = text_size("")[1]
        image = Image.new("RGB", (width, len(tubes) * row_height + 2 * MARGIN), GROUND)
        draw = ImageDraw.Draw(image)
        for row, drawn in enumerate(tubes):
            top = MARGIN + row * row_height
            draw_text(draw, (MARGIN, top), drawn.caption, drawn.color, ground=False)
            draw.rectangle((self._left - MARGIN, top, width, top + row_height), fill=GROUND)  # over too long captions
            upper, lower = top + row_height // 4, top + row_height - row_height // 4
            draw.rectangle((self._left, upper, self._at(num_frames), lower), fill=TRACK)
            bar = (self._at(drawn.tube.start), upper, self._at(drawn.tube.end), lower)
            draw.rectangle(bar, fill=None if drawn.dashed else drawn.color, outline=drawn.color)
        self._image = np.asarray(image)

    @property
    def height(self) -> int:
        """In pixels."""
        return self._image.shape[0]

    def at(self, index: int) -> np.ndarray:
        """The rows ``(H, W, 3)`` RGB with the cursor at a frame, as a new array."""
        image = self._image.copy()
        image[:, min(self._at(index + 0.5), image.shape[1] - 1)] = CURSOR
        return image

    def _at(self, frame: float) -> int:
        return int(self._left + frame * self._scale)


@contextmanager
def video_file(path: str | Path, size: tuple[int, int], frames_per_second: float) -> Iterator[Callable]:
    """Write an ``.mp4`` of H.264, of an even size ``(width, height)``; it appears whole at the end, or not at all.

    Yields a function that takes the next frame ``(H, W, 3)`` uint8, RGB; an :class:`OSError` if it cannot be written.
    """
    import av  # slow to import; OpenCV's own builds have no encoder for what browsers show

    try:
        with (
            whole_file(path) as temporary,
            av.open(f"file:{temporary}", "w", format="mp4", options={"movflags": "+faststart"}) as container,
        ):
            rate = Fraction(frames_per_second).limit_denominator(MAX_DENOMINATOR)
            stream = container.add_stream("libx264", rate=rate, options={"preset": "veryfast"})
            stream.width, stream.height = size
            stream.pix_fmt = "yuv420p"

            def write(frame: np.ndarray) -> None:
                container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))

            yield write
            container.mux(stream.encode())
    except av.FFmpegError as error:
        raise OSError(f"{path}: the video cannot be written: {error}") from error
