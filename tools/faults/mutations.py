"""Inputs that are nearly right: values of a good content replaced, taken out or doubled, and bytes of a good file."""

import copy
import io
import json
from collections.abc import Sequence
from contextlib import suppress

import numpy as np


def nested(depth: int) -> list:
    """Lists in lists."""
    value: list = []
    for _ in range(depth):
        value = [value]
    return value


# What stands where something else is expected. Copies are made of those that can be changed.
# fmt: off
NUMBERS = (
    0, 1, 2, 3, -1, 7, 255, 10**6, 2**22, 2**24, 2**31, 2**32, 2**53 + 1, 2**63 - 1, 2**63, -(2**63), 2**64, 10**30,
    10**400, -0.0, 0.5, 1.0, 1.5, 2.0, -1e-9, 1e-320, 3.4e38, 1e39, 1e300, -1e300, float("nan"), float("inf"),
    -float("inf"), True, False,
)
TEXTS = (
    "", " ", "a", "walk", "walk ", "Walk", "train", "x" * 300, "1", "-1", "0.5", "1e400", "nan", "1_0", "١", "\x00",
    "a\nb", "\ud800", "a\udfffb", "é", "e\u0301", "\u202e", "\ufeff", "\u2028", "../x", "/etc/passwd", "a/../../b",
    "a//b", "./a", "a/", ".", "..", "C:\\x", "=1+1", "<script>", "__proto__", "a.mp4", "%s{0}", "None", "[]",
)
# fmt: on
CONTAINERS = (
    *(None, [], {}, [[]], [{}], {"a": 1}, {"": None}, [None], [0, 0, 1, 1], [[0, 0, 1, 1]], [[1, 2, 3], [4]]),
    *([1, "a"], [float("nan")] * 4, [[float("inf")] * 4], ["walk", "walk"], nested(60), list(range(500))),
)
DTYPES = ("u1", "i2", "i8", "u8", "f2", "f4", "f8", ">f8", "c8", "?", "U3", "S2", "O")


def odd_array(rng: np.random.Generator) -> np.ndarray:
    """An array of a random type and small shape, some without elements."""
    shape = tuple(int(side) for side in rng.integers(0, 6, rng.integers(0, 4)))
    scale = rng.choice([1, -1, 40])
    array = np.asarray(np.arange(np.prod(shape)).reshape(shape) * scale).astype(str(rng.choice(DTYPES)))
    if array.size and array.dtype.kind == "f" and rng.random() < 0.3:
        array.flat[rng.integers(array.size)] = rng.choice([np.nan, np.inf, -np.inf])
    return array


def odd_value(rng: np.random.Generator, with_arrays: bool):
    """Something of another type, or too large, or of no sense."""
    if with_arrays and rng.random() < 0.3:
        return odd_array(rng)
    kind = (NUMBERS, TEXTS, CONTAINERS)[rng.integers(3)]
    return copy.deepcopy(kind[rng.integers(len(kind))])


def places(content, place: tuple = ()) -> list[tuple]:
    """The path to every value inside containers, the content itself among them."""
    inside = [place]
    if isinstance(content, dict):
        for key in content:
            inside += places(content[key], (*place, key))
    elif isinstance(content, list):
        for index, value in enumerate(content):
            inside += places(value, (*place, index))
    return inside


class Doubled(dict):
    """A dictionary that is written with one key twice."""

    def items(self):
        """The first key with the value of the last, then all pairs: Python alone would read it as if nothing were."""
        pairs = list(super().items())
        return [(pairs[0][0], pairs[-1][1]), *pairs] if pairs else pairs

    def __deepcopy__(self, memo: dict) -> "Doubled":
        return Doubled({key: copy.deepcopy(self[key], memo) for key in self})


def changed(content, rng: np.random.Generator, with_arrays: bool = False, doubles: bool = False):
    """A copy of plain content with one to three changes; with ``doubles`` a key may be written twice."""
    content = copy.deepcopy(content)
    for _ in range(rng.choice([1, 1, 1, 2, 3])):
        everywhere = places(content)
        place = everywhere[rng.integers(len(everywhere))]
        if not place:
            if rng.random() < 0.2:
                return odd_value(rng, with_arrays)
            continue
        parent = content
        for key in place[:-1]:
            parent = parent[key]
        key = place[-1]
        way = rng.integers(10)
        if way < 5:
            parent[key] = odd_value(rng, with_arrays)
        elif way == 5:
            del parent[key]
        elif way == 6:  # the value from elsewhere
            other = content
            for step in everywhere[rng.integers(len(everywhere))]:
                other = other[step]
            parent[key] = copy.deepcopy(other)
        elif way == 7 and isinstance(parent, list):
            parent.insert(key, copy.deepcopy(parent[key]))
        elif way == 7:
            parent[str(rng.choice(TEXTS[:12]))] = parent[key]
        elif isinstance(parent[key], float | int | np.ndarray) and way == 8:
            with suppress(TypeError, OverflowError):  # of text, and of unsigned numbers
                parent[key] = parent[key] * -1
        elif doubles and isinstance(parent[key], dict):
            parent[key] = Doubled(parent[key])
        elif isinstance(parent, list):
            parent.append(odd_value(rng, with_arrays))
        else:
            parent[str(rng.choice(TEXTS[:12]))] = odd_value(rng, with_arrays)
    return content


def as_json(content) -> bytes:
    """JSON, and where a text has lone surrogates or the content is not finite, what Python makes of it."""
    return json.dumps(content, default=repr).encode()


def damaged(good: bytes, rng: np.random.Generator, is_text: bool = False) -> bytes:
    """Bytes that are cut off, flipped, doubled, zeroed, put in or, of text, in another encoding."""
    way = rng.integers(9 if is_text else 6)
    size = max(len(good), 1)
    first, second = sorted(rng.integers(0, size, 2).tolist())
    if way == 0:
        return good[:first]
    if way == 1:
        array = np.frombuffer(good, np.uint8).copy()
        where = rng.integers(0, size, rng.integers(1, 5))
        if len(array):
            array[where] = rng.integers(0, 256, len(where))
        return array.tobytes()
    if way == 2:
        return good[:first] + good[second:]
    if way == 3:
        return good[:second] + good[first:]
    if way == 4:
        return good[:first] + bytes(second - first) + good[second:]
    if way == 5:
        return good[:first] + rng.bytes(rng.integers(1, 9)) + good[first:]
    text = good.decode(errors="surrogateescape")
    if way == 6:
        return b"\xef\xbb\xbf" + good
    if way == 7:
        return good.replace(b"\n", (b"\r\n", b"\r", b"\n\n")[rng.integers(3)])
    return text.encode(("utf-16", "utf-32", "utf-16-le", "cp1252")[rng.integers(4)], errors="replace")


def shuffled(items: Sequence, rng: np.random.Generator) -> list:
    """The items in another order."""
    return [items[index] for index in rng.permutation(len(items))]


def npz(arrays: dict[str, np.ndarray]) -> bytes:
    """Arrays as numpy's compressed archive; those of objects are pickled."""
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    return file.getvalue()
