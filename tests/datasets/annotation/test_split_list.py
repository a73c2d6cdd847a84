import pytest

from actorsup.datasets.annotation import read_split_list
from actorsup.errors import InputError

CLASSES = ("Biking", "Fencing")


def test_names_lose_their_suffix_and_labels_come_from_the_folder(tmp_path):
    path = tmp_path / "list.txt"
    path.write_bytes(b"\xef\xbb\xbfFencing/v_Fencing_g01_c02.avi 2\r\n\nBiking/v_x.1.MP4\n Biking/v_y \n")
    assert read_split_list(path, CLASSES) == [("Fencing/v_Fencing_g01_c02", 1), ("Biking/v_x.1", 0), ("Biking/v_y", 0)]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("v_Biking_g01_c01.avi 1", "expected"),
        ("Biking/v_x.avi 1 2", "expected"),
        ("Biking/v_x.avi one", "expected"),
        ("Biking/v_x.avi -1", "expected"),
        ("Biking/sub/v_x.avi", "expected"),
        ("Biking/../v_x.avi", "expected"),
        ("../Biking/v_x.avi", "expected"),
        ("Biking/.avi", "expected"),
        ("Bike/v_x.avi 1", "unknown class 'Bike'"),
        ("Biking/v_x.avi 2", "number 2 contradicts the class: Biking is 1"),
        ("Biking/v_x.avi 0", "number 0 contradicts"),
        ("Biking/v_first.mp4", "listed before"),
    ],
)
def test_a_broken_line_is_an_error_with_file_line_number_and_line(tmp_path, line, reason):
    path = tmp_path / "list.txt"
    path.write_text(f"Biking/v_first.avi 1\n\n{line}\n")
    with pytest.raises(InputError, match=reason) as raised:
        read_split_list(path, CLASSES)
    assert f"{path}, line 3: {line!r}" in str(raised.value)


@pytest.mark.parametrize(
    ("content", "reason"), [(b"\n", "lists no video"), (b"\xff\xfe\x00", "not a text file"), (None, "cannot be read")]
)
def test_a_file_that_is_no_list_is_an_error_that_names_it(tmp_path, content, reason):
    path = tmp_path / "list.txt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=rf"list\.txt: .*{reason}"):
        read_split_list(path, CLASSES)


def test_the_real_lists_hold_the_published_numbers(data_root):
    from actorsup.datasets import THUMOS13

    splits = data_root / "thumos13" / "splits"
    train, test, everything = (
        dict(read_split_list(splits / name, THUMOS13.METAINFO["classes"]))
        for name in ("trainlist01.txt", "testlist01.txt", "all_videos.txt")
    )
    assert (len(train), len(test), len(everything)) == (2293, 914, 3207)
    assert train | test == everything
