"""Training and testing models: once, as experiments with several seeds, and the demo, which is all of it."""

import argparse
import time

from .arguments import add_config, read_config

DEMO = "demo_puppets"


def add_train(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``actorsup train``."""
    add_config(parser)
    parser.add_argument("--resume", action="store_true", help="go on from the latest checkpoint in the work directory")
    parser.add_argument("--amp", action="store_true", help="automatic mixed precision")


def run_train(arguments: argparse.Namespace) -> None:
    """Train a model from video-level labels, on stored proposals.

    A config without proposals trains what it describes: a detector or a tracker.
    """
    from actorsup.engine import train

    train(read_config(arguments), resume=arguments.resume, amp=arguments.amp)


def add_test(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``actorsup test``."""
    add_config(parser)
    parser.add_argument("checkpoint", help="checkpoint file that training wrote")
    parser.add_argument("--show-dir", help="folder for a picture of each video with its best tubes")
    parser.add_argument(
        "--diagnose",
        type=float,
        nargs="?",
        const=0.5,
        metavar="IOU",
        help="find the reason of every missed true tube and false detection at this overlap; 0.5 without a number",
    )


def run_test(arguments: argparse.Namespace) -> None:
    """Measure a checkpoint on the test videos of a config."""
    from actorsup.engine import evaluate

    from .output import print_numbers, print_table

    result = evaluate(
        read_config(arguments),
        arguments.checkpoint,
        overlays=arguments.show_dir,
        diagnose_at=arguments.diagnose,
    )
    for title, rows in result.tables.items():
        print_table(title, rows)
    print_numbers("test", result.rest)


def add_experiments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``actorsup experiments``."""
    parser.add_argument("experiments", help="experiments file, or the name of one, e.g. experiments/puppets_attention")
    parser.add_argument("--only", nargs="+", default=(), metavar="VARIANT", help="run these variants only")
    parser.add_argument(
        "--jobs", type=int, help="trainings at a time; the default is one a core, or one in all where there is a GPU"
    )
    parser.add_argument("--report", action="store_true", help="run nothing, print the table of what is there")


def run_experiments(arguments: argparse.Namespace) -> None:
    """Train and test variants of a config with several seeds.

    The variants and seeds are those of an experiments file; a table and a chart of what they gave are made. A file that
    names the models of other experiments trains nothing and tests them. What is measured already is not repeated:
    interrupted, the same command goes on.
    """
    import torch

    from actorsup.engine import Experiments
    from actorsup.proposals.progress import progress_bar

    from .output import print_table

    jobs = arguments.jobs
    if jobs is None:
        jobs = 1 if torch.cuda.is_available() else torch.get_num_threads()
    experiments = Experiments.read(arguments.experiments)
    pending = [] if arguments.report else experiments.pending(arguments.only)
    with progress_bar("experiments", len(pending), unit="trainings", enabled=bool(pending)) as progress:
        experiments.run_all(
            pending,
            jobs=jobs,
            on_start=lambda variant, seed: progress.show(f"{variant}, seed {seed}"),
            on_end=lambda variant, seed: progress.advance(1),
        )
    if rows := experiments.table():
        print_table("percent, mean ± standard deviation over seeds", rows)
        print(f"picture: {experiments.chart()}")


def add_demo(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``actorsup demo``."""
    add_config(parser, default=DEMO)


def run_demo(arguments: argparse.Namespace) -> None:
    """Run the whole method on a small synthetic world.

    Videos are made, then proposals of two linkers; a model is trained from labels and tested; pictures show what it
    found.
    """
    from actorsup.synthetic.demo import run_demo

    from .output import print_table

    start = time.perf_counter()
    config = read_config(arguments)
    results = run_demo(config)
    test = results.pop("test")
    rows = [
        {"proposals of": linker, **{name: numbers[name] for name in ("recall@0.2", "recall@0.5", "mabo")}}
        for linker, numbers in results.items()
    ]
    print_table("how well the proposals cover the true tubes", rows)
    shown = ("mAP@0.2", "mAP@0.5", "localization@0.2", "localization@0.5", "accuracy")
    print_table(f"{config.proposals.linker}, trained from labels alone", [{name: float(test[name]) for name in shown}])
    print(f"pictures: {config.work_dir}/pictures, curves: {config.work_dir}/proposal_curves.png")
    print(f"{(time.perf_counter() - start) / 60:.1f} minutes")
