"""Configs and tools that come with the package, in a clone and where it is installed. Imports nothing heavy."""

from pathlib import Path

from actorsup.errors import InputError

PACKAGE = Path(__file__).parent
# In a wheel, where OpenMMLab's packages keep theirs; `setup.py` puts them there.
IN_WHEEL = PACKAGE / ".mim"


def shipped_folder(name: str) -> Path:
    """The folder of that name that ships: ``"configs"`` or ``"tools"``.

    Raises:
        InputError: if the installation lacks it.
    """
    for folder in (IN_WHEEL / name, PACKAGE.parent / name):
        if folder.is_dir():
            return folder
    raise InputError(f"this installation of actorsup in {PACKAGE} has no folder {name}; install actorsup again")


def shipped_configs() -> dict[str, Path]:
    """The configs that ship, by name, as ``detectors/ssd300_inceptionv2_coco``; without what they are based on."""
    folder = shipped_folder("configs")
    names = {path.relative_to(folder).with_suffix("").as_posix(): path for path in sorted(folder.rglob("*.py"))}
    return {name: path for name, path in names.items() if not name.startswith("_base_/")}


def find_file(path: str | Path) -> Path:
    """The file of that path from the working directory or, where there is none, the one that ships under this path.

    What ships has the path that it has in a clone: ``configs/…``, ``tools/…`` and ``actorsup/…/checkpoints/…``. So a
    config that names such a file works from every directory. A path that is neither is returned as it is.
    """
    path = Path(path)
    if path.exists() or path.is_absolute() or not path.parts:
        return path
    top, *below = path.parts
    if top == PACKAGE.name:
        shipped = PACKAGE.joinpath(*below)
    elif top in ("configs", "tools"):
        shipped = shipped_folder(top).joinpath(*below)
    else:
        return path
    return shipped if shipped.exists() else path
