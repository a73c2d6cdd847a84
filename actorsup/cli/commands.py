"""All commands, and their parsers."""

import argparse
import re
import time
from functools import partial
from itertools import takewhile
from pathlib import Path

from actorsup import __version__
from actorsup.errors import InputError
from actorsup.installation import shipped_configs

from .arguments import CONFIG, OUT, HelpFormatter, add_config, add_options, argument, command, read_config
from .data import check, convert, crowd, puppets
from .doctor import doctor

WORDS = "words_openclip"  # the config that finds actions by words


@command("demo", partial(add_config, default="demo_puppets"))
def demo(arguments: argparse.Namespace) -> None:
    """Run the whole method on a small synthetic world.

    It makes videos and proposals of two linkers, trains a model from labels, tests it, and draws what it found: grids
    of videos as it goes, and a report that shows it all at the end.
    """
    from actorsup.synthetic.demo import run_demo
    from actorsup.visualization.report import make_report

    from .output import print_table

    start = time.perf_counter()
    config = read_config(arguments)
    results = run_demo(config, on_picture=lambda title, path: print(f"{title}: {path}", flush=True))
    test = results.pop("test")
    measures = ("recall@0.2", "recall@0.5", "mabo")
    rows = [{"proposals of": linker} | {name: of[name] for name in measures} for linker, of in results.items()]
    print_table("how well the proposals cover the true tubes", rows)
    shown = ("mAP@0.2", "mAP@0.5", "localization@0.2", "localization@0.5", "accuracy")
    print_table(f"{config.proposals.linker}, trained from labels alone", [{name: float(test[name]) for name in shown}])
    print(f"pictures: {config.work_dir}/pictures, curves: {config.work_dir}/proposal_curves.png")
    try:
        print(f"videos with what was found, errors and curves, for a browser: {make_report([config.work_dir])[0]}")
    except InputError as error:  # an extra
        print(f"no report: {error}")
    print(f"{(time.perf_counter() - start) / 60:.1f} minutes")


@command(
    "proposals",
    add_config,
    argument("--jobs", type=int, metavar="N", help="processes to start; default: one a core, or a few a GPU"),
)
def proposals(arguments: argparse.Namespace) -> int:
    """Make the actor proposals of every video of a config.

    The paper's Sec. 3.1: detections of actors, linked into tubes, both kept in the config's proposals.root. An
    interrupted run goes on where it stopped. The exit code is 1 if some videos could not be used.
    """
    from mmengine.dist import is_main_process

    from actorsup.engine import generate_proposals

    report = generate_proposals(read_config(arguments), arguments.jobs)
    if not is_main_process():
        return 0
    print(f"{len(report.made)} videos done now, {len(report.kept)} were done already")
    if report.without_tubes:
        print(f"{len(report.without_tubes)} without any detection: {', '.join(report.without_tubes)}")
    for name, reason in report.failed.items():
        print(f"failed: {name}: {reason}")
    return 1 if report.failed else 0


@command(
    "eval-proposals", add_config, argument("stores", nargs="*", metavar="STORE", help="folder of tubes to measure"), OUT
)
def eval_proposals(arguments: argparse.Namespace) -> None:
    """Measure how well proposals cover the true tubes.

    Without STORE, the proposals are those that the config describes, for its test videos. Several stores (folders
    `tubes_<linker>`) are compared side by side. Numbers and recall curves go into the work directory.
    """
    from actorsup.engine import evaluate_stored_proposals

    from .output import print_table

    results = evaluate_stored_proposals(read_config(arguments), arguments.stores)
    for name, result in results.items():
        print_table(f"{name}, by class", result.per_class)
    first, *others = results.values()
    columns = results if others else {"value": first}
    rows = [{"metric": key} | {name: of.numbers[key] for name, of in columns.items()} for key in first.numbers]
    print_table("proposals", rows)


@command("extract-features", add_config)
def extract_features(arguments: argparse.Namespace) -> None:
    """Store the features of every video of a config.

    For a frozen encoder and `features = dict(root=FOLDER, draws=NUMBER)` in the config, with which training and testing
    then read them, in seconds, in place of frames. An interrupted run goes on where it stopped.
    """
    from actorsup.engine import extract_features

    for name, done in extract_features(read_config(arguments)).items():
        print(f"{name}: {done.num_made} draws of videos stored now, {done.num_kept} were there already")
        print(f"{done.folder}: {done.num_bytes / 1e6:.1f} MB")


@command(
    "train",
    add_config,
    argument("--resume", action="store_true", help="go on from the latest checkpoint in the work directory"),
    argument("--amp", action="store_true", help="automatic mixed precision"),
)
def train(arguments: argparse.Namespace) -> None:
    """Train a model from video-level labels, on stored proposals.

    A config without proposals trains what it describes: a detector or a tracker.
    """
    from actorsup.engine import train

    train(read_config(arguments), resume=arguments.resume, amp=arguments.amp)


@command(
    "test",
    add_config,
    argument(
        "checkpoint",
        nargs="?",
        help="checkpoint file that training wrote, or .onnx made of it; none where a TextHead knows words",
    ),
    argument("--show-dir", help="folder for a picture of each video with its best tubes"),
    argument(
        "--diagnose", type=float, nargs="?", const=0.5, metavar="IOU", help="find each error's reason at IOU (0.5)"
    ),
    argument("--predictions", metavar="FILE", help="write all tubes with all scores, .json"),
)
def test(arguments: argparse.Namespace) -> None:
    """Measure a checkpoint on the test videos of a config.

    Without one, a model that knows its classes by words (TextHead) is measured as it is before any training.
    """
    from actorsup.engine import evaluate

    from .output import print_table

    given = arguments.checkpoint, arguments.show_dir, arguments.diagnose, arguments.predictions
    result = evaluate(read_config(arguments), *given)
    _print_evaluation(result)
    print_table("test", [{"metric": name, "value": value} for name, value in result.rest.items()])


def _print_evaluation(result) -> None:
    from .output import print_table

    for title, rows in result.tables.items():
        print_table(title, rows)
    if result.summary:
        print(result.summary)


@command(
    "eval-predictions",
    argument("annotation", help="file of `actorsup convert`, ground-truth pickle of ACT-detector, or AVA's CSV"),
    argument("predictions", help="file or folder of the predictions"),
    argument("--out", required=True, metavar="DIR", help="folder for the results"),
    argument("--split", default="test", help="of the annotation (test)"),
    argument("--protocol", help="of mAP (act; for AVA ava); a table shows the others beside it"),
    argument("--thresholds", type=float, nargs="+", metavar="IOU", help="overlaps (0.2 0.5 0.75; of boxes 0.5)"),
    argument("--max-per-class", type=int, metavar="N", help="count the N best tubes of a video for each class"),
    argument("--nms", type=float, metavar="IOU", help="first suppress tubes above it; MOC's numbers: 0.3"),
    argument("--exclude", nargs="+", default=[], metavar="CLASS", help="leave classes out; `multisports`: its six"),
    argument("--diagnose", type=float, nargs="?", const=0.5, metavar="IOU", help="find each error's reason (0.5)"),
    argument("--videos", metavar="DIR", help="folder of the videos, which `actorsup report` then shows"),
    argument("--split-number", type=int, default=1, help="of a ground-truth pickle, from 1 (1)"),
    argument("--label-map", metavar="FILE", help="AVA's list of the actions that count, .pbtxt"),
    argument("--excluded-timestamps", metavar="FILE", help="AVA's keyframes that do not count, .csv"),
)
def eval_predictions(arguments: argparse.Namespace) -> None:
    """Measure the predictions of another method, without a model.

    It reads tubes of MOC (a folder of `<video>_tubes.pkl`), of MultiSports (`video_detections.pkl`), of `actorsup
    localize` and `actorsup test --predictions`; boxes of single frames of MOC and MultiSports (`frame_detections.pkl`)
    and AVA (CSV). docs/evaluation.md describes them. What `actorsup test` writes goes into DIR, for `actorsup report`.
    """
    from actorsup.engine import annotation_of, measure_predictions

    truth = annotation_of(
        arguments.annotation, arguments.label_map, arguments.excluded_timestamps, arguments.split_number
    )
    result, notes = measure_predictions(
        truth,
        arguments.predictions,
        arguments.out,
        split=arguments.split,
        protocol=arguments.protocol,
        thresholds=arguments.thresholds,
        max_per_class=arguments.max_per_class,
        nms=arguments.nms,
        excluded_classes=arguments.exclude,
        diagnose_at=arguments.diagnose,
        videos=arguments.videos,
    )
    _print_evaluation(result)
    for note in notes:
        print(f"note: {note}")
    print(arguments.out)


@command(
    "localize",
    argument("videos", nargs="+", metavar="VIDEO", help="video file, or folder of frames"),
    argument("--config", help=f"{CONFIG}; default with --actions: {WORDS}"),
    argument("--checkpoint", help="checkpoint file that training wrote, or .onnx made of it; none with --actions"),
    argument("--actions", nargs="+", metavar="TEXT", help="what to look for, in words, without any training"),
    argument("--out", metavar="DIR", help="folder for the results; default: found, in the config's work directory"),
    argument("--top", type=int, default=5, metavar="N", help="the N best tubes of each video (5)"),
    argument("--min-score", type=float, default=0.0, help="none of a lower score (0)"),
    argument("--annotation", metavar="FILE", help="true tubes to draw too, in the format of the dataset"),
    argument("--proposals", metavar="STORE", help="folder of stored tubes to rank; default: make them"),
    argument("--window", type=int, default=256, help="frames that are looked at together (256)"),
    argument("--overlap", type=int, default=64, help="frames that windows of a long video share (64)"),
    argument("--device", help="where everything runs; default: the GPU where there is one"),
    add_options,
)
def localize(arguments: argparse.Namespace) -> int:
    """Find actions in videos: JSON and a rendered video of each.

    The actions are those of a trained checkpoint, or --actions "a person jumping" "a dog running", for which weights of
    CLIP are needed (docs/tutorials/words.md).

    In the rendered video, boxes and bars are coloured by class; captions give rank, class and score. Bars below show
    when each tube is there; true tubes are dashed. The exit code is 1 if some videos could not be used.
    """
    from actorsup.apis import ActionInferencer, localize_videos
    from actorsup.apis.localize import TrueTubes

    from .output import print_table

    if arguments.config is None:
        if arguments.actions is None:
            raise InputError("give --config and --checkpoint, or --actions")
        arguments.config = WORDS
    config = read_config(arguments)
    truth = TrueTubes.read(config, arguments.annotation) if arguments.annotation else None
    options = {name: getattr(arguments, name) for name in ("actions", "device", "proposals", "window", "overlap")}
    localizer = ActionInferencer(config, arguments.checkpoint, **options)
    out = arguments.out or Path(config.work_dir) / "found"
    report = localize_videos(localizer, arguments.videos, out, arguments.top, arguments.min_score, truth)
    for path, found in report.localized.items():
        rows = [
            {name: getattr(each, name) for name in ("rank", "action", "score", "actor")}
            | {"frames": f"{each.tube.start}–{each.tube.end - 1}"}
            for each in found.tubes
        ]
        if rows:
            print_table(path, rows)
        else:
            print(f"{path}: nothing found")
    for path, reason in report.failed.items():
        print(f"failed: {Path(path).name}: {reason}")
    if arguments.out is None:
        print(out)
    return 1 if report.failed else 0


@command(
    "export",
    argument("config", help=CONFIG),
    argument("checkpoint", help="checkpoint file that training wrote"),
    argument("--out", required=True, metavar="FILE", help="what to write: FILE.onnx, or FILE.pt2"),
    argument("--format", choices=["onnx", "torch"], help="default: by the suffix of FILE"),
    argument("--any-size", action="store_true", help="frames of any size, not of the config's alone; ONNX only"),
    add_options,
)
def export(arguments: argparse.Namespace) -> None:
    """Write a trained model as ONNX, or for torch.export.

    The file runs without this package: it takes the frames and tubes of a video, and gives the scores that rank
    the tubes. `actorsup localize` and `actorsup test` take an ONNX file in place of a checkpoint.
    """
    from actorsup.engine import export_localizer

    given = arguments.checkpoint, arguments.out, arguments.format, arguments.any_size
    metadata = export_localizer(read_config(arguments), *given)
    size = "any size" if metadata["size"] is None else "{}x{} pixels".format(*metadata["size"])
    megabytes = Path(arguments.out).stat().st_size / 1e6
    print(f"{arguments.out}: {megabytes:.1f} MB, {len(metadata['classes'])} classes, frames of {size}")


@command(
    "report",
    argument("work_dirs", nargs="+", metavar="WORK_DIR", help="folder with the results of other commands"),
    argument("--out", metavar="FILE", help="the page; default: report.html in the first WORK_DIR"),
    argument("--videos", type=int, default=16, help="videos that play in the page (16)"),
    argument("--frames", type=int, default=48, help="frames of each of them (48)"),
    argument("--width", type=int, default=320, help="of a frame in pixels (320)"),
)
def report(arguments: argparse.Namespace) -> None:
    """Write an HTML page about a run, or several side by side.

    It has numbers, curves, errors and videos, and needs no other file and no network. What a work directory lacks is
    left out, with a line that says what makes it.
    """
    from actorsup.visualization.report import Limits, make_report

    limits = Limits(num_videos=arguments.videos, num_frames=arguments.frames, width=arguments.width)
    path, runs = make_report(arguments.work_dirs, arguments.out, limits)
    for run in runs:
        for remedy in run.missing:
            print(f"{run.name}: not there yet: {remedy}")
    print(f"{path}: {path.stat().st_size / 1e6:.1f} MB")


@command(
    "experiments",
    argument("experiments", help="experiments file, or the name of one, e.g. experiments/puppets"),
    argument("--only", nargs="+", default=(), metavar="VARIANT", help="run these variants only"),
    argument("--jobs", type=int, help="trainings at a time; default: one a core, or one in all where there is a GPU"),
    argument("--report", action="store_true", help="run nothing, print the table of what is there"),
)
def experiments(arguments: argparse.Namespace) -> None:
    """Train and test variants of a config with several seeds.

    The variants and seeds are those of an experiments file; their results become a table and a chart. A file that names
    the models of other experiments only tests them. What is measured already is not repeated.
    """
    import torch

    from actorsup.engine import Experiments
    from actorsup.progress import progress_bar

    from .output import print_table

    jobs = arguments.jobs
    if jobs is None:
        jobs = 1 if torch.cuda.is_available() else torch.get_num_threads()
    chosen = Experiments.read(arguments.experiments)
    pending = [] if arguments.report else chosen.pending(arguments.only)
    with progress_bar("experiments", len(pending), unit="trainings", enabled=bool(pending)) as progress:
        chosen.run_all(
            pending,
            jobs=jobs,
            on_start=lambda variant, seed: progress.show(f"{variant}, seed {seed}"),
            on_end=lambda variant, seed: progress.advance(1),
        )
    if rows := chosen.table():
        print_table("percent, mean ± standard deviation over seeds", rows)
        print(f"picture: {chosen.chart()}")


@command(
    "eval-tracker",
    add_config,
    OUT,
    argument("--show-dir", help="folder for a picture of each sequence with true and predicted boxes"),
)
def eval_tracker(arguments: argparse.Namespace) -> None:
    """Measure the trackers of a config on its sequences.

    Each tracker passes over each sequence once, from the first true box. Tables are printed; numbers and curves go into
    the work directory.
    """
    from actorsup.engine import evaluate_trackers, tracker_tables

    from .output import print_table

    by_sequence, means = tracker_tables(evaluate_trackers(read_config(arguments), arguments.show_dir))
    print_table("mean IoU", by_sequence)
    print_table("mean over sequences", means)


def _add_shown_config(parser: argparse.ArgumentParser) -> None:
    shown = parser.add_mutually_exclusive_group(required=True)
    shown.add_argument("config", nargs="?", help=CONFIG)
    shown.add_argument("--list", action="store_true", help="list the configs that ship, by name")


@command("config", _add_shown_config, add_options)
def config(arguments: argparse.Namespace) -> None:
    """Print a config in full, or list those that ship."""
    if arguments.list:
        configs = shipped_configs()
        width = max(map(len, configs))
        for name, path in configs.items():
            print(f"{name:<{width}}  {_first_sentence(path.read_text(encoding='utf-8'))}")
    else:
        from mmengine.config import Config

        print(Config(read_config(arguments).to_dict()).pretty_text)  # laid out


def _first_sentence(source: str) -> str:
    """The first sentence of the comment that a file begins with."""
    lines = [line.removeprefix("#").strip() for line in takewhile(lambda line: line[:1] == "#", source.splitlines())]
    return re.match(r".*?(\.(?= [A-Z])|$)", " ".join(takewhile(bool, lines)))[0]


COMMANDS = (
    *(demo, proposals, eval_proposals, extract_features, train, test, eval_predictions, localize, export, report),
    *(convert, check, puppets, crowd, experiments, eval_tracker, config, doctor),
)


def command_parser() -> argparse.ArgumentParser:
    """The parser of ``actorsup``, with every command."""
    parser = argparse.ArgumentParser(
        prog="actorsup",
        formatter_class=HelpFormatter,
        description="Find where actions happen in videos, learning from video-level labels alone.",
        epilog="`actorsup COMMAND --help` says more. Exit codes: 0, 1 if something did not work for some of the "
        "inputs, 2 if the input is wrong, 130 after Ctrl-C.",
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    subparsers = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for each in COMMANDS:
        summary = each.run.__doc__.splitlines()[0].rstrip(".")
        each.fill(subparsers.add_parser(each.name, help=summary, formatter_class=HelpFormatter))
    return parser


def tool_parser(name: str) -> argparse.ArgumentParser:
    """The parser of one command alone."""
    (chosen,) = [each for each in COMMANDS if each.name == name]
    return chosen.fill(argparse.ArgumentParser(formatter_class=HelpFormatter))
