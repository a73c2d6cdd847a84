"""The proposals of many videos, by any number of processes, kept in stores."""

import heapq
import logging
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

from mmengine.dist import all_gather_object, barrier, get_dist_info
from mmengine.logging import print_log

from actorsup.errors import InputError, StoreError
from actorsup.io import Proposals, VideoStore, open_video
from actorsup.progress import progress_bar

from .config import ProposalConfig
from .pipeline import ProposalPipeline


@dataclass
class GenerationReport:
    """What became of the videos, by name."""

    made: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)  # the proposals were there already
    without_tubes: list[str] = field(default_factory=list)  # among both: nothing was detected
    failed: dict[str, str] = field(default_factory=dict)  # why they could not be used

    @classmethod
    def merge(cls, reports: Sequence["GenerationReport"]) -> "GenerationReport":
        """The reports of several processes as one."""
        lists = (
            sorted(chain.from_iterable(getattr(report, key) for report in reports))
            for key in ("made", "kept", "without_tubes")
        )
        return cls(*lists, failed={name: reason for report in reports for name, reason in report.failed.items()})


class ProposalGenerator:
    """Make the proposals of videos; the config's stores keep them and their detections."""

    def __init__(self, config: ProposalConfig) -> None:
        self.pipeline, self.detections, self.tubes = ProposalPipeline(config), config.detections, config.tubes

    def run(self, videos: Sequence[tuple[str, Path]]) -> GenerationReport:
        """Make the proposals of videos ``(name, path)`` that have none yet, each process its share of them.

        A video that cannot be read is reported, and the others go on. Processes meet at the beginning and at the end
        only: if one ends early, the others finish their shares and then raise ``RuntimeError``.
        """
        rank, world_size = get_dist_info()
        paths = dict(videos)
        share = self._share(paths, rank, world_size)
        pending = [name for name in share if name not in self.tubes]
        self.pipeline.build(linker=bool(pending), detector=any(name not in self.detections for name in pending))
        stores = (self.detections, self.tubes)
        with ExitStack() as claimed:
            if rank == 0:
                for store in stores:
                    claimed.enter_context(store.claimed())
            barrier()
            if rank != 0:
                for store in stores:
                    claimed.enter_context(store.claimed(begin=False))
            return self._run_share(share, paths, rank, world_size)

    def _run_share(
        self, share: Sequence[str], paths: Mapping[str, Path], rank: int, world_size: int
    ) -> GenerationReport:
        report = GenerationReport()
        title = "proposals" if world_size == 1 else f"proposals (process 1 of {world_size})"
        with progress_bar(title, len(share), unit="frames", enabled=rank == 0) as progress:
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
        """Names of the videos of this process."""
        if world_size == 1:
            return sorted(paths)
        reader = self.pipeline.config.reader
        own = {  # what is done already takes next to no time
            name: 1 if name in self.tubes else length_for_sharing(paths[name], reader)
            for name in sorted(paths)[rank::world_size]
        }
        lengths = {name: length for part in all_gather_object(own) for name, length in part.items()}
        return shares_by_length(lengths, world_size)[rank]

    def _run_one(self, name: str, path: Path, report: GenerationReport) -> int:
        """Make the proposals of one video, note what became of it, and return the number of its new frames."""
        proposals = kept = _load_if_whole(self.tubes, name)
        if kept is None:
            try:
                proposals = self.make(name, path)
            except StoreError:
                raise
            except InputError as error:
                report.failed[name] = str(error)
                print_log(f"{name}: left out: {error}", logger="current", level=logging.ERROR)
                return 0
            self.tubes.save(name, proposals)
        (report.made if kept is None else report.kept).append(name)
        if not proposals.tubes:
            report.without_tubes.append(name)
        return proposals.num_frames if kept is None else 0

    def make(self, name: str, path: str | Path) -> Proposals:
        """The proposals of one video; its detections are taken from their store, or put there."""
        frames = self.pipeline.open(path)
        detections = _load_if_whole(self.detections, name)
        if detections is None:
            detections = list(self.pipeline.detect(frames))
            self.detections.save(name, detections)
        if len(detections) != len(frames):
            raise InputError(
                f"{path}: has {len(frames)} frames, but its detections in {self.detections.path(name)} are of "
                f"{len(detections)}; if the video was replaced, delete that file"
            )
        return self.pipeline.link(frames, detections)


def _load_if_whole(store: VideoStore, name: str):
    """What a store has of a video; None if nothing, or only a damaged file."""
    if name not in store:
        return None
    try:
        return store.load(name)
    except StoreError as error:
        print_log(f"{error}; it is made again now", logger="current", level=logging.WARNING)
        return None


def shares_by_length(lengths: Mapping[str, int], num_shares: int) -> list[list[str]]:
    """Divide videos into shares of about the same length: the longest first, each to the least load.

    The longest share is at most a third longer than that of the best division (Graham, 1969). The order of ``lengths``
    does not matter.
    """
    loads = [(0, share) for share in range(num_shares)]
    shares: list[list[str]] = [[] for _ in range(num_shares)]
    for name in sorted(lengths, key=lambda name: (-lengths[name], name)):
        load, share = heapq.heappop(loads)
        shares[share].append(name)
        heapq.heappush(loads, (load + lengths[name], share))
    return [sorted(share) for share in shares]


def length_for_sharing(path: Path, reader: dict | None) -> int:
    """About how many frames a video has; 1 if that is unknown or it cannot be read, which is reported later."""
    try:
        return max(1, open_video(path, reader).estimate_length())
    except (InputError, OSError):
        return 1
