"""Video files, decoded by FFmpeg through PyAV, frame-exact from any frame on."""

import math
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import count

import av
import numpy as np
from av.codec.context import Flags
from av.container import InputContainer
from av.stream import Disposition
from av.video.reformatter import VideoReformatter
from av.video.stream import VideoStream

from actorsup.errors import VideoError
from actorsup.registry import VIDEO_READERS

from .containers import check_mpeg_pictures, check_parts, check_transport
from .video_reader import VideoReader

BYTES_OF_A_FRAME = 8000  # of a compressed video of about 320×240, roughly
MAX_RATE = 1000  # frames per second; headers that announce more are wrong
NO_TIME_STAMPS = 0x80  # FFmpeg's flag of raw streams
WITH_HIDDEN_PICTURES = ("vp8", "libvpx")  # codecs some of whose packets are never shown
WITHOUT_END = ("mpegts", "flv", "matroska,webm")  # what may be cut off anywhere, and the frames between then be missing
MAX_DELAY = 64  # frames between what is stored and what is shown; codecs have 16 at most
MIN_JUMP = 8  # decoding so many frames takes about as long as starting at another place


class _OtherStampsError(Exception):
    """A frame has another time stamp than the packets told."""


@dataclass(frozen=True, eq=False)
class _Stamps:
    """Time stamps of a video's frames.

    Args:
        of_frames: in the order in which they are shown.
        key_frames: indices of those that decoding can begin at, ascending; the first is 0.
    """

    of_frames: list[int]
    key_frames: list[int]

    def key_frame_before(self, index: int) -> int:
        """The last key frame up to a frame."""
        return self.key_frames[max(1, bisect_right(self.key_frames, index)) - 1]


@VIDEO_READERS.register_module()
class PyAVReader(VideoReader):
    """A video file, turned upright as its metadata say.

    Frame ``i`` is the ``i``-th that decoding from the start gives. Frames in the middle are decoded from the key frame
    before them: the time stamps of all frames are read without decoding, and each frame that comes out of the decoder
    must have the next one. Where a file has no stamps that tell its frames apart, decoding always begins at the start.

    A file that was cut off is refused if it says how long it is or how many frames there are, and a damaged one if its
    decoder finds an error, its parts do not follow one another, or its stamps show that a frame is missing. Damage that
    decodes to other pixels is not noticed: few codecs have checksums.
    """

    def __init__(self, path) -> None:
        super().__init__(path)
        self._first_stamp: int | None = None  # of the first frame that can be decoded
        self._parts_are_checked = False
        self._stamps: _Stamps | None = None
        self._stamps_are_read = False

    def __iter__(self) -> Iterator[np.ndarray]:
        return self._pick(count())

    def frames_from(self, start: int) -> Iterator[np.ndarray]:
        """See ``VideoReader.frames_from``."""
        return self._pick(count(start))

    def estimate_length(self) -> int:
        """See ``VideoReader.estimate_length``; by duration or size where the header announces nothing."""
        with self._open() as (container, stream):
            seconds = (container.duration or 0) / av.time_base
            by_duration = int(seconds * (_plausible(stream.average_rate) or 0))
            return stream.frames or by_duration or max(1, self.path.stat().st_size // BYTES_OF_A_FRAME)

    def frames_per_second(self) -> float | None:
        """See ``VideoReader.frames_per_second``."""
        with self._open() as (_, stream):
            return _plausible(stream.average_rate) or _plausible(stream.guessed_rate)

    @contextmanager
    def _open(self, **options: str) -> Iterator[tuple[InputContainer, VideoStream]]:
        try:
            # The prefix keeps FFmpeg from taking what stands before a colon for a protocol.
            container = av.open(f"file:{self.path}", metadata_errors="replace", options=options)
        except (av.FFmpegError, UnicodeError) as error:
            raise VideoError(
                f"{self.path}: cannot be opened as a video ({self.path.stat().st_size} bytes; {_reason(error)}); is it "
                "complete and a video file?"
            ) from error
        with container:
            pictures = [
                stream for stream in container.streams.video if not stream.disposition & Disposition.attached_pic
            ]
            if not pictures:
                raise VideoError(f"{self.path}: holds no video, only {container.format.long_name} without pictures")
            codec = pictures[0].codec_context
            if codec is None:
                raise VideoError(f"{self.path}: is in a codec that FFmpeg does not know, or damaged")
            # Pictures with damage are errors, instead of what FFmpeg puts in its place.
            codec.options = {"err_detect": "explode"}
            codec.thread_type = "AUTO"
            if container.format.name == "avi":  # begins with a key frame; elsewhere a cut may have left what needs more
                codec.flags |= Flags.output_corrupt
            yield container, pictures[0]

    def _pick(self, indices: Iterable[int]) -> Iterator[np.ndarray]:
        self._check_parts()
        convert = _Converter(self.path)
        frames, current = self._from_start(), 0
        frame = next(frames)
        self._first_stamp = frame.pts
        converted, image = None, None
        with ExitStack() as opened:
            middle = None  # a second container, for what does not begin at the start
            for index in map(int, indices):
                stamps = self._read_stamps() if index > current + MIN_JUMP else None
                key_frame = 0 if stamps is None else stamps.key_frame_before(index)
                if key_frame > current + MIN_JUMP:
                    middle = middle or opened.enter_context(self._open())
                    frames, current = self._from_key_frame(*middle, stamps, key_frame), key_frame - 1
                while current < index:
                    try:
                        frame = next(frames, None)
                    except _OtherStampsError:
                        self._stamps = None
                        self._decode_all()
                        frames, current = self._from_start(), -1
                        continue
                    if frame is None:
                        return
                    current += 1
                if converted != index:
                    converted, image = index, convert(frame, index)
                yield image

    def _check_parts(self) -> None:
        if not self._parts_are_checked:
            check_parts(self.path)
            with self._open() as (container, stream):
                if container.format.name == "mpeg" and stream.codec_context.name in ("mpeg1video", "mpeg2video"):
                    check_mpeg_pictures(self.path, map(bytes, container.demux(stream)))
                if container.format.name == "mpegts":
                    check_transport(self.path)
            self._parts_are_checked = True

    def _from_start(self) -> Iterator[av.VideoFrame]:
        """Every frame; what the file says of their number and order is compared with what comes."""
        with self._open() as (container, stream):
            yield from self._all_frames(container, stream)

    def _all_frames(self, container: InputContainer, stream: VideoStream) -> Iterator[av.VideoFrame]:
        announced, order = stream.frames, _Order(self.path, container, stream)
        may_be_cut = container.format.name in WITHOUT_END
        packets = container.demux(stream)
        try:
            for packet in packets:
                order.add_packet(packet)
                for frame in packet.decode():
                    if may_be_cut and not packet.size and order.leaves_gap(frame):
                        return  # what is shown before this frame was stored behind it, and cut off
                    order.add_frame(frame)
                    yield frame
        except av.FFmpegError as error:
            if may_be_cut and order.num_frames and not (packet.size and next(packets).size):
                return  # in the middle of the last frames
            raise VideoError(f"{self.path}: frame {order.num_frames} cannot be decoded ({_reason(error)})") from error
        if order.num_frames == 0:
            raise VideoError(f"{self.path}: holds no frame that can be decoded")
        num_packets = order.num_packets
        if announced > num_packets and container.format.name.startswith("mov"):
            num_packets = self._count_stored()
        # MP4 lists its frames; what AVI announces is often off by a few.
        tolerance = 0 if container.format.name.startswith("mov") else max(2, announced // 50)
        if announced - num_packets > tolerance:
            raise VideoError(f"{self.path}: cut off, its header announces {announced} frames, {num_packets} are there")

    def _count_stored(self) -> int:
        """Frames of an MP4 file, those that its edit list hides among them."""
        with self._open(ignore_editlist="1") as (container, stream):
            return sum(packet.size > 0 for packet in container.demux(stream))

    def _from_key_frame(
        self, container: InputContainer, stream: VideoStream, stamps: _Stamps, first: int
    ) -> Iterator[av.VideoFrame]:
        """The frames from a key frame on.

        Raises:
            _OtherStampsError: before a frame that has not the next stamp.
        """
        container.seek(stamps.of_frames[first], stream=stream, backward=True)
        expected = iter(stamps.of_frames[first:])
        wanted = next(expected)
        try:
            for frame in container.decode(stream):
                if frame.pts is not None and frame.pts < stamps.of_frames[first]:
                    continue  # a seek may end earlier, and frames before a key frame may need those before it
                if frame.pts != wanted or frame.is_corrupt:
                    raise _OtherStampsError
                yield frame
                wanted = next(expected, None)
        except av.FFmpegError as error:
            raise _OtherStampsError from error
        if wanted is not None:
            raise _OtherStampsError

    def _decode_all(self) -> None:
        """Find what is wrong: it may be seen only behind the frames that it concerns."""
        for _ in self._from_start():
            pass

    def _read_stamps(self) -> _Stamps | None:
        """The time stamps, read once; None where they do not tell the frames apart."""
        if not self._stamps_are_read:
            self._stamps_are_read = True
            with suppress(av.FFmpegError), self._open() as (container, stream):
                if self._first_stamp is not None and _tells_frames_apart(container, stream):
                    shown, latest = [], None  # packets themselves would hold the whole file in memory
                    for packet in container.demux(stream):
                        if _is_lost(packet):
                            self._decode_all()
                        if packet.dts is not None:
                            if latest is not None and packet.dts <= latest:
                                self._decode_all()  # parts may have changed places
                                return None
                            latest = packet.dts
                        if _is_shown(packet):
                            shown.append((packet.pts, packet.is_keyframe))
                    self._stamps = self._stamps_of(shown)
        return self._stamps

    def _stamps_of(self, shown: Sequence[tuple[int | None, bool]]) -> _Stamps | None:
        if any(stamp is None for stamp, _ in shown):
            return None
        # A cut stream may begin with frames that cannot be decoded, before a key frame or shown before it.
        first_key = next((stamp for stamp, is_key in shown if is_key), self._first_stamp)
        shown = sorted((stamp, is_key) for stamp, is_key in shown if stamp >= min(first_key, self._first_stamp))
        of_frames = [stamp for stamp, _ in shown]
        if len(set(of_frames)) < len(of_frames) or of_frames[:1] != [self._first_stamp]:
            return None
        return _Stamps(of_frames, [index for index, (_, is_key) in enumerate(shown) if is_key or index == 0])


class _Order:
    """Whether the frames that come are those of the packets, by their time stamps."""

    def __init__(self, path, container: InputContainer, stream: VideoStream) -> None:
        self.num_packets = self.num_frames = 0
        self._path = path
        self._has_stamps = _has_stamps(container, stream)
        self._compares = _tells_frames_apart(container, stream)
        self._expected: list[int] = []  # stamps of packets whose frames have not come yet, a heap
        self._first_key: int | None = None  # stamp of what can be decoded without what a cut has taken away
        self._latest: int | None = None  # stamp of the last frame
        self._longest = 0  # time between two frames

    def add_packet(self, packet: av.Packet) -> None:
        if not packet.size:
            return
        self.num_packets += 1
        if packet.is_corrupt or _is_lost(packet):
            raise VideoError(f"{self._path}: damaged or cut off at packet {self.num_packets - 1}")
        self._compares = self._compares and packet.pts is not None
        if self._compares and _is_shown(packet):
            heappush(self._expected, packet.pts)
            if self._first_key is None and packet.is_keyframe:
                self._first_key = packet.pts

    def leaves_gap(self, frame: av.VideoFrame) -> bool:
        """Whether the time since the frame before is longer than any other."""
        if not self._is_stamped(frame) or not self.num_frames:
            return False
        return frame.pts - self._latest > (self._longest or frame.duration or math.inf)

    def add_frame(self, frame: av.VideoFrame) -> None:
        if frame.is_corrupt:
            raise VideoError(f"{self._path}: damaged, frame {self.num_frames} is incomplete")
        self._has_stamps = self._is_stamped(frame)
        self._compares = self._compares and self._has_stamps
        if self._has_stamps and self.num_frames:
            if frame.pts <= self._latest:
                raise VideoError(f"{self._path}: damaged, frame {self.num_frames} comes before the one before it")
            self._longest = max(self._longest, frame.pts - self._latest)
        missing = 0
        while self._compares and self._expected and self._expected[0] <= frame.pts:
            stamp = heappop(self._expected)
            can_be_decoded = self.num_frames > 0 or (self._first_key is not None and stamp >= self._first_key)
            missing += stamp < frame.pts and can_be_decoded
        if missing:
            raise VideoError(f"{self._path}: damaged, {missing} of the frames from {self.num_frames} on are missing")
        self._latest = frame.pts
        self.num_frames += 1

    def _is_stamped(self, frame: av.VideoFrame) -> bool:
        return self._has_stamps and frame.pts is not None and not frame.interlaced_frame  # two fields, two packets


class _Converter:
    """Frames as RGB arrays, upright, and all of one size."""

    def __init__(self, path) -> None:
        self._path = path
        self._reformatter = VideoReformatter()
        self._shape: tuple[int, int, int] | None = None

    def __call__(self, frame: av.VideoFrame, index: int) -> np.ndarray:
        # One thread: to start others takes longer than to convert a small picture.
        image = self._reformatter.reformat(frame, format="rgb24", threads=1).to_ndarray()
        image = np.ascontiguousarray(np.rot90(image, round(frame.rotation / 90)))  # rows may be padded
        if self._shape is not None and image.shape != self._shape:
            raise VideoError(
                f"{self._path}: frame {index} is {image.shape[1]}x{image.shape[0]}, the frames before are "
                f"{self._shape[1]}x{self._shape[0]}; convert it to one size"
            )
        self._shape = image.shape
        return image


def _tells_frames_apart(container: InputContainer, stream: VideoStream) -> bool:
    """Whether the packets' stamps are those of the frames that they become."""
    return _has_stamps(container, stream) and stream.codec_context.name not in WITH_HIDDEN_PICTURES


def _has_stamps(container: InputContainer, stream: VideoStream) -> bool:
    """Whether the frames' stamps are those of the file."""
    name, codec = container.format.name, stream.codec_context
    # Raw streams have no stamps, MPEG program streams have some: FFmpeg guesses. AVI counts packets as they are stored.
    return not container.format.flags & NO_TIME_STAMPS and name != "mpeg" and not (name == "avi" and codec.has_b_frames)


def _is_shown(packet: av.Packet) -> bool:
    """Whether a packet has a frame that is not hidden by an edit list."""
    return packet.size > 0 and not packet.is_discard


def _is_lost(packet: av.Packet) -> bool:
    """Whether a packet is hidden because of a time stamp that it cannot have."""
    is_timed = packet.is_discard and packet.duration and packet.pts is not None and packet.dts is not None
    return bool(is_timed) and abs(packet.pts - packet.dts) > MAX_DELAY * packet.duration


def _plausible(rate) -> float | None:
    return float(rate) if rate is not None and 0 < rate < MAX_RATE else None


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)
