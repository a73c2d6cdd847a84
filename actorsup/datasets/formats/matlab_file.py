"""Matlab files of version 5, which Matlab writes unless it is told otherwise: numbers, texts, structs and cells.

A reader of our own, because scipy's crashes the process on files with a wrong byte. The layout is that of "MAT-File
Format", The MathWorks, chapter 1: an element is a type, a size and its data, filled up to 8 bytes.
"""

import math
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from actorsup.errors import InputError
from actorsup.io.reading import MAX_BYTES, read_bytes

HEADER = 128
MATRIX, COMPRESSED = 14, 15
INT8, INT32, UINT32 = 1, 5, 6
# fmt: off
NUMBERS = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
# fmt: on
TEXTS = {**{kind: NUMBERS[kind] for kind in (1, 2, 4)}, 16: "utf-8", 17: "utf-16", 18: "utf-32"}
CELL, STRUCT, CHAR = 1, 2, 4
NUMERIC = range(6, 16)
MAX_DEPTH = 20

Element = tuple[int, memoryview]


def read_matlab(path: str | Path) -> dict[str, object]:
    """The variables of a file by name; an ``InputError`` if it is damaged or holds anything but these.

    Text of one row is a ``str``, a number an ``int`` or ``float``, several an array, a struct array a list of
    dictionaries, a cell array a list, both column by column.
    """
    content = read_bytes(path)
    try:
        order = {b"IM": "<", b"MI": ">"}.get(content[126:HEADER])
        if order is None:
            raise ValueError("no header of version 5")
        reader = _Reader(order)
        return dict(reader.variable(*element) for element in reader.elements(memoryview(content)[HEADER:]))
    except (ValueError, zlib.error, struct.error, OverflowError, MemoryError) as error:
        raise InputError(f"{path}: cannot be read as a Matlab file ({error})") from error


class _Reader:
    def __init__(self, order: str) -> None:
        self.order = order
        self.left = MAX_BYTES  # that compressed elements may hold together

    def elements(self, data: memoryview) -> Iterator[Element]:
        """Type and data of each element."""
        place = 0
        while place < len(data):
            kind, size = struct.unpack_from(f"{self.order}II", data, place)
            first, step = place + 8, size if kind == COMPRESSED else (size + 7) // 8 * 8
            if kind >> 16:  # a small one, with its size in the upper half of the type and its data in the same 8 bytes
                kind, size, first, step = kind & 0xFFFF, kind >> 16, place + 4, 0
                if size > 4:
                    raise ValueError(f"a small element of {size} bytes")
            if first + size > len(data):
                raise ValueError(f"an element of {size} bytes, {len(data) - first} are there")
            yield kind, data[first : first + size]
            place += 8 + step

    def variable(self, kind: int, data: memoryview) -> tuple[str, object]:
        """Name and value of an element of the file."""
        if kind == COMPRESSED:
            unpacked = zlib.decompressobj().decompress(data, self.left + 1)
            self.left -= len(unpacked)
            if self.left < 0:
                raise ValueError(f"more than {MAX_BYTES} bytes, decompressed")
            ((kind, data),) = self.elements(memoryview(unpacked))
        return self.matrix(kind, data, 0)

    def matrix(self, kind: int, data: memoryview, depth: int) -> tuple[str, object]:
        """Name and value of an array."""
        if kind != MATRIX or depth > MAX_DEPTH:
            raise ValueError(f"an element of type {kind} at depth {depth}, expected an array")
        if not data:
            return "", np.zeros((0, 0))
        inside = self.elements(data)
        flags = self.numbers(*next(inside, (0, data)), only=UINT32)
        shape = tuple(self.numbers(*next(inside, (0, data)), only=INT32).tolist())
        name = self.numbers(*next(inside, (0, data)), only=INT8).tobytes().decode("ascii")
        if len(flags) != 2 or len(shape) < 2 or min(shape) < 0:
            raise ValueError(f"an array with {len(flags)} flags of shape {shape}")
        of_class, count = int(flags[0]) & 0xFF, math.prod(shape)
        if of_class == CHAR:
            value = self.text(*next(inside, (0, data)))
        elif of_class == CELL:
            value = [self.matrix(*element, depth + 1)[1] for element in inside]
        elif of_class == STRUCT:
            (length,) = self.numbers(*next(inside, (0, data)), only=INT32).tolist()
            value = self.structs(length, inside, count, depth)
        elif of_class in NUMERIC:
            array = self.numbers(*next(inside, (0, data))).reshape(shape, order="F")
            return name, array.item() if count == 1 else array
        else:
            raise ValueError(f"an array of class {of_class}, expected numbers, text, structs or cells")
        if len(value) != count or (of_class == CHAR and shape[0] > 1):
            raise ValueError(f"an array of shape {shape} with {len(value)} values")
        return name, value

    def structs(self, length: int, inside: Iterator[Element], count: int, depth: int) -> list[dict]:
        """The structs of an array; names of fields have ``length`` bytes each, filled up with zeros."""
        names = self.numbers(*next(inside), only=INT8).tobytes()
        if length < 1 or len(names) % length:
            raise ValueError(f"names of fields of {length} bytes in {len(names)}")
        fields = [names[at : at + length].split(b"\0")[0].decode("ascii") for at in range(0, len(names), length)]
        values = [self.matrix(*element, depth + 1)[1] for element in inside]
        if len(set(fields)) < len(fields) or len(values) != count * len(fields):
            raise ValueError(f"{count} structs with the fields {', '.join(fields)} and {len(values)} values")
        if not fields:
            raise ValueError("structs without a field")
        size = len(fields)
        return [dict(zip(fields, values[at : at + size], strict=True)) for at in range(0, len(values), size)]

    def numbers(self, kind: int, data: memoryview, only: int | None = None) -> np.ndarray:
        """The numbers of an element, perhaps of ``only`` one type."""
        if kind not in NUMBERS or only not in (None, kind):
            raise ValueError(f"an element of type {kind}, expected numbers{'' if only is None else f' of type {only}'}")
        return np.frombuffer(data, f"{self.order}{NUMBERS[kind]}")

    def text(self, kind: int, data: memoryview) -> str:
        """The text of an element."""
        if kind not in TEXTS:
            raise ValueError(f"an element of type {kind}, expected text")
        if kind in NUMBERS:
            return "".join(map(chr, self.numbers(kind, data).tolist()))
        return bytes(data).decode(TEXTS[kind] if kind == 16 else f"{TEXTS[kind]}-{'le' if self.order == '<' else 'be'}")
