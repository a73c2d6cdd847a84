"""Split lists in UCF101's format: a line ``Class/v_Class_g01_c01.avi 1`` a video; the number, from 1, is optional."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from actorsup.errors import InputError

LINE = re.compile(
    r"(?P<video>(?P<folder>\w[^/\s]*)/\w[^/\s]*?)(?:\.(?:avi|mp4|mkv|webm|mov))?(?:\s+(?P<number>\d{1,9}))?",
    re.ASCII | re.IGNORECASE,
)
CLASS_LINE = re.compile(r"(?P<number>\d{1,9})\s+(?P<name>\w[^/\s]*)", re.ASCII)


def read_class_index(path: str | Path) -> dict[str, int]:
    """Number of every class in UCF101's ``classInd.txt``: lines ``1 ApplyEyeMakeup``.

    Raises:
        InputError: naming file, line number and line, if a line is broken, or repeats a number or a class; or if the
            file is missing, not text or names no class.
    """
    numbers: dict[str, int] = {}
    for line_number, line in _lines(path):
        match = CLASS_LINE.fullmatch(line.strip())
        if match is None:
            raise InputError(f"{path}, line {line_number}: {line!r}: expected '1 Class'")
        if match["name"] in numbers or int(match["number"]) in numbers.values():
            raise InputError(f"{path}, line {line_number}: {line!r}: the class or its number was listed before")
        numbers[match["name"]] = int(match["number"])
    if not numbers:
        raise InputError(f"{path}: names no class")
    return numbers


def read_split_list(
    path: str | Path, classes: Sequence[str], class_index: Mapping[str, int] | None = None
) -> list[tuple[str, int]]:
    """Name ``Class/v_Class_g01_c01``, without suffix, and label, 0-based, of every video in the list's order.

    Args:
        path: the file; empty lines in it are skipped.
        classes: class names in the order of their labels. A video's label is that of its folder; where the line has a
            number too, it has to be the label + 1, or that of ``class_index``.
        class_index: numbers of the classes of a larger data set, whose list this is: videos of those of its classes
            that are not in ``classes`` are left out.

    Raises:
        InputError: naming file, line number and line, if a line is broken, its class is unknown, its number contradicts
            its class, or its video was listed before; or if the file is missing, not text or lists no video.
    """
    numbers = {name: label + 1 for label, name in enumerate(classes)} if class_index is None else class_index
    videos: set[str] = set()
    labels: dict[str, int] = {}
    for line_number, line in _lines(path):
        try:
            video, folder = _parse(line.strip(), numbers)
            if video in videos:
                raise ValueError("the video was listed before")
        except ValueError as error:
            raise InputError(f"{path}, line {line_number}: {line!r}: {error}") from error
        videos.add(video)
        if folder in classes:
            labels[video] = list(classes).index(folder)
    if not labels:
        raise InputError(f"{path}: lists no video")
    return list(labels.items())


def read_names(path: str | Path) -> list[str]:
    """The lines of a list, without spaces around them; empty ones are left out.

    Raises:
        InputError: naming the file, if it is missing, not text, or empty.
    """
    names = [line.strip() for _, line in _lines(path)]
    if not names:
        raise InputError(f"{path}: lists no video")
    return names


def _lines(path: str | Path) -> Iterator[tuple[int, str]]:
    """Number, from 1, and text of every line that is not empty."""
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: is not a text file ({error})") from error
    for line_number, line in enumerate(text.splitlines(), start=1):
        if line.strip():
            yield line_number, line


def _parse(line: str, numbers: Mapping[str, int]) -> tuple[str, str]:
    """Name of the video and its class."""
    match = LINE.fullmatch(line)
    if match is None:
        raise ValueError("expected 'Class/video.avi' or 'Class/video.avi 1'")
    folder, number = match["folder"], match["number"]
    if folder not in numbers:
        raise ValueError(f"unknown class {folder!r}; the {len(numbers)} classes are {', '.join(numbers)}")
    if number is not None and int(number) != numbers[folder]:
        raise ValueError(f"the number {number} contradicts the class: {folder} is {numbers[folder]}")
    return match["video"], folder
