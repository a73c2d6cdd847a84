"""One thing that is looked at."""

from collections.abc import Callable
from dataclasses import dataclass

from actorsup.errors import InputError


@dataclass(frozen=True)
class Check:
    """What was found.

    Args:
        name: what was looked at.
        works: whether it does.
        found: a version, a number, or what is wrong.
        remedy: the command, or the step, that mends it; empty where it works.
        needed: whether something that the package is for fails without it.
    """

    name: str
    works: bool
    found: str
    remedy: str = ""
    needed: bool = True


class Defect(Exception):  # noqa: N818
    """Found by a check that has its own words for it."""


def run_check(name: str, find: Callable[[], str], remedy: str, needed: bool = True) -> Check:
    """A check by a function that says what it found, or raises."""
    try:
        return Check(name, True, find(), needed=needed)
    except (Defect, InputError) as error:
        return Check(name, False, str(error), remedy, needed)
    except Exception as error:  # whatever is broken raises what it likes
        return Check(name, False, f"{type(error).__name__}: {error}", remedy, needed)
