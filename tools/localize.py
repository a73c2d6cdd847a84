"""Find actions in videos: a JSON file and a rendered .mp4 for each.

Boxes and bars are coloured by class; captions give rank, class and score. Below the picture is when each tube is there;
true tubes, where an annotation file is given, are dashed. Exit code 1 if some videos could not be used.
"""

import argparse
from pathlib import Path

from actorsup.apis import ActionLocalizer, cli, load_config, localize_videos
from actorsup.apis.localize import TrueTubes
from actorsup.apis.results import print_table


def main() -> int:
    """Parse, call, report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("videos", nargs="+", metavar="VIDEO", help="video file, or folder of frames")
    parser.add_argument("--config", required=True, help="config file of the model")
    parser.add_argument("--checkpoint", required=True, help="checkpoint file that training wrote")
    parser.add_argument("--out", required=True, metavar="DIR", help="folder for the results")
    parser.add_argument("--top", type=int, default=5, metavar="N", help="the N best tubes of each video (5)")
    parser.add_argument("--min-score", type=float, default=0.0, help="none of a lower score (0)")
    parser.add_argument("--annotation", metavar="FILE", help="true tubes to draw too, in the format of the data set")
    parser.add_argument("--proposals", metavar="STORE", help="folder of stored tubes to rank; default: make them")
    parser.add_argument("--window", type=int, default=256, help="frames that are looked at together (256)")
    parser.add_argument("--overlap", type=int, default=64, help="frames that windows of a long video share (64)")
    parser.add_argument("--device", help="where everything runs; default: the GPU where there is one")
    cli.add_options(parser)
    arguments = parser.parse_args()
    config = load_config(arguments.config, options=arguments.cfg_options)
    truth = TrueTubes.read(config, arguments.annotation) if arguments.annotation else None
    localizer = ActionLocalizer(
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


if __name__ == "__main__":
    cli.run(main)
