"""Words on pictures."""

from functools import cache
from pathlib import Path

import matplotlib
from PIL import ImageDraw, ImageFont

FONT_SIZE = 12
PADDING = 2


@cache
def font() -> ImageFont.FreeTypeFont:
    """DejaVu Sans, which comes with matplotlib and has the letters of most alphabets."""
    return ImageFont.truetype(str(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"), FONT_SIZE)


def text_size(text: str) -> tuple[int, int]:
    """Width and height in pixels of a line with its ground."""
    ascent, descent = font().getmetrics()
    return round(font().getlength(text)) + 2 * PADDING, ascent + descent + 1


def draw_text(
    draw: ImageDraw.ImageDraw, position: tuple[int, int], text: str, color: tuple[int, int, int], ground: bool = True
) -> None:
    """Write a line, its upper left corner at the position, on a dark ground that lets the picture through."""
    x, y = position
    if ground:
        width, height = text_size(text)
        draw.rectangle((x, y, x + width - 1, y + height - 1), fill=(0, 0, 0, 150))
    draw.text((x + PADDING, y), text, fill=color, font=font())
