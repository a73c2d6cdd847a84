"""UCF-Sports as tracking sequences: its videos and the box that people drew in every frame."""

import re
import tarfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

import numpy as np

from actorsup.datasets.video_files import VIDEO_SUFFIXES
from actorsup.errors import InputError
from actorsup.registry import DATASETS

from .box_file import box_of_numbers
from .sequence import LazyFrames, SequenceSource, TrackingSequence, choose_names

LINE = re.compile(r"\s*(\d+)\s+(\d+)\s+(\d+)\s+(\d+)(\s.*)?", re.DOTALL)


@DATASETS.register_module()
class UCFSportsSequences(SequenceSource):
    """UCF-Sports: ``<group>/<clip>/`` with a video file or frames, and one box file a frame in ``gt/``.

    A box file holds ``x y w h label``, in pixels from 1, separated by tabs or spaces. The files belong to the frames in
    the order of their names. A box without area is taken for none.

    Args:
        videos: folder of the groups; in a clip's folder lies one video file, or its frames.
        annotations: folder of the groups, or a ``.tar`` or ``.tar.gz`` of it, which is read as it is; the files are
            ``…/<group>/<clip>/gt/<frame>.txt``.
        sequences: names ``group/clip`` to use; None uses all that have both annotation and video.

    Raises:
        InputError: if a folder or file is missing, or a box file holds anything else; it is named.
    """

    def __init__(self, videos: str | Path, annotations: str | Path, sequences: Sequence[str] | None = None) -> None:
        self.videos = Path(videos).expanduser()
        self.annotations = Path(annotations).expanduser()
        self._lines: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for path, text in sorted(_box_files(self.annotations)):
            self._lines["/".join(path.parts[-4:-2])].append((str(path), text))
        known = [name for name in sorted(self._lines) if (self.videos / name).is_dir()]
        self.names = choose_names(known, sequences, self.videos)

    def read(self, name: str) -> TrackingSequence:
        """See ``SequenceSource.read``."""
        boxes = np.stack([self._box(path, text) for path, text in self._lines[name]])
        try:
            return TrackingSequence(name, LazyFrames(_video(self.videos / name), 0, len(boxes)), boxes)
        except ValueError as error:
            raise InputError(f"{self.annotations}: {error}") from error

    def _box(self, path: str, text: str) -> np.ndarray:
        match = LINE.fullmatch(text)
        if match is None:
            raise InputError(f"{self.annotations}: {path}: expected 'x y w h label', got {text[:80]!r}")
        return box_of_numbers(np.array(match.groups()[:4], dtype=np.float64), first_pixel=1)


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
    except (OSError, tarfile.TarError) as error:
        raise InputError(f"{annotations}: is neither a folder nor a readable .tar ({error})") from error


def _video(folder: Path) -> Path:
    """The one video file in a clip's folder, or the folder where there is none: it has the frames then."""
    files = sorted(path for path in folder.iterdir() if path.suffix.lower() in VIDEO_SUFFIXES)
    if len(files) > 1:
        raise InputError(f"{folder}: expected one video file, found {', '.join(path.name for path in files)}")
    return files[0] if files else folder
