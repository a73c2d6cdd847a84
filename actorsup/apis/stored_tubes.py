"""Tubes that were stored before, for a video that no data set names."""

from pathlib import Path, PurePosixPath

from actorsup.errors import InputError
from actorsup.io import TubeStore


def open_tubes(folder: str | Path) -> TubeStore:
    """The store in a folder, whatever made it.

    Raises:
        InputError: if there is none.
    """
    store = TubeStore(folder)
    if not store.exists:
        raise InputError(f"{folder}: no store of tubes; `actorsup proposals` makes them")
    return store


def stored_name(store: TubeStore, path: str | Path, name: str) -> str:
    """What a store calls a video: ``name``, or else the one name that ends like its path.

    Raises:
        InputError: if there is none, or several.
    """
    videos = store.videos()
    if name in videos:
        return name
    path = Path(path)
    alike = [video for video in videos if PurePosixPath(video).name in (path.name, path.stem)]
    beside = [video for video in alike if PurePosixPath(video).parent.name == path.resolve().parent.name]
    for candidates in (alike, beside):
        if len(candidates) == 1:
            return candidates[0]
    raise InputError(
        f"{path}: {store.folder} has {'several videos' if alike else 'no video'} of that name; give the name that "
        "`actorsup proposals` gave it, or leave the store out"
    )
