"""How fast video files are read, beside OpenCV; and how much sooner frames of a long video are there by seeking.

Each video is decoded from its first frame to its last by both, in turns, as RGB frames of which the reader of the loop
holds one; then 16 frames in equal steps are picked by seeking, and by decoding from the start; then 16 frames are made
as in training, 320×240, by decoding, and from a `frame_cache` that has them (in the system's memory). Medians of some
rounds.

    python tools/benchmarks/reading.py VIDEO ... [--rounds 5] [--no-pick]
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import islice
from pathlib import Path

import cv2
import numpy as np

from actorsup.datasets import ReadCachedFrames
from actorsup.datasets.transforms import DecodeFrames, ResizeFrames
from actorsup.io import Proposals, open_video

NUM_PICKED = 16
TRAINED = (320, 240)


def opencv_frames(path: Path) -> Iterator[np.ndarray]:
    """Every frame as OpenCV decodes it, RGB."""
    capture = cv2.VideoCapture(str(path))
    while (read := capture.read())[0]:
        yield cv2.cvtColor(read[1], cv2.COLOR_BGR2RGB)


def count(read: Callable[[Path], Iterable[np.ndarray]], path: Path) -> int:
    """Number of frames; one at a time is held."""
    return sum(1 for _ in read(path))


def seek(path: Path, indices: np.ndarray) -> np.ndarray:
    """The frames at indices, the quick way."""
    return open_video(path).frames_at(indices)


def decode(path: Path, indices: np.ndarray) -> list[np.ndarray]:
    """The frames at indices, from a pass over all before them."""
    wanted = set(indices.tolist())
    frames = enumerate(islice(open_video(path), int(indices[-1]) + 1))
    return [frame for index, frame in frames if index in wanted]


def for_training(path: Path, indices: np.ndarray, num_frames: int) -> dict:
    """What the steps of a pipeline take."""
    height, width = next(iter(open_video(path))).shape[:2]
    return {
        "path": str(path),
        "reader": None,
        "proposals": Proposals((), num_frames, (width, height)),
        "frame_indices": indices,
        "tubes": np.zeros((0, len(indices), 4), np.float32),
    }


def medians(works: Sequence[Callable[[], object]], num_rounds: int) -> list[float]:
    """Seconds of each, run in turns after a first round that is not counted."""
    seconds = [[] for _ in works]
    for _ in range(num_rounds + 1):
        for work, times in zip(works, seconds, strict=True):
            start = time.perf_counter()
            work()
            times.append(time.perf_counter() - start)
    return [statistics.median(times[1:]) for times in seconds]


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("videos", nargs="+", type=Path, metavar="VIDEO")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--no-pick", action="store_true", help="measure whole videos alone")
    arguments = parser.parse_args(arguments)
    for path in arguments.videos:
        num_frames = count(open_video, path)
        works = [
            lambda path=path: sum(1 for _ in opencv_frames(path)),
            lambda path=path: sum(1 for _ in open_video(path)),
        ]
        opencv, ours = medians(works, arguments.rounds)
        line = f"{path.name}: {num_frames} frames; {num_frames / ours:.0f} frames/s, {opencv / ours:.2f} times OpenCV's"
        if not arguments.no_pick:
            indices = ((np.arange(NUM_PICKED) + 0.5) * num_frames / NUM_PICKED).astype(int)
            picks = [partial(seek, path, indices), partial(decode, path, indices)]
            seeking, decoding = medians(picks, max(1, arguments.rounds // 2))
            line += (
                f"; {NUM_PICKED} frames in {seeking * 1000:.0f} ms, {decoding / seeking:.1f} times as fast as decoding"
            )
            taken, decode_frames, resize = (
                for_training(path, indices, num_frames),
                DecodeFrames(),
                ResizeFrames(TRAINED),
            )
            with tempfile.TemporaryDirectory() as folder:
                kept = ReadCachedFrames(TRAINED, folder)
                start = time.perf_counter()
                kept(taken)
                first = time.perf_counter() - start
                works = [lambda: resize(decode_frames(taken)), lambda: kept(taken)]  # noqa: B023
                decoded, read = medians(works, max(1, arguments.rounds // 2))
            line += (
                f"; scaled {decoded * 1000:.0f} ms, kept {read * 1000:.1f} ms, {decoded / read:.0f} times as fast, "
                f"after {first * 1000:.0f} ms once"
            )
        print(line)


if __name__ == "__main__":
    main()
