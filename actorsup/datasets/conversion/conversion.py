"""What converting a data set gives."""

from collections.abc import Sequence
from dataclasses import dataclass

from actorsup.datasets.annotation import VideoCollection


@dataclass(frozen=True, eq=False)
class Conversion:
    """A data set, and what people should know of how it came about.

    Args:
        collection: the videos.
        notes: sentences; each names what was left out or is in doubt.
    """

    collection: VideoCollection
    notes: tuple[str, ...] = ()


def enumeration(count: int, what: str, names: Sequence[str], most: int = 20) -> str:
    """``3 videos have no tube: a, b, c``."""
    return f"{count} {what}: {', '.join(names[:most])}" + (" and others" if len(names) > most else "")
