"""THUMOS13: the 24 classes of UCF101 that have boxes."""

from actorsup.datasets.formats.thumos13 import ACTORS, CLASSES
from actorsup.registry import DATASETS

from .formats import VideoAnnotation, read_ucf101_annotation, read_ucf101_list
from .video_dataset import VideoDataset


@DATASETS.register_module()
class THUMOS13(VideoDataset):
    """3,207 videos, 2,293 for training and 914 for testing in split 1, labelled with one of 24 actions of people.

    Split lists have lines ``Class/v_Class_g01_c01.avi 1``; UCF101's own, of all 101 classes, need ``classInd.txt``
    beside them. The annotation is the corrected ``pyannot.pkl``, at 320×240, of 3,194 of the videos: 2,284 of training
    and 910 of testing, with 4,458 tubes, 1,315 of them in testing. ``finalAnnots.mat`` holds the same boxes,
    ``annot_apt.mat`` an older annotation of 3,204 videos and 4,205 tubes; ACT-detector's pickles are read too.
    """

    METAINFO = {"classes": CLASSES, "actors": ACTORS}  # noqa: RUF012
    split_file_source = "trainlist01.txt or testlist01.txt of the THUMOS13 release, lines 'Class/v_Class_g01_c01.avi 1'"
    ann_file_source = (
        "pyannot.pkl, the corrected annotation, from the GitHub repository gurkirt/corrected-UCF101-Annots"
    )
    videos_source = "the videos of the 24 classes, as Class/v_Class_g01_c01.avi, from UCF101's home page (CRCV, UCF)"

    def read_labels(self) -> list[tuple[str, int]]:
        """The videos of the split list with the label of their class folder."""
        return read_ucf101_list(self.split_file, self.METAINFO["classes"])

    def read_annotations(self) -> dict[str, VideoAnnotation]:
        """The annotation, in whichever format it is."""
        return read_ucf101_annotation(self.ann_file, self.METAINFO["classes"])
