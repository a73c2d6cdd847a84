"""Every format that the annotation of UCF101-24 is found in."""

from collections.abc import Sequence
from pathlib import Path

from actorsup.errors import InputError

from .act_pickle import is_act_content, read_act_pickle
from .matlab_file import read_matlab_annotation
from .pickle_file import load_pickle
from .pyannot import read_pyannot
from .split_list import read_class_index, read_split_list
from .video_annotation import VideoAnnotation


def read_ucf101_annotation(path: str | Path, classes: Sequence[str]) -> dict[str, VideoAnnotation]:
    """The annotation of every video, by its name ``Class/v_Class_g01_c01``.

    Args:
        path: ``pyannot.pkl``, ``finalAnnots.mat``, ``annot_apt.mat``, or a pickle of ACT-detector's layout, of which
            the first split is read; which of the pickles it is, its content says.
        classes: class names in the order of the file's labels.

    Raises:
        InputError: naming file, video and value, if anything in it is wrong.
    """
    if Path(path).suffix == ".mat":
        return read_matlab_annotation(path, classes)
    if not is_act_content(load_pickle(path)):
        return read_pyannot(path, classes)
    collection = read_act_pickle(path)
    if collection.classes != tuple(classes):
        raise InputError(f"{path}: its labels are {', '.join(collection.classes)}, expected {', '.join(classes)}")
    return {video.video: video.annotation for video in collection.videos}


def read_ucf101_list(path: str | Path, classes: Sequence[str]) -> list[tuple[str, int]]:
    """A split list, see ``read_split_list``; where ``classInd.txt`` lies beside it, one of all classes of UCF101."""
    class_index = Path(path).with_name("classInd.txt")
    return read_split_list(path, classes, read_class_index(class_index) if class_index.is_file() else None)
