"""The fault campaign: what happens when files are damaged, processes killed, disks full; see docs/reliability.md.

It goes on where it was interrupted. The exit code is 1 if anything happened that must not.

    python tools/faults/run.py [FAULT ...] [--out work_dirs/faults] [--jobs 2] [--share 1.0]
"""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from campaign import run, table
from hostile import FAULTS as HOSTILE
from kills import FAULTS as KILLS
from memory import FAULTS as MEMORY
from parsers import FAULTS as PARSERS
from surroundings import FAULTS as SURROUNDINGS
from videos import FAULTS as VIDEOS

FAULTS = (*MEMORY, *KILLS, *SURROUNDINGS, *VIDEOS, *PARSERS, *HOSTILE)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what is named, or all; print and write the table."""
    by_name = {fault.name: fault for fault in FAULTS}
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("faults", nargs="*", choices=[[], *by_name], metavar="FAULT", help=", ".join(by_name))
    parser.add_argument("--out", type=Path, default="work_dirs/faults", help="records; remove it to begin anew")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="attempts at a time")
    parser.add_argument("--share", type=float, default=1.0, help="share of the attempts to make")
    options = parser.parse_args(arguments)
    faults = [by_name[name] for name in options.faults or by_name]
    outcomes = run(faults, options.out.resolve(), options.jobs, options.share)
    rows = table(faults, outcomes)
    (options.out / "table.md").write_text(rows)
    print(rows)
    return int(any(outcome.failures for of in outcomes.values() for outcome in of))


if __name__ == "__main__":
    sys.exit(main())
