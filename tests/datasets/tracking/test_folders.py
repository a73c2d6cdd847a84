import numpy as np
import pytest

from actorsup.datasets.tracking import SequenceFolder
from actorsup.errors import InputError
from actorsup.registry import DATASETS

from .layouts import square_boxes, write_frames, write_sequence


@pytest.fixture
def folder(tmp_path):
    write_sequence(tmp_path / "cat", 5)
    write_sequence(tmp_path / "dog", 4, frames="img")
    (tmp_path / "readme").mkdir()
    return tmp_path


def test_folders_are_read_wherever_their_frames_lie(folder):
    source = DATASETS.build({"type": "SequenceFolder", "root": str(folder)})
    assert source.names == ("cat", "dog")
    for sequence, num_frames in zip(source, (5, 4), strict=True):
        np.testing.assert_array_equal(sequence.boxes, square_boxes(num_frames))
        frames = np.stack(list(sequence.frames))
        # Where the box is, the frame is red.
        for frame, box in zip(frames, sequence.boxes.astype(int), strict=True):
            assert frame[box[1] : box[3], box[0] : box[2], 0].min() >= 175
            assert (frame[..., 0] >= 175).sum() == 400


def test_one_sequence_alone_and_a_choice_can_be_named(folder):
    assert [sequence.name for sequence in SequenceFolder(folder / "dog")] == ["dog"]
    assert SequenceFolder(folder, sequences=["dog"]).names == ("dog",)
    assert SequenceFolder(folder, first_pixel=0)[0].boxes[0].tolist() == [5, 17, 25, 37]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sequences": ["bird"]}, "has no sequence bird; its 2 are cat, dog"),
        ({"sequences": []}, "none was chosen"),
        ({"first_pixel": 2}, "first_pixel must be 0 or 1, got 2"),
    ],
)
def test_options_that_cannot_be_met_are_refused(folder, options, message):
    with pytest.raises(InputError, match=message):
        SequenceFolder(folder, **options)


def test_missing_and_empty_roots_are_named(tmp_path):
    with pytest.raises(InputError, match="absent: no such folder"):
        SequenceFolder(tmp_path / "absent")
    with pytest.raises(InputError, match="holds no sequence"):
        SequenceFolder(tmp_path)


def test_frames_and_boxes_that_do_not_belong_together_are_refused(folder):
    (folder / "cat" / "00000005.png").unlink()
    with pytest.raises(InputError, match=r"groundtruth\.txt: has 5 boxes, .*cat holds 4 frames"):
        SequenceFolder(folder)[0]
    write_frames(folder / "dog" / "other", 4)
    with pytest.raises(InputError, match=r"dog: expected frames in it or in one subfolder, found them in img, other"):
        SequenceFolder(folder)[1]
    for path in folder.glob("cat/*.png"):
        path.unlink()
    with pytest.raises(InputError, match="found them in none"):
        SequenceFolder(folder)[0]


def test_a_sequence_without_any_target_is_refused(folder):
    (folder / "cat" / "groundtruth.txt").write_text("0,0,0,0\n" * 5)
    with pytest.raises(InputError, match=r"groundtruth\.txt: cat: none of its 5 frames is annotated"):
        SequenceFolder(folder)[0]


def test_the_vot_sequence_is_read_as_its_toolkit_does(data_root):
    (sequence,) = SequenceFolder(data_root / "tracking", sequences=["vot15_bag"])
    assert len(sequence) == 196
    assert sequence.annotated.all()
    # Its first line is 291.827,203.603,396.382,264.289,442.173,185.397,337.618,124.711.
    np.testing.assert_allclose(sequence.boxes[0], [290.827, 123.711, 441.173, 263.289], atol=1e-3)
    assert sequence.frames[195].shape == (360, 480, 3)
