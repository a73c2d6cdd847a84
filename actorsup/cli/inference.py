"""What a trained model finds, and pages about runs."""

import argparse
from pathlib import Path

from .arguments import CONFIG, add_options


def add_localize(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``actorsup localize``."""
    parser.add_argument("videos", nargs="+", metavar="VIDEO", help="video file, or folder of frames")
    parser.add_argument("--config", required=True, help=CONFIG)
    parser.add_argument("--checkpoint", required=True, help="checkpoint file that training wrote")
    parser.add_argument("--out", required=True, metavar="DIR", help="folder for the results")
    parser.add_argument("--top", type=int, default=5, metavar="N", help="the N best tubes of each video (5)")
    parser.add_argument("--min-score", type=float, default=0.0, help="none of a lower score (0)")
    parser.add_argument("--annotation", metavar="FILE", help="true tubes to draw too, in the format of the dataset")
    parser.add_argument("--proposals", metavar="STORE", help="folder of stored tubes to rank; default: make them")
    parser.add_argument("--window", type=int, default=256, help="frames that are looked at together (256)")
    parser.add_argument("--overlap", type=int, default=64, help="frames that windows of a long video share (64)")
    parser.add_argument("--device", help="where everything runs; default: the GPU where there is one")
    add_options(parser)


def run_localize(arguments: argparse.Namespace) -> int:
    """Find actions in videos: JSON and a rendered video of each.

    In the rendered .mp4, boxes and bars are coloured by class; captions give rank, class and score. Below the picture
    is when each tube is there; true tubes, where an annotation file is given, are dashed. The exit code is 1 if some
    videos could not be used.
    """
    from actorsup.apis import ActionInferencer, localize_videos
    from actorsup.apis.localize import TrueTubes
    from actorsup.engine import load_config, parse_options

    from .output import print_table

    config = load_config(arguments.config, options=parse_options(arguments.cfg_options))
    truth = TrueTubes.read(config, arguments.annotation) if arguments.annotation else None
    localizer = ActionInferencer(
        config,
        arguments.checkpoint,
        device=arguments.device,
        proposals=arguments.proposals,
        window=arguments.window,
        overlap=arguments.overlap,
    )
    report = localize_videos(
        localizer, arguments.videos, arguments.out, arguments.top, arguments.min_score, truth=truth
    )
    for path, found in report.localized.items():
        rows = [
            {
                "rank": each.rank,
                "action": each.action,
                "score": each.score,
                "actor": each.actor,
                "frames": f"{each.tube.start}–{each.tube.end - 1}",
            }
            for each in found.tubes
        ]
        if rows:
            print_table(path, rows)
        else:
            print(f"{path}: nothing found")
    for path, reason in report.failed.items():
        print(f"failed: {Path(path).name}: {reason}")
    return 1 if report.failed else 0


def add_report(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``actorsup report``."""
    parser.add_argument("work_dirs", nargs="+", metavar="WORK_DIR", help="folder with the results of other commands")
    parser.add_argument("--out", metavar="FILE", help="the page; default: report.html in the first WORK_DIR")
    parser.add_argument("--videos", type=int, default=16, help="videos that play in the page (16)")
    parser.add_argument("--frames", type=int, default=48, help="frames of each of them (48)")
    parser.add_argument("--width", type=int, default=320, help="of a frame in pixels (320)")


def run_report(arguments: argparse.Namespace) -> None:
    """Write an HTML page about a run, or several side by side.

    It has numbers, curves, errors, and videos that play, and needs no other file and no network. What a work directory
    lacks is left out, with a line that says what makes it.
    """
    from actorsup.engine import make_report
    from actorsup.visualization.report import Limits

    limits = Limits(num_videos=arguments.videos, num_frames=arguments.frames, width=arguments.width)
    path, runs = make_report(arguments.work_dirs, arguments.out, limits)
    for run in runs:
        for remedy in run.missing:
            print(f"{run.name}: not there yet: {remedy}")
    print(f"{path}: {path.stat().st_size / 1e6:.1f} MB")
