"""Write one HTML page about a run, or about several side by side: numbers, curves, errors, videos that play.

It needs no other file and no network. What a work directory lacks is left out, with a line that says what makes it.
"""

import argparse

from actorsup.apis import cli, make_report
from actorsup.visualization.report import Limits


def main() -> None:
    """Parse, call, report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work_dirs", nargs="+", metavar="WORK_DIR", help="folder with the results of the other tools")
    parser.add_argument("--out", metavar="FILE", help="the page; default: report.html in the first WORK_DIR")
    parser.add_argument("--videos", type=int, default=Limits.num_videos, help="videos that play in the page (16)")
    parser.add_argument("--frames", type=int, default=Limits.num_frames, help="frames of each of them (48)")
    parser.add_argument("--width", type=int, default=Limits.width, help="of a frame in pixels (320)")
    arguments = parser.parse_args()
    limits = Limits(num_videos=arguments.videos, num_frames=arguments.frames, width=arguments.width)
    path, runs = make_report(arguments.work_dirs, arguments.out, limits)
    for run in runs:
        for remedy in run.missing:
            print(f"{run.name}: not there yet: {remedy}")
    print(f"{path}: {path.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    cli.run(main)
