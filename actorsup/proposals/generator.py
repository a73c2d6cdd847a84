"""The proposals of many videos, by any number of processes, kept in stores."""

import heapq
import logging
import multiprocessing
import os
import signal
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import chain
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path

import cv2
import torch
from mmengine.dist import all_gather_object, barrier, get_dist_info
from mmengine.logging import print_log
from mmengine.utils import import_modules_from_strings

from actorsup.device import keep_freed_memory, num_cores, one_thread
from actorsup.errors import InputError, StoreError
from actorsup.io import Proposals, VideoStore, open_video
from actorsup.progress import progress_bar

from .config import ProposalConfig
from .pipeline import ProposalPipeline

FRAMES_WORTH_A_PROCESS = 200  # a start takes about as long as 100 to 180
# Each holds a model; more are faster where CUDA's Multi-Process Service runs (docs/benchmarks.md).
PROCESSES_OF_A_GPU = 4


@dataclass
class GenerationReport:
    """What became of the videos, by name."""

    made: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)  # the proposals were there already
    without_tubes: list[str] = field(default_factory=list)  # among both: nothing was detected
    failed: dict[str, str] = field(default_factory=dict)  # why they could not be used
    damaged: list[str] = field(default_factory=list)  # what was wrong with files that were made again

    @classmethod
    def merge(cls, reports: Sequence["GenerationReport"]) -> "GenerationReport":
        """The reports of several videos, or processes, as one."""
        lists = {
            key: sorted(chain.from_iterable(getattr(report, key) for report in reports))
            for key in ("made", "kept", "without_tubes", "damaged")
        }
        return cls(**lists, failed={name: reason for report in reports for name, reason in report.failed.items()})


class ProposalGenerator:
    """Make the proposals of videos; the config's stores keep them and their detections."""

    def __init__(self, config: ProposalConfig) -> None:
        self.config = config
        self.pipeline, self.detections, self.tubes = ProposalPipeline(config), config.detections, config.tubes

    def run(
        self, videos: Sequence[tuple[str, Path]], jobs: int | None = 1, imports: Sequence[str] = ()
    ) -> GenerationReport:
        """Make the proposals of videos ``(name, path)`` that have none yet, each process its share of them.

        A video that cannot be read is reported, and the others go on. On a CPU every sum is made by one thread, so that
        results are the same bits for any number of processes and cores; a process alone may link with several.

        Args:
            videos: names and files or folders of frames.
            jobs: processes to start here; None takes one a core, or several a GPU, as far as there are frames for them.
                More than one need a program that they can import. Processes that a launcher has started start none:
                these meet at the beginning and at the end only, and if one ends early, the others finish their shares
                and then raise ``RuntimeError``.
            imports: modules that started processes import first: those of a user's own parts.
        """
        rank, world_size = get_dist_info()
        paths = dict(videos)
        share = self._share(paths, rank, world_size)
        pending = [name for name in share if name not in self.tubes]
        if world_size > 1:
            jobs = 1
        elif jobs != 1:
            lengths = {name: length_for_sharing(paths[name], self.config.reader) for name in pending}
            pending.sort(key=lambda name: (-lengths[name], name))  # the longest first: all end at about the same time
            jobs = min(jobs or num_processes_for(lengths.values()), max(1, len(pending)))
        if jobs == 1:
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
            return self._run_share(share, pending, paths, jobs, rank, world_size, imports)

    def _run_share(self, share, pending, paths, jobs, rank, world_size, imports) -> GenerationReport:
        reports = []
        title = "proposals" if world_size == 1 else f"proposals (process 1 of {world_size})"
        alone = jobs == world_size == 1
        progress_of_all = progress_bar(title, len(share), unit="frames", enabled=rank == 0)
        with progress_of_all as progress, one_thread(twins=alone):

            def run_here(names: Iterable[str]) -> Iterator[tuple[GenerationReport, int]]:
                for name in names:
                    progress.show(name)
                    yield self.run_one(name, paths[name])

            elsewhere = {} if jobs == 1 else {name: paths[name] for name in pending}
            made = run_here(name for name in share if name not in elsewhere)
            if elsewhere:
                made = chain(made, self._run_in_processes(jobs, elsewhere, imports))
            for report, num_frames in made:
                for reason in report.damaged:
                    print_log(f"{reason}; it is made again now", logger="current", level=logging.WARNING)
                for name, reason in report.failed.items():
                    print_log(f"{name}: left out: {reason}", logger="current", level=logging.WARNING)
                progress.advance(num_frames)
                reports.append(report)
            progress.show("" if world_size == 1 else "waiting for the other processes")
            try:
                reports = all_gather_object(GenerationReport.merge(reports))
            except RuntimeError as error:
                raise RuntimeError(
                    "another process ended early; what was finished is kept: run the same command again for the rest"
                ) from error
        return GenerationReport.merge(reports)

    def _share(self, paths: Mapping[str, Path], rank: int, world_size: int) -> list[str]:
        """Names of the videos of this process."""
        if world_size == 1:
            return sorted(paths)
        own = {  # what is done already takes next to no time
            name: 1 if name in self.tubes else length_for_sharing(paths[name], self.config.reader)
            for name in sorted(paths)[rank::world_size]
        }
        lengths = {name: length for part in all_gather_object(own) for name, length in part.items()}
        return shares_by_length(lengths, world_size)[rank]

    def _run_in_processes(
        self, number: int, paths: Mapping[str, Path], imports: Sequence[str]
    ) -> Iterator[tuple[GenerationReport, int]]:
        """What ``run_one`` gives for each video, in the order in which they are done."""
        context, videos = multiprocessing.get_context("spawn"), iter(paths.items())
        workers: dict[Connection, BaseProcess] = {}
        try:
            for rank in range(number):
                ours, theirs = context.Pipe()
                workers[ours] = context.Process(target=_work, args=(theirs, self.config, imports, rank), daemon=True)
                workers[ours].start()
                theirs.close()  # so that the end of the process is seen
                ours.send(next(videos, None))
            working = list(workers)
            while working:
                for worker in wait(working):
                    made = worker.recv()
                    if isinstance(made, Exception):
                        raise made
                    yield made
                    worker.send(video := next(videos, None))
                    if video is None:
                        working.remove(worker)
        except (EOFError, ConnectionError) as error:
            raise InputError(
                f"one of {number} processes that make proposals ended early, perhaps for want of memory; what was "
                "finished is kept: run the same command again for the rest, with fewer --jobs"
            ) from error
        finally:  # a video that is in the making when this one is stopped is given up, as it would be in one process
            for process in workers.values():
                process.kill()
            for process in workers.values():
                process.join()

    def run_one(self, name: str, path: Path) -> tuple[GenerationReport, int]:
        """Make the proposals of one video, unless they are there; what became of it, and the number of new frames."""
        report = GenerationReport()
        proposals = kept = _load_if_whole(self.tubes, name, report)
        if kept is None:
            try:
                proposals = self._make(name, path, report)
            except StoreError:
                raise
            except InputError as error:
                report.failed[name] = str(error)
                return report, 0
            self.tubes.save(name, proposals)
        (report.made if kept is None else report.kept).append(name)
        if not proposals.tubes:
            report.without_tubes.append(name)
        return report, proposals.num_frames if kept is None else 0

    def make(self, name: str, path: str | Path) -> Proposals:
        """The proposals of one video; its detections are taken from their store, or put there."""
        return self._make(name, path, GenerationReport())

    def _make(self, name: str, path: str | Path, report: GenerationReport) -> Proposals:
        frames = self.pipeline.open(path)
        detections = _load_if_whole(self.detections, name, report)
        if detections is None:
            detections = list(self.pipeline.detect(frames))
            self.detections.save(name, detections)
        if len(detections) != len(frames):
            raise InputError(
                f"{path}: has {len(frames)} frames, but its detections in {self.detections.path(name)} are of "
                f"{len(detections)}; if the video was replaced, delete that file"
            )
        return self.pipeline.link(frames, detections)


def _load_if_whole(store: VideoStore, name: str, report: GenerationReport):
    """What a store has of a video; None if nothing, or only a damaged file, which is reported."""
    if name not in store:
        return None
    try:
        return store.load(name)
    except StoreError as error:
        report.damaged.append(str(error))
        return None


def _work(connection: Connection, config: ProposalConfig, imports: Sequence[str], rank: int) -> None:
    """Make the proposals of the videos that come, until None does: with one thread, and one of the GPUs.

    It ends with the process that started it. What is raised is sent there.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the other, which ends this one
    threading.Thread(target=_end_with_parent, daemon=True).start()
    os.environ["LOCAL_RANK"] = str(rank)
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    keep_freed_memory()
    try:
        import_modules_from_strings(list(imports))
        generator = ProposalGenerator(config)
        generator.pipeline.build()  # now, so that a wrong setting is not taken for a bad video
        while (video := connection.recv()) is not None:
            connection.send(generator.run_one(*video))
    except Exception as error:
        connection.send(error)


def _end_with_parent() -> None:
    multiprocessing.parent_process().join()
    os._exit(1)


def num_processes_for(lengths: Iterable[int]) -> int:
    """How many processes are worth their start for videos of so many frames: one a core, or a few a GPU, at most."""
    lengths = list(lengths)
    num_gpus = torch.cuda.device_count() if torch.cuda.is_available() else 0
    most = min(num_cores(), num_gpus * PROCESSES_OF_A_GPU) if num_gpus else num_cores()
    return max(1, min(most, len(lengths), sum(lengths) // FRAMES_WORTH_A_PROCESS))


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
