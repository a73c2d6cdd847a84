"""Box files of UCF-Sports: ``…/<group>/<clip>/gt/<frame>.txt``, one a frame, with ``x y w h label``.

Pixels are counted from 1; tabs or spaces separate them. The label is often wrong: the group says what the action is.
"""

import lzma
import re
import tarfile
import zlib
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import numpy as np

from actorsup.errors import InputError

LINE = re.compile(r"\s*(\d{1,9})\s+(\d{1,9})\s+(\d{1,9})\s+(\d{1,9})(\s.*)?", re.DOTALL | re.ASCII)

# The 13 groups and the 10 classes that the literature makes of them.
CLASS_OF_GROUP = {
    "Diving-Side": "Diving",
    "Golf-Swing-Back": "Golf-Swing",
    "Golf-Swing-Front": "Golf-Swing",
    "Golf-Swing-Side": "Golf-Swing",
    "Kicking-Front": "Kicking",
    "Kicking-Side": "Kicking",
    "Lifting": "Lifting",
    "Riding-Horse": "Riding-Horse",
    "Run-Side": "Run",
    "SkateBoarding-Front": "SkateBoarding",
    "Swing-Bench": "Swing-Bench",
    "Swing-SideAngle": "Swing-Side",
    "Walk-Front": "Walk",
}


class BoxFile(NamedTuple):
    """A box file that was not parsed yet.

    Args:
        path: of the file, in the folder or the archive.
        text: what it holds.
    """

    path: str
    text: str

    @property
    def frame(self) -> str:
        """Name of the frame, without any suffix."""
        return PurePosixPath(self.path).name.split(".")[0]

    def box(self) -> np.ndarray:
        """``(4,)``, ``(x1, y1, x2, y2)`` in continuous pixels; NaN where width or height is 0.

        Raises:
            ValueError: naming file and text, if it holds anything else than a box.
        """
        match = LINE.fullmatch(self.text)
        if match is None:
            raise ValueError(f"{self.path}: expected 'x y w h label', got {self.text[:80]!r}")
        x, y, width, height = (float(number) for number in match.groups()[:4])
        if width == 0 or height == 0:
            return np.full(4, np.nan)
        return np.array([x - 1, y - 1, x - 1 + width, y - 1 + height])


def read_box_files(annotations: Path) -> dict[str, list[BoxFile]]:
    """The box files of every clip ``group/clip``, in the order of their names.

    Args:
        annotations: folder of the groups, or a ``.tar`` or ``.tar.gz`` that holds it, which is read as it is.

    Raises:
        InputError: if it is neither.
    """
    clips: dict[str, list[BoxFile]] = defaultdict(list)
    for path, text in sorted(_box_files(annotations)):
        clips["/".join(path.parts[-4:-2])].append(BoxFile(str(path), text))
    return dict(sorted(clips.items()))


def _box_files(annotations: Path) -> Iterator[tuple[PurePosixPath, str]]:
    """Path and text of every ``…/gt/….txt`` in a folder or archive."""
    if annotations.is_dir():
        for path in annotations.glob("*/*/gt/*.txt"):
            yield PurePosixPath(path.as_posix()), path.read_text(errors="replace")
        return
    try:
        with tarfile.open(annotations) as archive:
            for member in archive:
                path = PurePosixPath(member.name)
                if member.isfile() and path.suffix == ".txt" and path.parent.name == "gt" and len(path.parts) >= 4:
                    yield path, archive.extractfile(member).read().decode(errors="replace")
    except (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError, tarfile.TarError) as error:
        raise InputError(f"{annotations}: is neither a folder nor a readable .tar ({error})") from error
