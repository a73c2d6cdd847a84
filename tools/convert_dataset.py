"""Make an annotation file (docs/annotation.md) of a data set in another format; docs/datasets.md has the commands.

What was left out, or is in doubt, is printed below the counts. `to-act` goes the other way.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from actorsup.apis import cli
from actorsup.apis.conversion import convert_act, split_counts, write_act, write_conversion
from actorsup.apis.results import print_table
from actorsup.datasets.conversion import (
    convert_a2d,
    convert_folder,
    convert_table,
    convert_thumos13,
    convert_ucf_sports,
)


def parser() -> argparse.ArgumentParser:
    """The arguments, by format."""
    result = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    formats = result.add_subparsers(dest="format", required=True, metavar="FORMAT")

    thumos13 = _add(formats, "thumos13", convert_thumos13, "THUMOS13: split lists and UCF101-24's annotation")
    thumos13.add_argument("annotation", help="pyannot.pkl, finalAnnots.mat, annot_apt.mat or ACT-detector's pickle")
    thumos13.add_argument("--train-list", required=True, help="trainlist01.txt; classInd.txt beside it is used")
    thumos13.add_argument("--test-list", required=True, help="testlist01.txt")

    ucf_sports = _add(formats, "ucf-sports", convert_ucf_sports, "UCF-Sports: folders of clips, with gt/ in each")
    ucf_sports.add_argument("videos", help="folder of the 13 groups")
    ucf_sports.add_argument("--annotations", help="folder or .tar of the groups' gt/ where it is not beside the frames")
    ucf_sports.add_argument("--train-list", help="lines …/group/clip; default: all but the first third of each class")
    ucf_sports.add_argument("--test-list", help="likewise; default: the first third of each class")
    ucf_sports.add_argument("--missing-videos", choices=["error", "skip"], default="error")

    a2d = _add(formats, "a2d", convert_a2d, "A2D: videoset.csv and Annotations/mat")
    a2d.add_argument("root", help="folder Release of A2D")

    folder = _add(formats, "folder", convert_folder, "a folder class/video.mp4, labelled by its folders")
    folder.add_argument("videos", help="folder of the classes")
    folder.add_argument("--name", help="of the data set; default: the folder's")
    folder.add_argument("--test-list", help="lines class/video of what is for testing; default: nothing is")
    folder.add_argument("--test-share", type=float, metavar="SHARE", help="draw this share of each class, e.g. 0.2")
    folder.add_argument("--seed", type=int, default=0, help="of the draw")

    table = _add(formats, "table", convert_table, "a table of labels, CSV or JSON, perhaps with one of boxes")
    table.add_argument("table", help="columns video, label and perhaps split; JSON may be {video: label}")
    table.add_argument("--boxes", help="CSV with the columns video, tube, frame, x1, y1, x2, y2 and perhaps label")
    table.add_argument("--videos", help="folder of the videos; needed with --boxes")
    table.add_argument("--name", help="of the data set; default: the table's")

    act = _add(formats, "act", convert_act, "a ground-truth pickle of ACT-detector, MOC, YOWO or mmaction2")
    act.add_argument("path", metavar="pickle", help="the pickle; it can run no code")
    act.add_argument("--split", type=int, default=1, help="number of the split, from 1")

    to_act = _add(formats, "to-act", write_act, "an annotation file as a pickle of ACT-detector")
    to_act.add_argument("path", metavar="annotation", help="the annotation file")
    return result


def _add(formats: argparse._SubParsersAction, name: str, function, description: str) -> argparse.ArgumentParser:
    result = formats.add_parser(name, help=description, description=description)
    result.add_argument("--out", required=True, type=Path, help=".json or .json.gz; .pkl for to-act")
    result.set_defaults(function=function)
    return result


def main(arguments: Sequence[str] | None = None) -> None:
    """Parse, call, report."""
    options = vars(parser().parse_args(arguments))
    out, function, name = options.pop("out"), options.pop("function"), options.pop("format")
    if function is write_act:
        write_act(out=out, path=options["path"])
    else:
        conversion = function(**options)
        write_conversion(out, conversion)
        print_table(f"{conversion.collection.name} ({name})", split_counts(conversion.collection))
        for note in conversion.notes:
            print(f"note: {note}")
    print(out)


if __name__ == "__main__":
    cli.run(main)
