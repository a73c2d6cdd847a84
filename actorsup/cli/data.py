"""Commands that convert, check and make datasets."""

import argparse
from itertools import groupby
from pathlib import Path

from .arguments import add_config, argument, command, read_config

NUM_SHOWN = 5


def _add_formats(parser: argparse.ArgumentParser) -> None:
    formats = parser.add_subparsers(title="formats", dest="format", required=True, metavar="FORMAT")

    def add(name: str, description: str, *arguments, out: str = ".json or .json.gz") -> None:
        added = formats.add_parser(name, help=description, description=description)
        added.set_defaults(parser=added)
        added.add_argument("--out", required=True, type=Path, help=out)
        for add_argument in arguments:
            add_argument(added)

    add(
        "thumos13",
        "THUMOS13: split lists and UCF101-24's annotation",
        argument("ann_file", metavar="annotation", help="pyannot.pkl, finalAnnots.mat, annot_apt.mat or ACT's pickle"),
        argument("--train-list", required=True, help="trainlist01.txt; classInd.txt beside it is used"),
        argument("--test-list", required=True, help="testlist01.txt"),
    )
    add(
        "ucf-sports",
        "UCF-Sports: folders of clips, with gt/ in each",
        argument("videos", help="folder of the 13 groups"),
        argument("--annotations", dest="ann_file", metavar="GT", help="folder or .tar of gt/ not beside the frames"),
        argument("--train-list", help="lines …/group/clip; default: all but the first third of each class"),
        argument("--test-list", help="likewise; default: the first third of each class"),
        argument("--missing-videos", choices=["error", "skip"], default="error"),
    )
    root = argument("data_root", metavar="root", help="folder Release of A2D")
    add("a2d", "A2D: videoset.csv and Annotations/mat", root)
    add(
        "folder",
        "a folder class/video.mp4, labelled by its folders",
        argument("ann_file", metavar="videos", help="folder of the classes"),
        argument("--name", help="of the dataset; default: the folder's"),
        argument("--test-list", help="lines class/video of what is for testing; default: nothing is"),
        argument("--test-share", type=float, metavar="SHARE", help="draw this share of each class, e.g. 0.2"),
        argument("--seed", type=int, default=0, help="of the draw"),
    )
    add(
        "table",
        "a table of labels, CSV or JSON, perhaps with one of boxes",
        argument("ann_file", metavar="table", help="columns video, label, perhaps split; JSON may be {video: label}"),
        argument("--boxes", help="CSV with the columns video, tube, frame, x1, y1, x2, y2 and perhaps label"),
        argument("--videos", help="folder of the videos; needed with --boxes"),
        argument("--name", help="of the dataset; default: the table's"),
    )
    add(
        "act",
        "a ground-truth pickle of ACT-detector, MOC, YOWO or mmaction2",
        argument("ann_file", metavar="pickle", help="the pickle; it can run no code"),
        argument("--split", dest="split_number", metavar="SPLIT", type=int, default=1, help="its number, from 1"),
    )
    add(
        "ava",
        "AVA or AVA-Kinetics: one CSV file of boxes in keyframes",
        argument("ann_file", metavar="csv", help="ava_train_v2.2.csv, ava_val_v2.2.csv or one of AVA-Kinetics"),
        argument("--label-map", help="ava_action_list_….pbtxt; default: actions without names"),
        argument("--excluded-timestamps", help="ava_…_excluded_timestamps_v2.2.csv"),
        argument("--split", default="test", help="of its videos (test)"),
        argument("--frame-rate", type=float, default=30.0, help="of the videos (30)"),
        argument("--first-second", type=float, default=900.0, help="of the film at which they begin (900)"),
    )
    add(
        "jhmdb",
        "J-HMDB: the lists of a split, and boxes of puppet masks or joints",
        argument("ann_file", metavar="splits", help="folder of <action>_test_split1.txt and so on"),
        argument("--boxes", required=True, help="folder puppet_mask, or joint_positions"),
        argument("--split", dest="split_number", metavar="SPLIT", type=int, default=1, help="its number, 1 to 3"),
    )
    add("daly", "DALY: its pickle", argument("ann_file", metavar="pickle", help="daly1.1.0.pkl; it can run no code"))
    people = argument(
        "--test-people", nargs="+", metavar="NAME", default=["lyova", "moshe", "shahar"], help="three others"
    )
    add(
        "weizmann",
        "the Weizmann actions, split by people",
        argument("ann_file", metavar="videos", help="folder of the classes, or an annotation file of the clips"),
        people,
    )
    add(
        "localized",
        "what `actorsup localize` found, for people to correct",
        argument("ann_file", metavar="found", help="its folder, or one .json of it"),
        argument("--min-score", type=float, default=0.0, metavar="S", help="leave out tubes of a lower score (0)"),
        argument("--split", default="train", help="of its videos (train)"),
    )
    split = argument("--split", help="of its videos; default: the tasks' own, else train")
    add(
        "cvat",
        "CVAT for video 1.1: exports of tasks",
        argument("ann_file", metavar="export", help=".xml or .zip of a task, or a folder of them"),
        split,
    )
    add(
        "label-studio",
        "Label Studio: an export of videos with rectangles",
        argument("ann_file", metavar="export", help="the export as JSON"),
        argument("--label-config", metavar="XML", help="of the labelling interface; default: the labels that occur"),
        split,
    )
    file = argument("ann_file", metavar="annotation", help="the annotation file")
    add("to-act", "an annotation file as a pickle of ACT-detector", file, out=".pkl")
    add("to-cvat", "an annotation file as XML of CVAT, which FiftyOne reads too", file, out="folder to write into")
    add(
        "to-label-studio",
        "an annotation file as tasks of Label Studio",
        file,
        argument("--videos", required=True, help="folder of the videos; their frame rates go into the tasks"),
        argument("--address", default="/data/local-files/?d=", help="of that folder in Label Studio (%(default)s)"),
        argument(
            "--as", dest="key", choices=["predictions", "annotations"], default="predictions", help="what tubes become"
        ),
        out=".json; the labelling interface goes beside it as .xml",
    )


@command("convert", _add_formats)
def convert(arguments: argparse.Namespace) -> None:
    """Make an annotation file of a dataset in another format.

    docs/annotation.md describes the file, docs/datasets.md has the command for each dataset. What was left out or is in
    doubt is printed below the counts. `to-act`, `to-cvat` and `to-label-studio` go the other way.
    """
    from actorsup.datasets import formats

    from .output import print_table

    readers = {
        "thumos13": formats.THUMOS13,
        "ucf-sports": formats.UCFSports,
        "a2d": formats.A2D,
        "folder": formats.VideoFolder,
        "table": formats.LabelTable,
        "act": formats.ACTPickle,
        "ava": formats.AVA,
        "jhmdb": formats.JHMDB,
        "daly": formats.DALY,
        "weizmann": formats.Weizmann,
        "localized": formats.Localized,
        "cvat": formats.CVAT,
        "label-studio": formats.LabelStudio,
    }
    writers = {
        "to-act": formats.write_act_pickle,
        "to-cvat": formats.write_cvat,
        "to-label-studio": formats.write_label_studio,
    }
    options = {name: value for name, value in vars(arguments).items() if name not in ("format", "out", "run", "parser")}
    if arguments.format == "thumos13":
        options["split_lists"] = {"train": options.pop("train_list"), "test": options.pop("test_list")}
    if arguments.format == "ucf-sports" and arguments.ann_file is None:
        options["ann_file"] = arguments.videos
    if arguments.format in writers:
        collection = formats.VideosFile(options.pop("ann_file")).read()
        notes = writers[arguments.format](arguments.out, collection, **options)
    else:
        collection = readers[arguments.format](**options).read()
        formats.write_videos_file(arguments.out, collection)
        print_table(collection.name, collection.counts())
        notes = (*collection.notes, *collection.remarks())
    for note in notes:
        print(f"note: {note}")
    print(arguments.out)


@command("check", add_config, argument("--quick", action="store_true", help="read only the first frame of each video"))
def check(arguments: argparse.Namespace) -> int:
    """Find what is wrong with a config's datasets.

    It checks videos, labels and true tubes, and prints videos and tubes by split and class. Everything
    (dataset_check.json) and a picture of sample frames with their true tubes (dataset_sheet.png) go into the work
    directory. The exit code is 1 if there are errors.
    """
    from actorsup.engine import check_dataset

    from .output import print_table

    report = check_dataset(read_config(arguments), decode=not arguments.quick)
    for name, counts in report.counts.items():
        print_table(name, counts)
    for (is_error, kind), group in groupby(report.findings, key=lambda finding: (finding.is_error, finding.kind)):
        findings = list(group)
        print(f"{'error' if is_error else 'warning'}: {kind}: {len(findings)}")
        for finding in findings[:NUM_SHOWN]:
            print(f"    {finding.where}: {finding.detail}")
        if len(findings) > NUM_SHOWN:
            print(f"    and {len(findings) - NUM_SHOWN} more, see dataset_check.json")
    if report.sheet is not None:
        print(f"look at {report.sheet}")
    print(f"{len(report.errors)} errors, {len(report.findings) - len(report.errors)} warnings")
    return 1 if report.errors else 0


@command("puppets", add_config, argument("--jobs", type=int, help="how many processes draw; one a core by default"))
def puppets(arguments: argparse.Namespace) -> None:
    """Draw the synthetic world of a config, the Puppets.

    It has images, sequences, and videos with annotation. One that is there already is kept, and an error if it has
    other settings.
    """
    from actorsup.synthetic.demo import make_puppets

    print(f"the puppets are in {make_puppets(read_config(arguments), arguments.jobs)}")


@command(
    "crowd",
    argument("clips", help="folder of annotation.json and videos/: clips of one person each, such as Weizmann's"),
    argument("out", help="folder to write into"),
    argument("--seed", type=int, default=0, help="of every choice"),
    argument("--tiles", type=int, nargs=2, default=(2, 2), metavar=("COLUMNS", "ROWS"), help="clips side by side"),
    argument("--videos", type=int, nargs=2, default=(30, 12), metavar=("TRAIN", "TEST"), help="of each action"),
    argument("--test-people", nargs="+", metavar="NAME", help="who is seen in testing alone"),
    argument("--labelled", type=int, default=1, metavar="N", help="people who do labelled actions, each another (1)"),
)
def crowd(arguments: argparse.Namespace) -> None:
    """Make scenes of several people at once from clips of one.

    One person, or several, do labelled actions, the others walk, side-step or skip: real pixels, and no label says who.
    """
    from actorsup.synthetic.crowd import CrowdSettings, make_crowd

    test_people = tuple(arguments.test_people) if arguments.test_people else None
    settings = CrowdSettings(
        arguments.seed,
        tuple(arguments.tiles),
        labelled=arguments.labelled,
        videos=tuple(arguments.videos),
        test_people=test_people,
    )
    made = make_crowd(arguments.clips, arguments.out, settings)
    print(f"{len(made.videos)} scenes are in {arguments.out}")
