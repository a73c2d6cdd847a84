"""One video in, its proposals out."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from mmengine.registry import Registry

from actorsup.io import Proposals, VideoFrames, open_video
from actorsup.linkers import Linker
from actorsup.registry import DETECTORS, LINKERS
from actorsup.structures import Detections

from .config import ProposalConfig


class ProposalPipeline:
    """Detect the actors in the frames of a video and link them into tubes.

    Between the two steps detections are stored, or cut into windows. Detector and linker are built when first needed.
    """

    def __init__(self, config: ProposalConfig) -> None:
        self.config = config

    @cached_property
    def detector(self):
        """The detector, with its weights."""
        return _build(DETECTORS, self.config.detector)

    @cached_property
    def linker(self) -> Linker:
        """The linker, with the weights of its tracker."""
        return _build(LINKERS, self.config.linker)

    def build(self, detector: bool = True, linker: bool = True) -> None:
        """Build the parts now, so that a wrong setting is not taken for a bad video."""
        if linker:
            self.linker  # noqa: B018
        if detector:
            self.detector  # noqa: B018

    def open(self, path: str | Path) -> VideoFrames:
        """The frames of a video file or folder, of which at most ``frame_memory`` MiB are held."""
        return VideoFrames(open_video(path, self.config.reader), self.config.frame_memory * 2**20)

    def detect(self, frames: Iterable[np.ndarray]) -> Iterator[Detections]:
        """The detections of each frame ``(H, W, 3)``, uint8 RGB, in order; frames are read a batch ahead."""
        return self.detector.detect(frames)

    def link(self, frames: Sequence[np.ndarray], detections: Sequence[Detections]) -> Proposals:
        """The proposals of at least one frame ``(H, W, 3)``, given each frame's detections.

        Tubes count from the first frame, in its pixels.
        """
        height, width = frames[0].shape[:2]
        return Proposals(tuple(self.linker.link(frames, detections)), len(frames), (width, height))


def _build(registry: Registry, config: Mapping):
    """Build a part; networks without trained weights are the same in every process and every run."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return registry.build(config)
