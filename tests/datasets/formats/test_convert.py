import numpy as np
import pytest

from actorsup.cli import main
from actorsup.datasets import AnnotatedVideos
from actorsup.datasets.formats import VideosFile, load_pickle
from actorsup.io.localizations import save_localization
from tests.conftest import moving_square, write_video
from tests.datasets.formats.test_a2d import ROW, write_frame
from tests.datasets.formats.test_localized import found
from tests.datasets.formats.test_ucf_sports import lines, make_clip
from tests.toy import make_toy


@pytest.fixture
def convert(tmp_path, monkeypatch, capsys):
    """Runs the command in the test's folder; gives what it printed, its message where it refuses the input."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments, code=0) -> str:
        assert main(["convert", *arguments]) == code
        printed = capsys.readouterr()
        return printed.err if code else printed.out

    return run


def test_thumos13_is_converted_and_counted(tmp_path, convert):
    make_toy(tmp_path)
    lists = ("--train-list", "splits/trainlist01.txt", "--test-list", "splits/testlist01.txt")
    printed = convert("thumos13", "pyannot.pkl", *lists, "--out", "new/toy.json.gz")
    (counts,) = [line.strip("│ ").split("│") for line in printed.splitlines() if line.startswith("│ all ")]
    assert [int(count) for count in counts[1:]] == [4, 4, 4, 2, 2, 2]
    assert printed.splitlines()[-1] == "new/toy.json.gz"
    dataset = AnnotatedVideos(tmp_path, "new/toy.json.gz", split="test", test_mode=True)
    assert [video for video, _ in dataset.videos()] == ["Basketball/v_Basketball_g01_c01", "Biking/v_Biking_g01_c01"]
    np.testing.assert_allclose(dataset.ground_truth(0)[0].boxes[0], [4, 16, 24, 36], atol=0.4)


def test_clips_are_converted_and_what_is_in_doubt_is_printed(tmp_path, convert):
    make_clip(tmp_path, "Run-Side/001", lines([1, 2]) | lines([3], "5 5 0 7 Running"))
    printed = convert("ucf-sports", ".", "--out", "out.json")
    assert "note: 1 boxes have no area and are taken for none: Run-Side/001/gt/2538-5_3.tif.txt" in printed
    assert len(VideosFile("out.json").read().videos) == 1


def test_a2d_is_converted(tmp_path, convert):
    (tmp_path / "videoset.csv").write_text(ROW.format("dogs", 77, 1) + "\n")
    write_frame(tmp_path / "Annotations" / "mat" / "dogs" / "00021.mat", [[1, 1, 10, 10]], [77])
    assert "test: annotated" in convert("a2d", ".", "--out", "out.json")
    assert VideosFile("out.json").read().classes == ("dog-running",)


def test_a_folder_is_converted(tmp_path, convert):
    for name in ("a", "b"):
        write_video(tmp_path / "videos" / "walk" / f"{name}.avi", moving_square(3))
    convert("folder", "videos", "--test-share", "0.5", "--seed", "3", "--name", "pets", "--out", "out.json")
    collection = VideosFile("out.json").read()
    assert (collection.name, sorted(video.split for video in collection.videos)) == ("pets", ["test", "train"])


def test_weizmann_is_converted(tmp_path, convert):
    for name in ("ido_walk", "moshe_walk"):
        write_video(tmp_path / "videos" / "walk" / f"{name}.avi", moving_square(3))
    convert("weizmann", "videos", "--test-people", "ido", "--out", "out.json")
    assert [video.split for video in VideosFile("out.json").read().videos] == ["test", "train"]


def test_a_table_is_converted_and_goes_to_acts_pickle_and_back(tmp_path, convert):
    write_video(tmp_path / "videos" / "walk" / "a.avi", moving_square(3))
    (tmp_path / "a.csv").write_text("video,label,split\nwalk/a,walk,test\n")
    (tmp_path / "boxes.csv").write_text("video,tube,frame,x1,y1,x2,y2\nwalk/a,1,0,1,2,3,4\n")
    convert("table", "a.csv", "--boxes", "boxes.csv", "--videos", "videos", "--out", "table.json")
    refused = convert("to-act", "table.json", "--out", "act.pkl", code=2)
    assert "video walk/a: this layout needs 'num_frames'" in refused
    table = tmp_path / "table.json"
    table.write_text(table.read_text().replace('"size"', '"num_frames": 3, "size"'))
    assert convert("to-act", "table.json", "--out", "act.pkl") == "act.pkl\n"
    assert load_pickle("act.pkl")["test_videos"] == [["walk/a"]]
    convert("act", "act.pkl", "--split", "1", "--out", "again.json")
    assert VideosFile("again.json").read().videos[0].tubes[0].boxes.tolist() == [[1, 2, 3, 4]]


def test_what_was_found_goes_to_the_annotation_tools_and_back(tmp_path, convert):
    write_video(tmp_path / "videos" / "a.avi", moving_square(10))
    save_localization("found/a.json", found("a", 0.9, 0.1))
    assert "test: tubes" in convert(
        "localized", "found", "--min-score", "0.5", "--split", "test", "--out", "found.json"
    )
    (video,) = VideosFile("found.json").read().videos
    assert (video.video, video.split, len(video.tubes)) == ("a", "test", 1)
    assert convert("to-cvat", "found.json", "--out", "cvat").splitlines()[-1] == "cvat"
    convert("cvat", "cvat/a.xml", "--out", "back.json")
    assert VideosFile("back.json").read().videos[0].tubes[0].boxes.tolist() == video.tubes[0].boxes.tolist()
    convert("cvat", "cvat", "--split", "train", "--out", "back.json")
    assert VideosFile("back.json").read().splits == ("train",)
    options = ("--videos", "videos", "--address", "https://example.org/", "--as", "annotations")
    convert("to-label-studio", "found.json", *options, "--out", "tasks.json")
    convert("label-studio", "tasks.json", "--label-config", "tasks.xml", "--out", "back.json")
    assert VideosFile("back.json").read().classes == ("run", "jump")
    refused = convert("to-cvat", "back.json", "--out", "cvat", code=2)
    assert "video a: its boxes are shares of the frame, and CVAT needs pixels" in refused


@pytest.mark.parametrize("name", ["a.txt", "json", "a.json.zip"])
def test_an_annotation_file_needs_its_suffix(tmp_path, convert, name):
    (tmp_path / "a.csv").write_text("video,label\na,walk\n")
    refused = convert("table", "a.csv", "--out", name, code=2)
    assert f"{name}: an annotation file is named ….json or ….json.gz" in refused


def test_wrong_input_is_one_message(convert):
    assert convert("folder", "absent", "--out", "a.json", code=2).startswith("error: absent: no such folder")


def test_what_a_converter_decides_is_noted(tmp_path, convert):
    write_video(tmp_path / "videos" / "a.avi", moving_square(3))
    write_video(tmp_path / "videos" / "b.avi", moving_square(3))
    (tmp_path / "a.csv").write_text('video , label,split\na,walk ,Train\n"b ",Walk,val\nc,walk,val\n')
    rows = ["video,tube,frame,x1,y1,x2,y2,label", "a,1,0,1,2,3,4,", "a,2,0,1,2,3,4,Walk", "a,3,1,1,2,3,4,Walk"]
    (tmp_path / "boxes.csv").write_text("\n".join([*rows, "b,1,0,1,2,3,4,Walk", "b,2,0,1,2,3,4,walk"]))
    printed = convert("table", "a.csv", "--boxes", "boxes.csv", "--videos", "videos", "--out", "a.json")
    notes = [line for line in printed.splitlines() if line.startswith("note: ")]
    assert notes == [
        "note: 2 values had blanks around them, which are stripped: 'walk ', 'b '",
        "note: 1 videos not for training have no box in boxes.csv: c",
        "note: 2 videos have tubes, 3 in all, of classes that are not among their labels; training learns from the "
        "labels: a, b",
        "note: 2 splits are neither 'train' nor 'test', which configs read: 'Train', 'val'",
        "note: 2 classes differ in capitals and blanks alone: 'Walk', 'walk'",
        "note: no video is of the split 'train': nothing can be learnt from it alone",
        "note: no video is of the split 'test': a model can be trained on it, but not tested; "
        "`actorsup convert folder` takes --test-list or --test-share",
    ]
    assert VideosFile("a.json").read().classes == ("Walk", "walk")


def test_what_acts_layout_has_no_place_for_is_noted(tmp_path, convert):
    videos = [
        '{"video": "x", "split": "train", "label": "walk"}',
        '{"video": "y", "split": "val", "label": "walk", "tubes": []}',
        '{"video": "z", "split": "test", "label": "walk", "num_frames": 3, "size": [9, 9], '
        '"tubes": [{"label": "run", "start": 0, "boxes": [[1, 2, 3, 4]]}]}',
    ]
    header = '{"format": "actorsup.videos", "version": 1, "name": "n", "classes": ["run", "walk"], "videos": ['
    (tmp_path / "a.json").write_text(header + ",".join(videos) + "]}")
    printed = convert("to-act", "a.json", "--out", "act.pkl").splitlines()
    assert printed == [
        "note: 1 videos without annotation are left out: x",
        "note: 1 videos of the split 'val' are left out: y",
        "act.pkl",
    ]
    again = convert("act", "act.pkl", "--out", "again.json")
    assert [line for line in again.splitlines() if line.startswith("note: ") and "split" not in line] == []
    assert VideosFile("again.json").read().videos[0].labels == (0,)  # that of its tube


def test_a_video_that_is_listed_with_one_label_twice_is_named(tmp_path, convert):
    (tmp_path / "a.csv").write_text("video,label\na.mp4,walk\na.mp4,run\na.avi,run\n")
    refused = convert("table", "a.csv", "--out", "a.json", code=2)
    assert "line 4: video a was there before, with the label walk, run" in refused


def test_videos_of_several_labels_and_of_none_are_noted_and_counted_once(tmp_path, convert):
    lines = [
        "video,label,split",
        "a,walk,train",
        "a,run,train",
        "b,,train",
        "c,run,test",
        "d,walk,train",
        "d,run,train",
    ]
    (tmp_path / "a.csv").write_text("\n".join(lines))
    printed = convert("table", "a.csv", "--out", "a.json").splitlines()
    assert [line for line in printed if line.startswith("note: ")] == [
        "note: 2 videos show several classes; heads of one softmax need multi_label=True: a, d",
        "note: 1 videos show none of the classes; heads of one softmax need multi_label=True: b",
    ]
    rows = [[cell.strip() for cell in line.strip("│ ").split("│")] for line in printed if line.startswith("│ ")]
    counts = {row[0]: [int(cell) for cell in row[1:]] for row in rows if row[0] in ("run", "walk", "all")}
    assert counts == {"run": [2, 0, 0, 1, 0, 0], "walk": [2, 0, 0, 0, 0, 0], "all": [3, 0, 0, 1, 0, 0]}


def test_a_table_names_a_folder_of_frames_by_its_whole_name(tmp_path, convert):
    (tmp_path / "videos" / "run.mov").mkdir(parents=True)
    (tmp_path / "a.csv").write_text("video,label\nrun.mov,walk\nb.mov,run\n")
    convert("table", "a.csv", "--videos", "videos", "--out", "a.json")
    assert [video.video for video in VideosFile("a.json").read().videos] == ["run.mov", "b"]
