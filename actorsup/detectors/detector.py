"""The seam that every detector fills."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

import numpy as np
import torch
from torch import Tensor
from torchvision.ops import clip_boxes_to_image

from actorsup.errors import InputError
from actorsup.structures import Detections

Found = tuple[Tensor, Tensor, Tensor]  # of one frame: boxes (D, 4) in its pixels, scores (D,), categories (D,)


class Detector(ABC):
    """Finds things of many categories in frames, and keeps those that are actors.

    A subclass calls ``know`` with the names of its categories, before it detects.

    Args:
        actors: category names to keep; a detection's label is the index in this list.
        score_threshold: detections below are dropped.
        max_per_frame: the best-scoring ones are kept; None keeps all.
        batch_size: frames that are looked at together.
    """

    def __init__(
        self, actors: Sequence[str], score_threshold: float, max_per_frame: int | None, batch_size: int
    ) -> None:
        self.actors = tuple(actors)
        self.score_threshold = score_threshold
        self.max_per_frame = max_per_frame
        self.batch_size = batch_size

    @abstractmethod
    def find(self, frames: list[np.ndarray]) -> list[Found]:
        """All that is found in each of a few frames ``(H, W, 3)`` uint8 RGB, on the CPU, in any order.

        Boxes may reach out of the frame; categories are indices into the names that ``know`` got.
        """

    def know(self, categories: Sequence[str]) -> None:
        """Take the names of the categories, in their order.

        Raises:
            InputError: if an actor is none of them.
        """
        categories = list(categories)
        if unknown := [actor for actor in self.actors if actor not in categories]:
            known = ", ".join(categories)
            raise InputError(f"actor {unknown[0]!r} is no category of the detector, which knows: {known}")
        self.categories = torch.tensor([categories.index(actor) for actor in self.actors])

    def detect(self, frames: Iterable[np.ndarray]) -> Iterator[Detections]:
        """Detections of each frame, in order, while the frames ``(H, W, 3)`` RGB stream in."""
        frames = iter(frames)
        while batch := list(islice(frames, self.batch_size)):
            for frame, found in zip(batch, self.find(batch), strict=True):
                yield self._select(*found, frame.shape)

    def _select(self, boxes: Tensor, scores: Tensor, categories: Tensor, shape: tuple[int, ...]) -> Detections:
        """Actors above the threshold, inside the frame, best first."""
        is_actor = categories[:, None] == self.categories[None]
        keep = is_actor.any(dim=1) & (scores >= self.score_threshold)
        boxes, scores = clip_boxes_to_image(boxes[keep].float(), shape[:2]), scores[keep].float()
        labels = is_actor[keep].int().argmax(dim=1)
        order = scores.argsort(descending=True, stable=True)
        order = order[(boxes[order, 2:] > boxes[order, :2]).all(dim=1)][: self.max_per_frame]
        return Detections(boxes[order].numpy(), scores[order].numpy(), labels[order].numpy())
