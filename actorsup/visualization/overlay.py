"""Tubes drawn on frames of their video."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from mmengine.visualization import Visualizer

from actorsup.structures import Tube, clip_boxes

TRUTH_COLOR = (255, 255, 255)
RANK_COLORS = ((255, 80, 60), (70, 200, 80), (70, 140, 255), (240, 200, 40), (200, 90, 220), (60, 210, 210))


@dataclass(frozen=True)
class DrawnTube:
    """A tube and how it looks.

    Args:
        tube: in pixels of the frames that it is drawn on.
        color: RGB, 0 … 255.
        caption: at the upper left corner of its boxes.
        dashed: for ground truth.
    """

    tube: Tube
    color: tuple[int, int, int]
    caption: str = ""
    dashed: bool = False

    @classmethod
    def truth(cls, tube: Tube) -> "DrawnTube":
        """A true tube: white and dashed."""
        return cls(tube, TRUTH_COLOR, dashed=True)

    @classmethod
    def ranked(cls, tube: Tube, rank: int, caption: str) -> "DrawnTube":
        """A proposal, coloured by its rank, which starts at 0."""
        return cls(tube, RANK_COLORS[rank % len(RANK_COLORS)], caption)


def draw_tubes(frame: np.ndarray, index: int, tubes: Sequence[DrawnTube], title: str = "") -> np.ndarray:
    """The frame ``(H, W, 3)`` RGB of this index with the boxes that the tubes have in it, as a new array."""
    visualizer = Visualizer()
    visualizer.set_image(frame)
    for drawn in tubes:
        if not drawn.tube.covers(np.array([index]))[0]:
            continue
        height, width = frame.shape[:2]
        box = clip_boxes(drawn.tube.boxes_at(np.array([index])), (width - 1, height - 1))  # a line needs a pixel
        visualizer.draw_bboxes(
            torch.from_numpy(box),
            edge_colors=drawn.color,
            line_styles="--" if drawn.dashed else "-",
            line_widths=2,
        )
        if drawn.caption:
            _write(visualizer, drawn.caption, box[0, :2] + [2, 2], drawn.color)
    if title:
        _write(visualizer, title, np.array([2, frame.shape[0] - 12]), TRUTH_COLOR)
    return visualizer.get_image()


def _write(visualizer: Visualizer, text: str, position: np.ndarray, color: tuple[int, int, int]) -> None:
    visualizer.draw_texts(
        text,
        torch.from_numpy(np.asarray(position, dtype=np.float32))[None],
        font_sizes=8,
        colors=color,
        bboxes={"facecolor": "black", "alpha": 0.6, "pad": 0.5, "edgecolor": "none"},
    )


def tube_sheet(frames: np.ndarray, indices: Sequence[int], tubes: Sequence[DrawnTube], title: str = "") -> np.ndarray:
    """Frames ``(N, H, W, 3)`` of the given indices side by side, each with its tubes: ``(H, N · W, 3)``."""
    drawn = [
        draw_tubes(frame, int(index), tubes, f"{title} frame {index}".strip())
        for frame, index in zip(frames, indices, strict=True)
    ]
    return np.concatenate(drawn, axis=1)
