"""Which process works on which videos."""

import heapq
from collections.abc import Mapping
from pathlib import Path

from actorsup.errors import InputError
from actorsup.io import open_video


def shares_by_length(lengths: Mapping[str, int], num_shares: int) -> list[list[str]]:
    """Divide videos so that the shares take about as long as each other: the longest first, each to the least load.

    The longest share is at most a third longer than that of the best division (Graham, 1969). The same lengths give
    the same shares, in whatever order they come.

    Args:
        lengths: by the name of each video, in any unit.
        num_shares: how many shares; some are empty where there are fewer videos.

    Returns:
        The names of each share, sorted.
    """
    loads = [(0, share) for share in range(num_shares)]
    shares: list[list[str]] = [[] for _ in range(num_shares)]
    for name in sorted(lengths, key=lambda name: (-lengths[name], name)):
        load, share = heapq.heappop(loads)
        shares[share].append(name)
        heapq.heappush(loads, (load + lengths[name], share))
    return [sorted(share) for share in shares]


def length_for_sharing(path: Path, reader: dict | None) -> int:
    """About how many frames a video has; 1 where that is unknown or it cannot be read, which comes out later."""
    try:
        return max(1, open_video(path, reader).estimate_length())
    except (InputError, OSError):
        return 1
