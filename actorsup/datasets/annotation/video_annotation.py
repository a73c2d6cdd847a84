"""What people marked in one video."""

from dataclasses import dataclass, replace

import numpy as np

from actorsup.structures import Tube


@dataclass(frozen=True, eq=False)
class VideoAnnotation:
    """The true tubes of one video.

    Args:
        num_frames: frames of the video that was annotated; None where unknown.
        label: action class of the video.
        size: ``(width, height)`` of the frames in whose pixels the tubes are given; None where there are no tubes.
        tubes: the label of each is the action class; its scores are 1.

    Raises:
        ValueError: if a tube ends after the video, or there are tubes and no size.
    """

    num_frames: int | None
    label: int
    size: tuple[int, int] | None
    tubes: tuple[Tube, ...]

    def __post_init__(self) -> None:
        if self.tubes and self.size is None:
            raise ValueError("its tubes need the size of the frames in whose pixels they are")
        for index, tube in enumerate(self.tubes):
            if self.num_frames is not None and tube.end > self.num_frames:
                raise ValueError(f"tube {index} ends at frame {tube.end}, the video has {self.num_frames} frames")

    def tubes_at(self, size: tuple[int, int]) -> tuple[Tube, ...]:
        """The tubes in pixels of a copy of the video whose frames have ``size = (width, height)``."""
        if tuple(size) == self.size or not self.tubes:
            return self.tubes
        scale = np.array(size, np.float32) / np.array(self.size, np.float32)
        return tuple(replace(tube, boxes=tube.boxes * np.tile(scale, 2)) for tube in self.tubes)

    def with_classes(self, new_labels: dict[int, int]) -> "VideoAnnotation":
        """With other numbers for the classes, ``{old: new}``; tubes of classes that have no new number are dropped."""
        tubes = tuple(replace(tube, label=new_labels[tube.label]) for tube in self.tubes if tube.label in new_labels)
        return replace(self, label=new_labels[self.label], tubes=tubes)
