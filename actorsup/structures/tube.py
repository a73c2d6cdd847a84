"""A tube: one box a frame over consecutive frames."""

from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Integral, Real

import numpy as np

from .boxes import as_boxes, as_numbers, set_frozen


@dataclass(frozen=True, eq=False)
class Tube:
    """One actor or action followed through ``T`` consecutive frames.

    Args:
        start: first frame, 0-based.
        boxes: ``(T, 4)``, ``(x1, y1, x2, y2)`` in pixels of the original frame, ``T >= 1``.
        scores: ``(T,)``, finite, confidence of each box (detector or tracker).
        score: confidence of the whole tube; for proposals that of the detection it grew from.
        label: the actor's category for a proposal, the action's for ground truth and predictions.
        annotated: ``(T,)`` bool, of a sparse true tube: the frames, the first and the last among them, whose boxes
            people drew. The boxes between are interpolated, and evaluation leaves them out. None stands for all.
    """

    start: int
    boxes: np.ndarray
    scores: np.ndarray
    score: float
    label: int
    annotated: np.ndarray | None = None

    def __post_init__(self) -> None:
        boxes = as_boxes(self.boxes, "tube.boxes")
        scores = as_numbers(self.scores, "tube.scores")
        for name, kind in (("start", Integral), ("label", Integral), ("score", Real)):
            if not isinstance(getattr(self, name), kind) or isinstance(getattr(self, name), bool):
                whole = "a whole number" if kind is Integral else "a number"
                raise ValueError(f"a tube's {name} must be {whole}, got {getattr(self, name)!r:.80}")
        annotated = None if self.annotated is None else np.array(self.annotated, dtype=bool)
        if len(boxes) == 0:
            raise ValueError("a tube needs at least one box, got none")
        if self.start < 0 or self.label < 0:
            raise ValueError(f"a tube's frames and labels are counted from 0, got {self.start} and {self.label}")
        if scores.shape != (len(boxes),):
            raise ValueError(f"a tube needs one score a box: {len(boxes)} boxes, scores of shape {scores.shape}")
        if not (np.isfinite(scores).all() and np.isfinite(self.score)):
            raise ValueError(f"a tube's scores must be finite, got {self.score} and {scores.tolist()}")
        if annotated is not None and (annotated.shape != scores.shape or not (annotated[0] and annotated[-1])):
            raise ValueError(
                f"annotated must say of each of the {len(boxes)} frames whether it is, and be true of the first "
                f"and the last; got {annotated.tolist()}"
            )
        set_frozen(self, boxes=boxes, scores=scores, annotated=annotated)
        set_frozen(self, start=int(self.start), score=float(self.score), label=int(self.label))

    @classmethod
    def still(cls, box: Sequence[float], num_frames: int, start: int = 0, score: float = 1.0, label: int = 0) -> "Tube":
        """A tube of ``num_frames`` equal boxes; each has the tube's score."""
        boxes = np.tile(np.asarray(box, dtype=np.float32), (num_frames, 1))
        return cls(start, boxes, np.full(num_frames, score), score, label)

    def __len__(self) -> int:
        return len(self.boxes)

    @property
    def end(self) -> int:
        """The frame after the last one."""
        return self.start + len(self.boxes)

    @property
    def marked_frames(self) -> np.ndarray:
        """The frames ``(n,)`` whose boxes people drew."""
        return self.start + (np.arange(len(self)) if self.annotated is None else np.flatnonzero(self.annotated))

    def covers(self, frames: np.ndarray) -> np.ndarray:
        """Which of the given frames ``(N,)`` the tube has a box in: bool ``(N,)``."""
        frames = np.asarray(frames)
        return (frames >= self.start) & (frames < self.end)

    def boxes_at(self, frames: np.ndarray) -> np.ndarray:
        """Boxes ``(N, 4)`` at the given frames; outside the tube's time the first or last box stands in."""
        return self.boxes[np.clip(np.asarray(frames) - self.start, 0, len(self) - 1)]


def require_within(tubes: Sequence[Tube], num_frames: int) -> None:
    """Raise ``ValueError`` if a tube ends after its video of ``num_frames`` frames."""
    for index, tube in enumerate(tubes):
        if tube.end > num_frames:
            raise ValueError(f"tube {index} ends at frame {tube.end}, the video has {num_frames} frames")
