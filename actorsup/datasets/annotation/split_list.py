"""Split lists in UCF101's format: a line ``Class/v_Class_g01_c01.avi 1`` a video; the number, from 1, is optional."""

import re
from collections.abc import Sequence
from pathlib import Path

from actorsup.errors import InputError

LINE = re.compile(
    r"(?P<video>(?P<folder>\w[^/\s]*)/\w[^/\s]*?)(?:\.(?:avi|mp4|mkv|webm|mov))?(?:\s+(?P<number>\d+))?",
    re.ASCII | re.IGNORECASE,
)


def read_split_list(path: str | Path, classes: Sequence[str]) -> list[tuple[str, int]]:
    """Name ``Class/v_Class_g01_c01``, without suffix, and label, 0-based, of every video in the list's order.

    Args:
        path: the file; empty lines in it are skipped.
        classes: class names in the order of their labels. A video's label is that of its folder; where the line has a
            number too, it has to be the label + 1.

    Raises:
        InputError: naming file, line number and line, if a line is broken, its class is unknown, its number contradicts
            its class, or its video was listed before; or if the file is missing, not text or lists no video.
    """
    try:
        lines = Path(path).read_text(encoding="utf-8-sig").splitlines()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: is not a text file ({error})") from error
    labels: dict[str, int] = {}
    for line_number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            video, label = _parse(line.strip(), classes)
            if video in labels:
                raise ValueError("the video was listed before")
        except ValueError as error:
            raise InputError(f"{path}, line {line_number}: {line!r}: {error}") from error
        labels[video] = label
    if not labels:
        raise InputError(f"{path}: lists no video")
    return list(labels.items())


def _parse(line: str, classes: Sequence[str]) -> tuple[str, int]:
    match = LINE.fullmatch(line)
    if match is None:
        raise ValueError("expected 'Class/video.avi' or 'Class/video.avi 1'")
    folder, number = match["folder"], match["number"]
    if folder not in classes:
        raise ValueError(f"unknown class {folder!r}; the {len(classes)} classes are {', '.join(classes)}")
    label = list(classes).index(folder)
    if number is not None and int(number) != label + 1:
        raise ValueError(f"the number {number} contradicts the class: {folder} is {label + 1}")
    return match["video"], label
