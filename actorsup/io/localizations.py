"""What was found in a video as a JSON file, as ``actorsup localize`` writes it."""

from pathlib import Path

from actorsup.errors import InputError
from actorsup.structures import Localization

from .files import save_json
from .reading import boxes, naming, read_json, require_layout

TUBE = {"rank": int, "action": str, "label": int, "score": float, "actor": str, "track": int, "start": int}
TUBE |= {"boxes": boxes, "box_scores": [float]}
LAYOUT = {"video": str, "start": int, "num_frames": int, "size": [int], "classes": [str], "tubes": [TUBE]}


def save_localization(path: str | Path, localization: Localization) -> None:
    """Write a localization as JSON, atomically."""
    save_json(path, localization.as_dict())


def load_localization(path: str | Path) -> Localization:
    """Read what ``save_localization`` wrote."""
    content = read_json(path)
    with naming(f"{path}: not a localization as `actorsup localize` writes them", InputError):
        if unknown := sorted(content.keys() - LAYOUT) if isinstance(content, dict) else ():
            raise ValueError(f"unknown {unknown[0]!r}")
        return Localization.from_dict(require_layout(content, LAYOUT))
