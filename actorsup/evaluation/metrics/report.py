"""What a metric shows beside its named numbers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class MetricReport:
    """Tables of a metric, in its attribute ``report`` of the main process once it is computed.

    Args:
        tables: rows of the same keys, by title.
        shown: names of the numbers, without prefix, that the tables show already.
    """

    tables: Mapping[str, Sequence[Mapping[str, str | int | float]]]
    shown: frozenset[str]
