"""Damaged videos: what is read is true, or refused, of every container and codec that people commonly have."""

import os
import struct
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import av
import numpy as np
from campaign import Fault, Outcome

from actorsup.errors import InputError
from actorsup.io import open_video

os.environ.setdefault("SVT_LOG", "1")  # errors alone; its encoder prints its settings otherwise

SEED = 160
NUM_FRAMES = 50
WIDTH, HEIGHT = 192, 112
NUM_BITS = 12  # of what a frame shows: its number and a check of it
MUTANTS = 10  # damaged copies of a video in one attempt
SLOW = 10.0  # seconds
GROUPS = {"g": "12", "bf": "2"}
KINDS = [
    ("mp4", "libx264", GROUPS),
    ("mp4", "mpeg4", GROUPS),
    ("mp4", "libsvtav1", {"preset": "12", "svtav1-params": "keyint=12:lp=1"}),
    ("mp4", "libx265", {"x265-params": "keyint=12:log-level=none:pools=none:frame-threads=1"}),
    ("mov", "libx264", {"x264-params": "open-gop=1:keyint=12", "bf": "2"}),
    ("mov", "mjpeg", {}),
    ("mkv", "libx264", GROUPS),
    ("mkv", "mpeg2video", GROUPS),
    ("webm", "libvpx", {"g": "12", "deadline": "realtime"}),
    ("webm", "libvpx-vp9", {"g": "12", "deadline": "realtime", "auto-alt-ref": "1", "lag-in-frames": "8"}),
    ("webm", "libsvtav1", {"preset": "12", "svtav1-params": "keyint=12:lp=1"}),
    ("avi", "mjpeg", {}),
    ("avi", "mpeg4", {"g": "12"}),
    ("avi", "libx264", GROUPS),
    ("ts", "libx264", GROUPS),
    ("ts", "mpeg2video", GROUPS),
    ("mpg", "mpeg2video", GROUPS),
    ("flv", "libx264", GROUPS),
]
FORMATS = {"ts": "mpegts"}
BITEXACT = {"fflags": "+bitexact"}  # without random numbers

Ranges = list[tuple[int, int]]


def code(number: int) -> int:
    """What a frame shows, 12 bits, of which any two numbers' differ in several."""
    return number << 6 | (number * 37 + 11) % 64


def draw(number: int) -> np.ndarray:
    """A frame that shows its number: a bar for each bit, white or black, and beside it one of the opposite."""
    bits = [code(number) >> bit & 1 for bit in range(NUM_BITS)]
    bars = np.array([level for bit in bits for level in (bit, 1 - bit)]) * 160 + 40
    across = np.repeat(bars, -(-WIDTH // len(bars)))[:WIDTH]
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    texture = 20 * np.sin((x + 3 * number) / 5) + 15 * np.sin((y - 2 * number) / 7)
    return np.clip(across + texture, 0, 255).astype(np.uint8)[..., None].repeat(3, axis=2)


def shown_number(frame: np.ndarray) -> int | None:
    """The number that a frame shows; None if it cannot be read."""
    edges = np.arange(2 * NUM_BITS + 1) * -(-WIDTH // (2 * NUM_BITS))
    if frame.shape != (HEIGHT, WIDTH, 3):
        return None
    levels = [frame[:, a + 2 : b - 2].mean() for a, b in zip(edges, edges[1:], strict=False)]
    differences = np.subtract(levels[::2], levels[1::2])
    shown = sum(1 << bit for bit in range(NUM_BITS) if differences[bit] > 0)
    return shown >> 6 if (abs(differences) > 60).all() and shown == code(shown >> 6) else None


@cache
def original(kind: int) -> tuple[bytes, np.ndarray]:
    """A video file, and its frames ``(T, H, W, 3)``."""
    suffix, codec, options = KINDS[kind]
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"video.{suffix}"
        with av.open(str(path), "w", format=FORMATS.get(suffix), options=BITEXACT) as container:
            stream = container.add_stream(codec, rate=25, options=options)
            stream.width, stream.height = WIDTH, HEIGHT
            stream.codec_context.thread_count = 1  # several may choose other bits each time
            stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
            for number in range(NUM_FRAMES):
                container.mux(stream.encode(av.VideoFrame.from_ndarray(draw(number), format="rgb24")))
            container.mux(stream.encode())
        frames = open_video(path).read_all()
        shown = [shown_number(frame) for frame in frames]
        assert shown == list(range(NUM_FRAMES)), f"{KINDS[kind]}: {shown}"
        return path.read_bytes(), frames


# ------------------------------------------------------------------------------------------ what a file is made of


def boxes(content: bytes, start: int = 0, end: int | None = None) -> Iterator[Ranges]:
    """The boxes of MP4, those inside of one box together."""
    end, siblings = len(content) if end is None else end, []
    while start + 8 <= end:
        size, name = struct.unpack(">I4s", content[start : start + 8])
        siblings.append((start, start + max(8, size)))
        if name in (b"moov", b"trak", b"mdia", b"minf", b"stbl"):
            yield from boxes(content, start + 8, start + size)
        start += max(8, size)
    yield siblings


def elements(content: bytes, start: int = 0, end: int | None = None) -> Iterator[Ranges]:
    """The elements of Matroska, likewise."""
    end, siblings = len(content) if end is None else end, []
    while start < end:
        name_length = 9 - content[start].bit_length()
        length = 9 - content[start + name_length].bit_length()
        inside = start + name_length + length
        size = int.from_bytes(content[start + name_length : inside]) & ((1 << 7 * length) - 1)
        siblings.append((start, inside + size))
        if content[start : start + name_length] in (b"\x18\x53\x80\x67", b"\x1f\x43\xb6\x75"):  # segment, cluster
            yield from elements(content, inside, inside + size)
        start = inside + size
    yield siblings


def chunks(content: bytes, start: int = 0, end: int | None = None) -> Iterator[Ranges]:
    """The chunks of AVI, likewise."""
    end, siblings = len(content) if end is None else end, []
    while start + 8 <= end:
        name, size = struct.unpack("<4sI", content[start : start + 8])
        siblings.append((start, start + 8 + size + size % 2))
        if name in (b"RIFF", b"LIST"):
            yield from chunks(content, start + 12, start + 8 + size)
        start += 8 + size + size % 2
    yield siblings


def packets(content: bytes) -> Iterator[Ranges]:
    """The packets of a transport stream."""
    yield [(start, start + 188) for start in range(0, len(content), 188)]


def packs(content: bytes) -> Iterator[Ranges]:
    """The packs of a program stream."""
    yield [(start, start + 2048) for start in range(0, len(content), 2048)]


def tags(content: bytes) -> Iterator[Ranges]:
    """The tags of FLV."""
    start, siblings = 13, []
    while start < len(content):
        size = 15 + int.from_bytes(content[start + 1 : start + 4])
        siblings.append((start, start + size))
        start += size
    yield siblings


PARTS = {
    **dict.fromkeys(("mp4", "mov"), boxes),
    **dict.fromkeys(("mkv", "webm"), elements),
    "avi": chunks,
    "ts": packets,
    "mpg": packs,
    "flv": tags,
}


def siblings_of(content: bytes, suffix: str, rng: np.random.Generator, least: int) -> Ranges:
    """Parts of a file that follow one another."""
    groups = [group for group in PARTS[suffix](content) if len(group) >= least]
    return groups[rng.integers(len(groups))]


# ------------------------------------------------------------------------------------------------------- mutations


def some_range(content: bytes, rng: np.random.Generator) -> tuple[int, int]:
    """A range of up to 4,096 bytes, short ones as often as long ones."""
    start = int(rng.integers(len(content)))
    return start, start + int(2 ** rng.uniform(0, 12))


def truncated(content: bytes, suffix: str, rng: np.random.Generator) -> bytes:
    """Cut off somewhere."""
    return content[: rng.integers(len(content))]


def flipped(content: bytes, suffix: str, rng: np.random.Generator) -> bytes:
    """One to 32 bits are flipped."""
    changed = bytearray(content)
    for _ in range(int(2 ** rng.uniform(0, 5))):
        changed[rng.integers(len(changed))] ^= 1 << rng.integers(8)
    return bytes(changed)


def zeroed(content: bytes, suffix: str, rng: np.random.Generator) -> bytes:
    """A range is zero."""
    start, end = some_range(content, rng)
    return content[:start] + bytes(len(content[start:end])) + content[end:]


def swapped(content: bytes, suffix: str, rng: np.random.Generator) -> bytes:
    """Two parts have changed places."""
    siblings = siblings_of(content, suffix, rng, least=2)
    (a, b), (c, d) = sorted(siblings[index] for index in rng.choice(len(siblings), 2, replace=False))
    return content[:a] + content[c:d] + content[b:c] + content[a:b] + content[d:]


def removed(content: bytes, suffix: str, rng: np.random.Generator) -> bytes:
    """A range is missing."""
    start, end = some_range(content, rng)
    return content[:start] + content[end:]


def removed_part(content: bytes, suffix: str, rng: np.random.Generator) -> bytes:
    """A part is missing."""
    siblings = siblings_of(content, suffix, rng, least=1)
    start, end = siblings[rng.integers(len(siblings))]
    return content[:start] + content[end:]


def doubled(content: bytes, suffix: str, rng: np.random.Generator) -> bytes:
    """A range is there twice."""
    start, end = some_range(content, rng)
    return content[:end] + content[start:]


def doubled_part(content: bytes, suffix: str, rng: np.random.Generator) -> bytes:
    """A part is there twice."""
    siblings = siblings_of(content, suffix, rng, least=1)
    start, end = siblings[rng.integers(len(siblings))]
    return content[:end] + content[start:]


MUTATIONS: list[Callable[[bytes, str, np.random.Generator], bytes]] = [
    truncated,
    flipped,
    zeroed,
    swapped,
    removed,
    removed_part,
    doubled,
    doubled_part,
]


# ---------------------------------------------------------------------------------------------------------- judging


class Judge:
    """What became of a damaged copy of a video.

    A frame that is another one of the original, to the last pixel, is of another place: a failure. Any other that is
    not its own original has wrong pixels, which codecs without checksums cannot always tell; it may then show another
    number too, where what is left of a picture repeats those before. Unless a message comes, fewer frames than the
    original's are a failure too where one of them shows another number.
    """

    def __init__(self, outcome: Outcome, expected: np.ndarray, kind: str, mutation: str) -> None:
        self.outcome = outcome
        self.expected = expected
        self.name = f"{kind}, {mutation}"
        # Whole packs of MPEG-PS at the beginning, or the box of MP4 that says that no frame is hidden: what is left is
        # a file without its first frames. And one bit of VP8 says that a picture is not shown.
        self.may_begin_later = kind.startswith(("mpg", "mp4", "mov")) and mutation == "removed_part"
        self.may_hide = "libvpx" in kind.split() and mutation == "flipped"

    def read(self, path: Path, copy: str, rng: np.random.Generator) -> None:
        """Read it from the start to the end, and some of its frames."""
        start = time.monotonic()
        for word, failures in [self._one_pass(path), self._picked(path, rng)]:
            moved = [failure for failure in failures if " is frame " in failure or " shows " in failure]
            if failures and self.may_hide and moved == failures:
                self.outcome.counts["other frames, as bits of VP8 say"] += 1
            elif failures:
                self.outcome.failures += [f"{copy}, {self.name}: {failure}" for failure in failures[:3]]
            else:
                self.outcome.counts[word] += 1
        if (seconds := time.monotonic() - start) > SLOW:
            self.outcome.failures.append(f"{copy}, {self.name}: took {seconds:.1f} s")

    def _one_pass(self, path: Path) -> tuple[str, list[str]]:
        self.frames, frames = [], []
        try:
            video = open_video(path)
            video.estimate_length()
            video.frames_per_second()
            for frame in video:
                frames.append(frame)
        except InputError:
            return "refused", []
        except Exception as error:
            return "", [f"{type(error).__name__}: {error}"]
        self.frames = frames
        wrong, failures = self._compare(frames, range(len(frames)))
        if failures and self._begins_later(frames, range(len(frames))):
            return "without the first frames", []
        if len(frames) < len(self.expected):
            shown = map(shown_number, frames)
            failures += [f"frame {index} shows {of}" for index, of in enumerate(shown) if of not in (index, None)]
        if wrong:
            return "read with wrong pixels", failures
        return ("read, all true" if len(frames) == len(self.expected) else "read up to a place, all true"), failures

    def _picked(self, path: Path, rng: np.random.Generator) -> tuple[str, list[str]]:
        indices = np.sort(rng.integers(len(self.expected), size=3))
        try:
            frames = open_video(path).frames_at(indices)
        except InputError:
            return "picks refused", []
        except Exception as error:
            return "", [f"{type(error).__name__}: {error}"]
        wrong, failures = self._compare(frames, indices)
        if failures and self._begins_later(frames, indices):
            return "picks without the first frames", []
        for index, frame in zip(indices, frames, strict=True):
            if index < len(self.frames) and not np.array_equal(frame, self.frames[index]):
                failures.append(f"frame {index} picked is not that of one pass")
        return "picks with wrong pixels" if wrong else "picks true", failures

    def _begins_later(self, frames: Sequence[np.ndarray], indices: Iterable[int]) -> bool:
        """Whether all are true frames, from another beginning on."""
        places = [shown_number(frame) for frame in frames]
        if not self.may_begin_later or None in places:
            return False
        later = set(np.subtract(places, list(indices)))
        return len(later) == 1 and min(later) > 0 and self._compare(frames, places) == (0, [])

    def _compare(self, frames: Sequence[np.ndarray], indices: Iterable[int]) -> tuple[int, list[str]]:
        """How many frames have wrong pixels, and which are not of their place."""
        wrong, failures = 0, []
        for index, frame in zip(indices, frames, strict=True):
            if index >= len(self.expected):
                failures.append(f"{len(frames)} frames, there are {len(self.expected)}")
                break
            if np.array_equal(frame, self.expected[index]):
                continue
            if frame.shape != self.expected[index].shape:
                failures.append(f"frame {index} has the shape {frame.shape}")
                continue
            same = (self.expected == frame).all(axis=(1, 2, 3)).nonzero()[0]
            if len(same):
                failures.append(f"frame {index} is frame {same[0]}")
            else:
                wrong += 1
                difference = np.abs(frame.astype(int) - self.expected[index]).mean()
                size = "under 2" if difference < 2 else "2 to 16" if difference < 16 else "over 16"
                self.outcome.counts[f"frames with pixels wrong by {size} grey levels on average"] += 1
        return wrong, failures


def read_damaged(number: int, folder: Path) -> Outcome:
    """Copies of a video, each damaged in another way."""
    suffix, codec, _ = KINDS[number % len(KINDS)]
    content, expected = original(number % len(KINDS))
    outcome = Outcome()
    for copy in range(MUTANTS):
        rng = np.random.default_rng([SEED, number, copy])
        mutation = MUTATIONS[rng.integers(len(MUTATIONS))]
        path = folder / f"{copy}.{suffix}"
        path.write_bytes(mutation(content, suffix, rng))
        judge = Judge(outcome, expected, f"{suffix} {codec}", mutation.__name__)
        judge.read(path, f"copy {copy}", rng)
    return outcome


FAULTS = (
    Fault(
        "videos",
        f"a message, or the true frames up to some place: {MUTANTS} damaged copies of a video an attempt",
        read_damaged,
        attempts=300,
        seconds=60,
    ),
)
