"""When the tubes of a video are there: a row each, below the picture."""

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

from .overlay import DrawnTube
from .text import draw_text, text_size

GROUND = (24, 24, 24)
TRACK = (60, 60, 60)
CURSOR = (255, 255, 255)
MARGIN = 4
MAX_LABEL_SHARE = 0.45  # of the width


class Timeline:
    """Rows with caption and bar, and a cursor that moves.

    Args:
        tubes: a row each, in this order.
        num_frames: of the video.
        width: in pixels.
    """

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
            bar = (top + row_height // 4, top + row_height - row_height // 4)
            draw.rectangle((self._left, bar[0], self._at(num_frames), bar[1]), fill=TRACK)
            first, last = self._at(drawn.tube.start), self._at(drawn.tube.end)
            draw.rectangle(
                (first, bar[0], last, bar[1]), fill=None if drawn.dashed else drawn.color, outline=drawn.color
            )
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
