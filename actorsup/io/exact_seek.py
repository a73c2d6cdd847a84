"""Frames from the middle of a video, never a wrong one."""

import logging
import zlib
from array import array
from collections.abc import Iterator
from itertools import islice

import numpy as np
from mmengine.logging import print_log

from actorsup.errors import VideoError

from .video_reader import VideoReader

# How many frames before the wanted one a seek aims at: the next one is tried where the one before gave wrong frames.
LEADS = (0, 16, 64, 256, 1024)


class ExactSeek:
    """Frames of a video from any index on, each compared with what a pass from the start gave there.

    OpenCV's seeks go by time stamps. Where these are irregular they end some frames off, and where frames refer to
    frames before a key frame the first ones are damaged. So a first pass learns the checksum of every frame; after a
    seek the first frame's checksum says where the seek ended, and every frame that is handed out has the checksum of
    its index. What fails is tried again with a seek that aims earlier, at last by decoding from the start.

    Args:
        video: what is read.
    """

    def __init__(self, video: VideoReader) -> None:
        self.video = video
        self._checksums = array("I")
        self._first_lead = 0  # the index in LEADS that was right last
        self._warned = False

    def first_pass(self) -> Iterator[np.ndarray]:
        """Every frame from the start; other frames can be had once it has come to its end."""
        self._checksums = array("I")
        for frame in self.video:
            self._checksums.append(_checksum(frame))
            yield frame

    def frames_from(self, start: int) -> Iterator[np.ndarray]:
        """The frames ``start``, ``start + 1``, … to the last one of the first pass.

        Raises:
            VideoError: if the video is another one than in the first pass.
        """
        position, end = start, len(self._checksums)
        for lead in range(self._first_lead, len(LEADS)):
            if position <= LEADS[lead]:
                break
            for frame in self._after_seek(position, LEADS[lead]):
                if _checksum(frame) != self._checksums[position]:
                    break
                self._first_lead = lead
                yield frame
                position += 1
                if position == end:
                    return
        else:
            self._warn(position)
        for frame in islice(self.video, position, end):
            if _checksum(frame) != self._checksums[position]:
                break
            yield frame
            position += 1
        if position < end:
            raise VideoError(f"{self.video.path}: frame {position} changed while the video was read")

    def _after_seek(self, position: int, lead: int) -> Iterator[np.ndarray]:
        """Frames from ``position`` on, if the seek ended where its first frame seems to be; none if it ended behind."""
        aim = position - lead
        frames = self.video.frames_near(aim)
        first = next(frames, None)
        if first is None:
            return
        candidates = np.flatnonzero(np.asarray(self._checksums[: position + 1]) == _checksum(first))
        if len(candidates) == 0:
            return
        landed = int(candidates[np.abs(candidates - aim).argmin()])  # still pictures repeat
        if position - landed > LEADS[-1]:
            self._warn(position)
        if landed == position:
            yield first
        del first  # not to be held while the others stream
        yield from islice(frames, max(0, position - landed - 1), None)

    def _warn(self, position: int) -> None:
        if not self._warned:
            print_log(
                f"{self.video.path}: cannot be read from frame {position} on, but from far before it only, which is "
                "slow; a copy with an index of its key frames and regular time stamps is faster",
                logger="current",
                level=logging.WARNING,
            )
        self._warned = True


def _checksum(frame: np.ndarray) -> int:
    """Of all pixels: a sample of them could miss a damaged block."""
    return zlib.crc32(np.ascontiguousarray(frame))
