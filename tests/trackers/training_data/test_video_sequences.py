"""Sequences from datasets of videos: true tubes, UCF-Sports."""

import tarfile
from types import SimpleNamespace

import numpy as np
import pytest

from actorsup.errors import InputError
from actorsup.registry import DATASETS
from actorsup.structures import Tube
from actorsup.trackers.training_data import TubeSequences, UCFSportsSequences
from tests.conftest import moving_square, write_video

from .layouts import write_frames


def test_every_true_tube_is_a_sequence_in_pixels_of_its_video(thumos13, logged_warnings):
    options = thumos13.options(type="AnnotatedVideos")
    del options["tube_store"]
    source = TubeSequences(options)
    logged_warnings.clear()  # one video has no annotation
    assert source.names == (
        "Basketball/v_Basketball_g01_c01_tube0",
        "Biking/v_Biking_g01_c01_tube0",
        "Biking/v_Biking_g02_c01_tube0",
    )
    sequence = source[1]
    # Annotated 2 … 8 as x y w h = 201 101 100 60 at 320×240; the videos are 96×64.
    assert len(sequence) == len(sequence.frames) == 7
    expected = np.array([200, 100, 300, 160]) * [96 / 320, 64 / 240, 96 / 320, 64 / 240]
    np.testing.assert_allclose(sequence.boxes, np.tile(expected, (7, 1)), rtol=1e-6)
    whole = list(DATASETS.build({**options, "test_mode": True}).videos())
    frames = moving_square(12, (96, 64))
    assert whole[1][0] == "Biking/v_Biking_g01_c01"
    assert np.abs(sequence.frames[0].astype(int) - frames[2]).mean() < 4  # MJPG loses a little
    assert TubeSequences(options, sequences=[source.names[2]]).names == source.names[2:]
    logged_warnings.clear()


class VideosWithTubes(SimpleNamespace):
    """What ``TubeSequences`` needs of a dataset."""

    def __init__(self, tubes, test_mode) -> None:
        super().__init__(tubes=tubes, ann_file="tubes.pkl", reader=None, test_mode=test_mode)

    def videos(self):
        return [("a/b", "a/b.avi")]

    def ground_truth(self, index):
        return self.tubes


@pytest.fixture
def videos_with_tubes():
    DATASETS.register_module(module=VideosWithTubes)
    yield lambda *tubes: TubeSequences({"type": "VideosWithTubes", "tubes": tubes})
    DATASETS.module_dict.pop("VideosWithTubes")


def test_tubes_that_cannot_be_tracked_are_named(videos_with_tubes):
    with pytest.raises(InputError, match=r"tubes\.pkl: holds no sequence"):
        videos_with_tubes()
    empty = Tube(0, np.array([[1, 1, 5, 5], [2, 2, 2, 9]]), np.ones(2), 1.0, 0)
    with pytest.raises(InputError, match=r"tubes\.pkl: a/b_tube0, frame 1: box"):
        videos_with_tubes(empty)[0]


def test_frames_that_nobody_marked_have_no_box(videos_with_tubes):
    boxes = np.array([[1, 1, 5, 5], [2, 1, 6, 5], [3, 1, 7, 5]])
    (sequence,) = videos_with_tubes(Tube(4, boxes, np.ones(3), 1.0, 0, annotated=[True, False, True]))
    assert sequence.annotated.tolist() == [True, False, True]
    np.testing.assert_array_equal(sequence.boxes[::2], boxes[::2])


@pytest.fixture
def ucf_sports(tmp_path):
    """One clip as a video, one as frames, one that is annotated only."""
    write_video(tmp_path / "videos" / "Diving-Side" / "001" / "001.avi", moving_square(3))
    write_frames(tmp_path / "videos" / "Run-Side" / "002", 3)
    for clip in ("Diving-Side/001", "Run-Side/002", "Walk-Front/003"):
        folder = tmp_path / "Annotations" / clip / "gt"
        folder.mkdir(parents=True)
        for index, number in enumerate((70133, 70134, 70140)):
            (folder / f"2538-5_{number}.tif.txt").write_text(f"{5 + 2 * index}\t17\t20\t20\tdiving")
    return tmp_path


@pytest.mark.parametrize("archived", [False, True])
def test_ucf_sports_has_a_box_file_a_frame_in_order_of_name(ucf_sports, archived):
    annotations = ucf_sports / "Annotations"
    if archived:
        with tarfile.open(ucf_sports / "boxes.tar.gz", "w:gz") as archive:
            archive.add(annotations, "Annotations")
        annotations = ucf_sports / "boxes.tar.gz"
    source = UCFSportsSequences(ucf_sports / "videos", annotations)
    assert source.names == ("Diving-Side/001", "Run-Side/002")
    for sequence in source:
        np.testing.assert_array_equal(sequence.boxes, [[4, 16, 24, 36], [6, 16, 26, 36], [8, 16, 28, 36]])
        assert np.stack(list(sequence.frames)).shape == (3, 64, 96, 3)


def test_what_is_wrong_in_ucf_sports_is_named(ucf_sports):
    gt = ucf_sports / "Annotations" / "Diving-Side" / "001" / "gt"

    def read():
        return UCFSportsSequences(ucf_sports / "videos", ucf_sports / "Annotations")[0]

    write_video(ucf_sports / "videos" / "Diving-Side" / "001" / "002.avi", moving_square(3))
    with pytest.raises(InputError, match=r"001: expected one video file, found 001\.avi, 002\.avi"):
        read()
    (ucf_sports / "videos" / "Diving-Side" / "001" / "002.avi").unlink()
    for path in gt.glob("*.txt"):
        path.write_text("5 17 20 0 diving")
    with pytest.raises(InputError, match="none of its 3 frames is annotated"):
        read()
    (gt / "2538-5_70134.tif.txt").write_text("5 17 twenty 20 diving")
    with pytest.raises(InputError, match=r"70134\.tif\.txt: expected 'x y w h label', got '5 17 twenty"):
        read()
    with pytest.raises(InputError, match=r"absent\.tar: is neither a folder nor a readable \.tar"):
        UCFSportsSequences(ucf_sports / "videos", ucf_sports / "absent.tar")
    with pytest.raises(InputError, match="holds no sequence"):
        UCFSportsSequences(ucf_sports / "Annotations" / "Walk-Front", ucf_sports / "Annotations")


def test_the_diving_video_has_a_box_in_each_of_its_frames(data_root):
    (sequence,) = UCFSportsSequences(
        data_root / "ucf_sports" / "videos", data_root / "ucf_sports" / "Annotations.tar.gz"
    )
    assert sequence.name == "Diving-Side/001"
    assert len(list(sequence.frames)) == 55
    assert sequence.annotated.all()
    assert sequence.boxes[0].tolist() == [329, 65, 524, 372]  # "330 66 195 307 diving"


def test_the_clips_have_twelve_true_tubes(data_root):
    source = TubeSequences(
        {
            "type": "AnnotatedVideos",
            "data_root": str(data_root / "thumos13"),
            "format": {"type": "THUMOS13", "split_lists": {"all": "splits/all_videos.txt"}},
            "video_prefix": "clips",
            "missing_videos": "skip",
        }
    )
    assert len(source) == 12
    assert [len(sequence) for sequence in source if "SalsaSpin" in sequence.name] == [143, 18, 34, 18, 76]
