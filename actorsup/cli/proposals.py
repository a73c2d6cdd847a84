"""Actor proposals: making them, measuring them, and measuring the trackers that make them."""

import argparse

from .arguments import add_config, read_config


def add_proposals(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``actorsup proposals``."""
    add_config(parser)


def run_proposals(arguments: argparse.Namespace) -> int:
    """Make the actor proposals of every video of a config.

    The paper's Sec. 3.1: detections of actors, linked into tubes. Both are kept in the config's proposals.root; a run
    that was interrupted goes on where it stopped. The exit code is 1 if some videos could not be used.
    """
    from mmengine.dist import is_main_process

    from actorsup.engine import generate_proposals

    report = generate_proposals(read_config(arguments))
    if not is_main_process():
        return 0
    print(f"{len(report.made)} videos done now, {len(report.kept)} were done already")
    if report.without_tubes:
        print(f"{len(report.without_tubes)} without any detection: {', '.join(report.without_tubes)}")
    for name, reason in report.failed.items():
        print(f"failed: {name}: {reason}")
    return 1 if report.failed else 0


def add_eval_proposals(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``actorsup eval-proposals``."""
    add_config(parser)
    parser.add_argument("stores", nargs="*", metavar="STORE", help="folder of tubes to measure")
    parser.add_argument("--out", dest="work_dir", metavar="WORK_DIR", help="the same as --work-dir")


def run_eval_proposals(arguments: argparse.Namespace) -> None:
    """Measure how well proposals cover the true tubes.

    Without STORE, the proposals are those that the config describes, for its test videos. Several stores (folders
    `tubes_<linker>`, whatever made them) are compared side by side. Numbers, and the curves of recall against the
    number of proposals and against overlap, go into the work directory.
    """
    from actorsup.engine import evaluate_stored_proposals

    from .output import print_numbers, print_table

    results = evaluate_stored_proposals(read_config(arguments), arguments.stores)
    for name, result in results.items():
        print_table(f"{name}, by class", result.per_class)
    if len(results) == 1:
        print_numbers("proposals", next(iter(results.values())).numbers)
    else:
        keys = next(iter(results.values())).numbers
        print_table(
            "proposals", [{"metric": key, **{name: of.numbers[key] for name, of in results.items()}} for key in keys]
        )


def add_eval_tracker(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``actorsup eval-tracker``."""
    add_config(parser)
    parser.add_argument("--out", dest="work_dir", metavar="WORK_DIR", help="the same as --work-dir")
    parser.add_argument("--show-dir", help="folder for a picture of each sequence with true and predicted boxes")


def run_eval_tracker(arguments: argparse.Namespace) -> None:
    """Measure the trackers of a config on its sequences.

    Each tracker passes over each sequence once, from the first true box. Tables of mean IoU by sequence and of the
    means are printed; numbers, curves and a plot go into the work directory.
    """
    from actorsup.engine import evaluate_trackers, tracker_tables

    from .output import print_table

    by_sequence, means = tracker_tables(evaluate_trackers(read_config(arguments), arguments.show_dir))
    print_table("mean IoU", by_sequence)
    print_table("mean over sequences", means)
