import pytest

from actorsup.datasets.formats.thumos13 import CLASSES as THUMOS13_CLASSES
from actorsup.datasets.formats.thumos13 import read_class_index, read_split_list
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
    ("content", "reason"), [(b"\n", "lists nothing"), (b"\xff\xfe\x00", "not a text file"), (None, "cannot be read")]
)
def test_a_file_that_is_no_list_is_an_error_that_names_it(tmp_path, content, reason):
    path = tmp_path / "list.txt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=rf"list\.txt: .*{reason}"):
        read_split_list(path, CLASSES)


def test_the_real_lists_hold_the_published_numbers(data_root):
    splits = data_root / "thumos13" / "splits"
    train, test, everything = (
        dict(read_split_list(splits / name, THUMOS13_CLASSES))
        for name in ("trainlist01.txt", "testlist01.txt", "all_videos.txt")
    )
    assert (len(train), len(test), len(everything)) == (2293, 914, 3207)
    assert train | test == everything


def test_a_list_of_all_of_ucf101_gives_the_classes_that_are_used(tmp_path):
    (tmp_path / "classInd.txt").write_text("1 Archery\n11 Biking\r\n\n28 Fencing\n")
    path = tmp_path / "trainlist01.txt"
    path.write_text("Archery/v_a.avi 1\nFencing/v_b.avi 28\nBiking/v_c.avi 11\n")
    index = read_class_index(tmp_path / "classInd.txt")
    assert index == {"Archery": 1, "Biking": 11, "Fencing": 28}
    expected = [("Fencing/v_b", 1), ("Biking/v_c", 0)]
    assert read_split_list(path, CLASSES) == expected
    path.write_text("Fencing/v_b.avi 2\n")
    with pytest.raises(InputError, match="the number 2 contradicts the class: Fencing is 28"):
        read_split_list(path, CLASSES)
    path.write_text("Archery/v_a.avi 1\nArchery/v_a.avi 1\n")
    with pytest.raises(InputError, match=r"line 2: .*listed before"):
        read_split_list(path, CLASSES)
    (tmp_path / "classInd.txt").unlink()
    with pytest.raises(InputError, match="unknown class 'Archery'"):
        read_split_list(path, CLASSES)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "lists nothing"),
        ("1 Biking\n2\n", "line 2: '2': expected '1 Class'"),
        ("1 Biking\n1 Fencing\n", "line 2: '1 Fencing': the class or its number was listed before"),
        ("1 Biking\n2 Biking\n", "line 2: '2 Biking': the class or its number was listed before"),
    ],
)
def test_a_broken_class_index_is_an_error_with_file_and_line(tmp_path, content, reason):
    (tmp_path / "classInd.txt").write_text(content)
    with pytest.raises(InputError, match=rf"classInd\.txt(: |, ){reason}"):
        read_class_index(tmp_path / "classInd.txt")


def test_names_that_cannot_be_printed_are_refused_where_they_stand(tmp_path):
    (tmp_path / "list.txt").write_text("Biking/v_a.avi\t3\nBiking/v_\u202eb.avi\n")
    with pytest.raises(InputError, match=r"list\.txt, line 2: .*expected 'Class/video\.avi'"):
        read_split_list(tmp_path / "list.txt", THUMOS13_CLASSES)
