"""Whether the parts of a video file follow one another as their sizes say.

FFmpeg looks for the next part that it knows where one is damaged, and goes on without the frames between. Files of
Matroska, AVI and FLV have no list of their frames that would tell; their parts do, and are read without what they hold.
"""

import os
import re
import struct
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import BinaryIO

import numpy as np

from actorsup.errors import VideoError

EBML, SEGMENT, CLUSTER = b"\x1a\x45\xdf\xa3", b"\x18\x53\x80\x67", b"\x1f\x43\xb6\x75"
TRACKS, TRACK, TRACK_NUMBER = b"\x16\x54\xae\x6b", b"\xae", b"\xd7"
CLUSTER_TIME = b"\xe7"
GROUP, BLOCKS = b"\xa0", (b"\xa1", b"\xa3")
# What may be in a segment and in a cluster (RFC 9559); FFmpeg passes over what has another name.
PARTS = {
    *(
        bytes.fromhex(name)
        for name in ("114d9b74", "1549a966", "1654ae6b", "1c53bb6b", "1941a469", "1043a770", "1254c367")
    ),
    *(bytes.fromhex(name) for name in ("a3", "a0", "e7", "a7", "ab", "af", "5854", "ec", "bf")),
    CLUSTER,
}
CHUNK_NAME = re.compile(rb"[ -~]{4}")
FLV_TAGS = (8, 9, 18)  # sound, pictures, metadata
FLV_PICTURES, FLV_H264 = 9, 7
GROUP_HEADER, PICTURE_HEADER = b"\0\0\1\xb8", b"\0\0\1\0"
TRANSPORT_SIZES = (188, 192, 204)  # of a packet: plain, with a time before it, with a check behind it
TRANSPORT_PACKETS, TRANSPORT_SAMPLE = 1 << 16, 1 << 16  # checked at a time, and bytes that tell the size
SYNC, STREAM_CODE = 0x47, np.array([0, 0, 1])
REPAIR = "; `ffmpeg -i FILE -c copy NEW_FILE` keeps what can be read of it"
INDEX_ENTRY = struct.Struct("<4s4xII")  # name, flags, position, length


class _BrokenError(Exception):
    """What is wrong."""


def check_parts(path: Path) -> None:
    """Refuse a file of Matroska (WebM), AVI or FLV whose parts do not follow one another; any other passes.

    Raises:
        VideoError: with the place in the file.
    """
    with open(path, "rb") as file:
        check = _CHECKS.get(file.read(4)[:3])
        if check is None:
            return
        try:
            check(file, os.fstat(file.fileno()).st_size)
        except _BrokenError as error:
            raise VideoError(f"{path}: damaged or cut off, {error}{REPAIR}") from None


def check_mpeg_pictures(path: Path, packets: Iterable[bytes]) -> None:
    """Refuse MPEG-1 or MPEG-2 with pictures missing, by the numbers that each has in its group of pictures.

    Raises:
        VideoError: with the number of the group.
    """
    numbers, group, begins = set(), 0, 0
    for packet in packets:
        header, picture = packet.find(GROUP_HEADER), packet.find(PICTURE_HEADER)
        if 0 <= header < picture and len(packet) > picture + 6:
            _check_group(path, numbers, group, begins)
            is_cut = packet[header + 7] & 0x20  # before its first picture, which an editor says
            numbers, group, begins = set(), group + 1, None if is_cut else 0
        if 0 <= picture < len(packet) - 6:
            numbers.add(packet[picture + 4] << 2 | packet[picture + 5] >> 6)
    _check_group(path, numbers, group, begins)


def _check_group(path: Path, numbers: set[int], group: int, begins: int | None) -> None:
    first = min(numbers, default=0) if group <= 1 or begins is None else begins  # a cut may have left what needs more
    if group and numbers != set(range(first, first + len(numbers))):
        raise VideoError(f"{path}: damaged or cut off, pictures of group {group} of {len(numbers)} are missing{REPAIR}")


def check_transport(path: Path) -> None:
    """Refuse an MPEG transport stream in which a packet, or what a stream's packets begin with, is overwritten.

    Raises:
        VideoError: with the place in the file.
    """
    content = np.memmap(path, np.uint8, "r")
    size, start = max(
        ((size, start) for size in TRANSPORT_SIZES for start in range(size)),
        key=lambda of: (content[of[1] : TRANSPORT_SAMPLE : of[0]] == SYNC).mean(),
    )
    is_stream = np.zeros(1 << 13, bool)  # whether packets of this number begin as those of streams do
    for begin in range(start, len(content) - size + 1, size * TRANSPORT_PACKETS):
        packets = content[begin : begin + size * TRANSPORT_PACKETS]
        packets = packets[: len(packets) // size * size].reshape(-1, size)
        wrong = packets[:, 0] != SYNC
        begins = (packets[:, 1] & 0x40).nonzero()[0]
        heads = packets[begins]
        inside = np.where(heads[:, 3] & 0x20, 5 + heads[:, 4].astype(int), 4).clip(max=185)
        codes = np.stack([heads[np.arange(len(heads)), inside + byte] for byte in range(3)], 1)
        numbers = (heads[:, 1].astype(int) & 0x1F) << 8 | heads[:, 2]
        has_code = (codes == STREAM_CODE).all(1)
        is_stream[numbers[has_code]] = True
        wrong[begins] |= is_stream[numbers] & ~has_code
        if wrong.any():
            raise VideoError(f"{path}: damaged or cut off at byte {begin + wrong.argmax() * size}{REPAIR}")


def _read(file: BinaryIO, position: int, count: int) -> bytes:
    file.seek(position)
    return file.read(count)


def _check_matroska(file: BinaryIO, size: int) -> None:
    position, opened = 0, [(b"", size)]  # elements that the position is in: names and ends
    tracks, time = set(), 0
    is_live = False  # what is recorded while it is sent does not know its size, and may end anywhere
    while position < size:
        (parent, end_of_parent), header = opened[-1], _read(file, position, 16).ljust(16, b"\0")
        name_length = 9 - header[0].bit_length()
        length = 9 - header[min(name_length, 4)].bit_length()
        name, inside = header[:name_length], position + name_length + length
        if name_length > 4 or length > 8 or (parent in (SEGMENT, CLUSTER) and name not in PARTS):
            raise _BrokenError(f"no part begins at byte {position}, where one must")
        largest = (1 << 7 * length) - 1
        inner_size = int.from_bytes(header[name_length : name_length + length]) & largest
        end = inside + inner_size
        if inner_size == largest:
            end, is_live = end_of_parent, is_live or name == SEGMENT
        if end > end_of_parent:
            if is_live and end > size:
                return
            raise _BrokenError(f"a part at byte {position} ends at byte {end}, what it is in at byte {end_of_parent}")
        first = header[name_length + length]
        if name == CLUSTER_TIME and parent == CLUSTER:
            previous, time = time, int.from_bytes(header[name_length + length :][:inner_size])
            if time < previous:
                raise _BrokenError(f"the cluster around byte {position} is earlier than the one before it")
        if name == TRACK_NUMBER and parent == TRACK:
            tracks.add(first if inner_size == 1 else None)
        if name in BLOCKS and None not in tracks and first ^ 0x80 not in tracks:
            raise _BrokenError(f"the part at byte {position} is of a track that the file does not have")
        if name in (SEGMENT, TRACKS, TRACK, CLUSTER, GROUP):
            opened.append((name, end))
            position = inside
        else:
            position = end
        while position == opened[-1][1] and len(opened) > 1:
            if opened.pop()[0] == SEGMENT:
                if _read(file, position, 4) in (EBML, SEGMENT):
                    raise _BrokenError(f"a second video begins at byte {position}")
                return


def _check_avi(file: BinaryIO, size: int) -> None:
    position, movie, end_of_movie = 0, None, 0
    while position + 8 <= size:
        name, length, kind = struct.unpack("<4sI4s", _read(file, position, 12).ljust(12))
        if not CHUNK_NAME.fullmatch(name):
            if position >= end_of_movie > 0 and name == bytes(4):
                return
            raise _BrokenError(f"no chunk begins at byte {position}, where one must")
        if position < end_of_movie < position + 8 + length:
            raise _BrokenError(f"the chunk at byte {position} is longer than the list that it is in")
        is_movie = name == b"LIST" and kind == b"movi"
        if (name == b"RIFF" and kind != b"AVIX" and position > 0) or (is_movie and movie is not None):
            raise _BrokenError(f"a second video begins at byte {position}")
        if name == b"RIFF":
            movie = None  # large files are made of several, each with its frames
        if is_movie:
            movie, end_of_movie = position + 8, position + 8 + length
            if movie + length > size:
                raise _BrokenError(f"the frames end at byte {end_of_movie}, the file at byte {size}")
        if name == b"idx1" and movie is not None:
            _check_index(file, position + 8, min(length, size - position - 8), movie)
        position += 12 if name == b"RIFF" or is_movie or (name == b"LIST" and kind == b"rec ") else 8 + length
        if length % 2 and position % 2:  # some programs do not fill up
            position += CHUNK_NAME.fullmatch(_read(file, position + 1, 4)) is not None


def _check_index(file: BinaryIO, position: int, length: int, movie: int) -> None:
    """Whether chunks are where the index says, from the list of frames on or from the start of the file."""
    entries = list(INDEX_ENTRY.iter_unpack(_read(file, position, length - length % INDEX_ENTRY.size)))
    for start in (movie, 0):
        wrong = [
            place
            for name, place, inside in entries
            if _read(file, start + place, 8) != name + inside.to_bytes(4, "little")
        ]
        if not wrong:
            return
        if len(wrong) < len(entries):
            raise _BrokenError(f"the index names a chunk at byte {start + wrong[0]}, another is there")


def _check_flv(file: BinaryIO, size: int) -> None:
    metadata = _read(file, 13, 1000)
    place = metadata.find(b"\x08filesize\x00") + 10
    announced = struct.unpack(">d", metadata[place : place + 8])[0] if 9 < place < len(metadata) - 8 else 0
    if announced > size:
        raise _BrokenError(f"its header announces {announced:.0f} bytes, {size} are there")
    position, codecs = 13, set()
    while position + 11 <= size:
        header = _read(file, position, 17).ljust(17, b"\1")
        kind, length, codec = header[0] & 0x1F, int.from_bytes(header[1:4]), header[11] & 0x0F
        is_picture = kind == FLV_PICTURES and length > 5 and not header[11] & 0x80  # else of the newer kind
        if kind not in FLV_TAGS:
            raise _BrokenError(f"no tag begins at byte {position}, where one must")
        if is_picture:
            codecs.add(codec)
        # A tag of H.264 whose type is 0 holds parameters, of version 1.
        if len(codecs) > 1 or (is_picture and codec == FLV_H264 and header[12] == 0 and header[16] != 1):
            raise _BrokenError(f"the tag at byte {position} is not of the kind of those before it")
        position += 15 + length


_CHECKS: dict[bytes, Callable[[BinaryIO, int], None]] = {
    EBML[:3]: _check_matroska,
    b"RIF": _check_avi,
    b"FLV": _check_flv,
}
