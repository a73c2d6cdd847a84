"""Which process works on which videos."""

import heapq
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from mmengine.dist import all_gather_object, barrier, get_dist_info
from mmengine.logging import print_log

from actorsup.errors import InputError, StoreError
from actorsup.io import Proposals, VideoFrames, VideoReader, VideoStore, open_video
from actorsup.linkers import Linker
from actorsup.structures import Detections

from .config import ProposalConfig
from .progress import shared_progress_bar


def shares_by_length(lengths: Mapping[str, int], num_shares: int) -> list[list[str]]:
    """Divide videos so that the shares take about as long as each other: the longest first, each to the least load.

    The longest share is at most a third longer than that of the best division (Graham, 1969). The same lengths give
    the same shares, in whatever order they come.

    Args:
        lengths: by the name of each video, in any unit.
        num_shares: how many shares; some are empty where there are fewer videos.

    Returns:
        The names of each share, sorted.
    """
    loads = [(0, share) for share in range(num_shares)]
    shares: list[list[str]] = [[] for _ in range(num_shares)]
    for name in sorted(lengths, key=lambda name: (-lengths[name], name)):
        load, share = heapq.heappop(loads)
        shares[share].append(name)
        heapq.heappush(loads, (load + lengths[name], share))
    return [sorted(share) for share in shares]


def length_for_sharing(path: Path, reader: dict | None) -> int:
    """About how many frames a video has; 1 where that is unknown or it cannot be read, which comes out later."""
    try:
        return max(1, open_video(path, reader).estimate_length())
    except (InputError, OSError):
        return 1


@dataclass
class GenerationReport:
    """What became of the videos.

    Args:
        made: proposals were made now.
        kept: proposals were there already.
        without_tubes: among both, those in which nothing was detected.
        failed: videos that could not be used, with the reason.
    """

    made: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    without_tubes: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)

    @classmethod
    def merge(cls, reports: Sequence["GenerationReport"]) -> "GenerationReport":
        """The reports of several processes as one."""
        return cls(
            made=sorted(name for report in reports for name in report.made),
            kept=sorted(name for report in reports for name in report.kept),
            without_tubes=sorted(name for report in reports for name in report.without_tubes),
            failed={name: report.failed[name] for report in reports for name in report.failed},
        )


class ProposalGenerator:
    """Makes the proposals of videos, and keeps them and the detections they grew from in the recipe's stores.

    Args:
        recipe: detector, linker, reader, stores.

    Raises:
        StoreError: if a store was made by another configuration.
    """

    def __init__(self, recipe: ProposalConfig) -> None:
        self.recipe = recipe
        self.detections = recipe.detections
        self.tubes = recipe.tubes

    # Built only when needed: a resumed run with all detections there loads no detector.
    @cached_property
    def detector(self):
        """The detector, built from its config."""
        return self.recipe.build_detector()

    @cached_property
    def linker(self) -> Linker:
        """The linker, built from its config."""
        return self.recipe.build_linker()

    def run(self, videos: Sequence[tuple[str, Path]]) -> GenerationReport:
        """Make the proposals of videos ``(name, path)`` that have none yet, each process its share of them.

        A video that cannot be read is reported, and the others go on. Processes meet at the beginning and at the end
        only: where one of them dies, the others finish their shares before they say so.

        Raises:
            RuntimeError: if another process ended early.
        """
        rank, world_size = get_dist_info()
        paths = dict(videos)
        share = self._share(paths, rank, world_size)
        self._build_parts(share)
        if rank == 0:
            self.detections.create()
            self.tubes.create()
        barrier()
        report = GenerationReport()
        with shared_progress_bar("proposals", len(paths), "frames", self.tubes.folder, rank, world_size) as progress:
            for name in share:
                progress.show(name)
                progress.advance(self._run_one(name, paths[name], report))
            progress.show("" if world_size == 1 else "waiting for the other processes")
            try:
                reports = all_gather_object(report)
            except RuntimeError as error:
                raise RuntimeError(
                    "another process ended early; what was finished is kept: run the same command again for the rest"
                ) from error
        return GenerationReport.merge(reports)

    def _share(self, paths: Mapping[str, Path], rank: int, world_size: int) -> list[str]:
        """Names of the videos of this process. Lengths are read by all processes together."""
        if world_size == 1:
            return sorted(paths)
        own = {name: self._length(name, paths[name]) for name in sorted(paths)[rank::world_size]}
        lengths = {name: length for part in all_gather_object(own) for name, length in part.items()}
        return shares_by_length(lengths, world_size)[rank]

    def _length(self, name: str, path: Path) -> int:
        """How long a video takes, against others: what is done already takes next to no time."""
        return 1 if name in self.tubes else length_for_sharing(path, self.recipe.reader)

    def _build_parts(self, names: Sequence[str]) -> None:
        """Build what the videos need before the first of them, so that a wrong setting is not taken for a bad video."""
        pending = [name for name in names if name not in self.tubes]
        if pending:
            self.linker  # noqa: B018
        if any(name not in self.detections for name in pending):
            self.detector  # noqa: B018

    def _run_one(self, name: str, path: Path, report: GenerationReport) -> int:
        """Make the proposals of one video, note what became of it, and return the number of its new frames."""
        proposals = _load_if_whole(self.tubes, name)
        if proposals is not None:
            report.kept.append(name)
            num_new_frames = 0
        else:
            try:
                proposals = self.make(name, open_video(path, self.recipe.reader))
            except StoreError:
                raise
            except InputError as error:
                report.failed[name] = str(error)
                print_log(f"{name}: left out: {error}", logger="current", level=logging.ERROR)
                return 0
            self.tubes.save(name, proposals)
            report.made.append(name)
            num_new_frames = proposals.num_frames
        if not proposals.tubes:
            report.without_tubes.append(name)
        return num_new_frames

    def make(self, name: str, video: VideoReader) -> Proposals:
        """The proposals of one video; its detections are taken from their store, or put there.

        Raises:
            VideoError: if the video cannot be read.
            InputError: if it has another number of frames than when its detections were made.
        """
        frames = VideoFrames(video, self.recipe.frame_memory * 2**20)
        detections = self._detect(name, frames)
        if len(detections) != len(frames):
            raise InputError(
                f"{video.path}: has {len(frames)} frames, but its detections in {self.detections.path(name)} are of "
                f"{len(detections)}; if the video was replaced, delete that file"
            )
        height, width = frames.shape[1:3]
        return Proposals(tuple(self.linker.link(frames, detections)), len(frames), (width, height))

    def _detect(self, name: str, frames: VideoFrames) -> list[Detections]:
        detections = _load_if_whole(self.detections, name)
        if detections is not None:
            return detections
        detections = list(self.detector.detect(frames))
        self.detections.save(name, detections)
        return detections


def _load_if_whole(store: VideoStore, name: str):
    """What a store has of a video; None if it has nothing, or only a damaged file, which is then made again."""
    if name not in store:
        return None
    try:
        return store.load(name)
    except StoreError as error:
        print_log(f"{error}; it is made again now", logger="current", level=logging.WARNING)
        return None
