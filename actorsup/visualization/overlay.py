"""Tubes and words on frames of a video, and pictures of several frames."""

import colorsys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from actorsup.io.files import save
from actorsup.structures import ActionTube, Tube, clip_boxes, elementwise_iou

Color = tuple[int, int, int]
TRUTH_COLOR = (255, 255, 255)
RANK_COLORS = ((255, 80, 60), (70, 200, 80), (70, 140, 255), (240, 200, 40), (200, 90, 220), (60, 210, 210))
GOLDEN_RATIO = (5**0.5 - 1) / 2
SATURATIONS = (1.0, 0.35, 0.7, 0.5, 0.85)
LUMA = (0.299, 0.587, 0.114)  # BT.601
MIN_LUMINANCE = 0.5
# In pixels.
LINE_WIDTH = 2
DASH, GAP = 6, 4
FONT_SIZE = 12
PADDING = 2


@dataclass(frozen=True)
class DrawnTube:
    """A tube and how it looks."""

    tube: Tube  #: in pixels of the frames that it is drawn on
    color: Color  #: RGB, 0 … 255
    caption: str = ""  #: at the upper left corner of its boxes
    dashed: bool = False  #: for ground truth

    @classmethod
    def truth(cls, tube: Tube, caption: str = "") -> "DrawnTube":
        """A true tube: white and dashed."""
        return cls(tube, TRUTH_COLOR, caption, dashed=True)

    @classmethod
    def ranked(cls, tube: Tube, rank: int, caption: str) -> "DrawnTube":
        """A proposal, coloured by its rank, which starts at 0."""
        return cls(tube, RANK_COLORS[rank % len(RANK_COLORS)], caption)

    @classmethod
    def of_action(cls, found: ActionTube) -> "DrawnTube":
        """A found action, coloured by its class, with rank, name and score."""
        return cls(found.tube, class_color(found.tube.label), f"{found.rank} {found.action} {found.score:.2f}")


def class_color(label: int) -> Color:
    """A colour, bright enough for a dark ground; neighbouring classes differ in hue and saturation."""
    rgb = np.array(colorsys.hsv_to_rgb(label * GOLDEN_RATIO % 1, SATURATIONS[label % len(SATURATIONS)], 1.0))
    luminance = rgb @ LUMA
    if luminance < MIN_LUMINANCE:
        rgb += (1 - rgb) * (MIN_LUMINANCE - luminance) / (1 - luminance)
    return tuple((255 * rgb).round().astype(int).tolist())


@cache
def font() -> ImageFont.FreeTypeFont:
    """DejaVu Sans, which comes with matplotlib and has the letters of most alphabets."""
    import matplotlib

    return ImageFont.truetype(str(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"), FONT_SIZE)


def text_size(text: str) -> tuple[int, int]:
    """Width and height in pixels of a line with its ground."""
    ascent, descent = font().getmetrics()
    return round(font().getlength(text)) + 2 * PADDING, ascent + descent + 1


def draw_text(
    draw: ImageDraw.ImageDraw, position: tuple[int, int], text: str, color: Color, ground: bool = True
) -> None:
    """Write a line, its upper left corner at the position, on a dark ground that lets the picture through."""
    x, y = position
    if ground:
        width, height = text_size(text)
        draw.rectangle((x, y, x + width - 1, y + height - 1), fill=(0, 0, 0, 150))
    draw.text((x + PADDING, y), text, fill=color, font=font())


def draw_tubes(frame: np.ndarray, index: int, tubes: Sequence[DrawnTube], title: str = "") -> np.ndarray:
    """A copy of the frame ``(H, W, 3)`` RGB of this index with the tubes' boxes; earlier tubes are on top."""
    height, width = frame.shape[:2]
    image = Image.fromarray(frame).copy()
    draw = ImageDraw.Draw(image, "RGBA")
    written: list[tuple[int, int, int, int]] = []
    present = [drawn for drawn in tubes if drawn.tube.covers(np.array([index]))[0]]
    boxes = [clip_boxes(drawn.tube.boxes_at(np.array([index])), (width - 1, height - 1))[0] for drawn in present]
    for drawn, box in zip(reversed(present), reversed(boxes), strict=True):
        _outline(draw, tuple(box.round().astype(int).tolist()), drawn)
    for drawn, box in zip(present, boxes, strict=True):
        if drawn.caption:
            size = text_size(drawn.caption)
            position = _free_place(box[:2].round().astype(int).tolist(), size, (width, height), written)
            draw_text(draw, position, drawn.caption, drawn.color)
            written.append((*position, position[0] + size[0], position[1] + size[1]))
    if title:
        draw_text(draw, (2, height - text_size(title)[1] - 2), title, TRUTH_COLOR)
    return np.asarray(image)


def _outline(draw: ImageDraw.ImageDraw, box: tuple[int, int, int, int], drawn: DrawnTube) -> None:
    if not drawn.dashed:
        draw.rectangle(box, outline=drawn.color, width=LINE_WIDTH)
        return
    left, top, right, bottom = box
    for start in range(left, right + 1, DASH + GAP):
        for y in (top, bottom):
            draw.line((start, y, min(start + DASH, right), y), drawn.color, LINE_WIDTH)
    for start in range(top, bottom + 1, DASH + GAP):
        for x in (left, right):
            draw.line((x, start, x, min(start + DASH, bottom)), drawn.color, LINE_WIDTH)


def _free_place(
    corner: Sequence[int], size: tuple[int, int], frame: tuple[int, int], taken: Sequence[tuple[int, int, int, int]]
) -> tuple[int, int]:
    """Where a caption goes: above a box's upper left corner, or below until it is free."""
    x = max(0, min(corner[0], frame[0] - size[0]))
    for y in range(max(0, corner[1] - size[1]), frame[1] - size[1], 2):
        if not any(
            x < right and left < x + size[0] and y < bottom and top < y + size[1] for left, top, right, bottom in taken
        ):
            return x, y
    return x, max(0, corner[1] - size[1])


def equal_steps(length: int, count: int) -> np.ndarray:
    """At most ``count`` of ``length`` indices in equal steps, ``(N,)``, the first and the last among them."""
    return np.unique(np.linspace(0, length - 1, min(count, length)).round().astype(int))


def tube_row(frames: np.ndarray, indices: Sequence[int], tubes: Sequence[DrawnTube], title: str = "") -> np.ndarray:
    """Frames ``(N, H, W, 3)`` of the given indices side by side, each with its tubes: ``(H, N · W, 3)``."""
    drawn = [
        draw_tubes(frame, int(index), tubes, f"{title} frame {index}".strip())
        for frame, index in zip(frames, indices, strict=True)
    ]
    return np.concatenate(drawn, axis=1)


def track_rows(
    frames: np.ndarray,
    indices: Sequence[int],
    truth: np.ndarray,
    predictions: Mapping[str, np.ndarray],
    max_width: int = 360,
) -> np.ndarray:
    """A row of frames a tracker, with the true box, white and dashed, and the tracker's, with its IoU.

    The frames ``(N, H, W, 3)`` RGB are those of the ``indices`` in the sequence, and shrunk to ``max_width`` pixels, so
    that captions can be read. Boxes ``(T, 4)`` are of the whole sequence: true ones, of which each of the frames has
    one, and by name those of the trackers, NaN where they have none.
    """
    scale = min(1.0, max_width / frames.shape[2])
    if scale < 1:
        frames = np.stack([cv2.resize(each, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) for each in frames])

    def in_frame(index: int, boxes: np.ndarray) -> Tube:
        return Tube(int(index), boxes[[index]] * scale, np.ones(1), 1.0, 0)

    rows = []
    for rank, (name, boxes) in enumerate(predictions.items()):
        overlaps = elementwise_iou(boxes[indices], truth[indices])
        drawn = [DrawnTube.truth(in_frame(index, truth)) for index in indices]
        drawn += [
            DrawnTube.ranked(in_frame(index, boxes), rank, f"{overlap:.2f}")
            for index, overlap in zip(indices, overlaps, strict=True)
            if np.isfinite(boxes[index]).all()
        ]
        rows.append(tube_row(frames, indices, drawn, title=name))
    return np.concatenate(rows)


def contact_sheet(pictures: Sequence[np.ndarray], num_columns: int = 4, height: int = 240) -> np.ndarray:
    """Rows of one or more pictures ``(H, W, 3)`` uint8, each scaled to one height; black where a row is shorter."""
    if not pictures:
        raise ValueError("a contact sheet needs a picture")
    widths = [max(1, round(picture.shape[1] * height / picture.shape[0])) for picture in pictures]
    scaled = [
        cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
        for picture, width in zip(pictures, widths, strict=True)
    ]
    rows = [np.concatenate(scaled[start : start + num_columns], axis=1) for start in range(0, len(scaled), num_columns)]
    width = max(row.shape[1] for row in rows)
    return np.concatenate([np.pad(row, ((0, 0), (0, width - row.shape[1]), (0, 0))) for row in rows])


def save_picture(path: str | Path, picture: np.ndarray) -> None:
    """Write ``(H, W, 3)`` uint8, RGB, in the format of the name's suffix; its folder is made."""
    _, encoded = cv2.imencode(Path(path).suffix, cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
    try:
        save(path, encoded.tobytes())
    except OSError as error:
        raise OSError(f"{path}: the picture cannot be written ({error})") from error
