"""The small THUMOS13 of the datasets' tests, whose true tubes are sequences here."""

from tests.datasets.conftest import logged_warnings, thumos13

__all__ = ["logged_warnings", "thumos13"]
