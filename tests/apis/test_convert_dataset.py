import numpy as np
import pytest

from actorsup.datasets import AnnotatedVideos
from actorsup.datasets.annotation import load_pickle, read_videos_file
from tests.conftest import moving_square, write_video
from tests.datasets.conversion.test_a2d import ROW, write_frame
from tests.datasets.conversion.test_ucf_sports import lines, make_clip
from tests.toy import make_toy, run_tool


def convert(root, *arguments):
    return run_tool("convert_dataset", *arguments, root=root)


def test_thumos13_is_converted_and_counted(tmp_path):
    make_toy(tmp_path)
    splits = tmp_path / "splits"
    lists = ("--train-list", splits / "trainlist01.txt", "--test-list", splits / "testlist01.txt")
    output = convert(tmp_path, "thumos13", tmp_path / "pyannot.pkl", *lists, "--out", "new/toy.json.gz")
    assert output.returncode == 0, output.stderr
    (counts,) = [line.strip("│ ").split("│") for line in output.stdout.splitlines() if line.startswith("│ all ")]
    assert [int(count) for count in counts[1:]] == [4, 4, 4, 2, 2, 2]
    dataset = AnnotatedVideos(tmp_path, "new/toy.json.gz", split="test", test_mode=True)
    assert [video for video, _ in dataset.videos()] == ["Basketball/v_Basketball_g01_c01", "Biking/v_Biking_g01_c01"]
    np.testing.assert_allclose(dataset.ground_truth(0)[0].boxes[0], [4, 16, 24, 36], atol=0.4)


@pytest.mark.parametrize("name", ["ucf-sports", "a2d", "folder", "table", "act"])
def test_every_format_has_its_command(tmp_path, name):
    write_video(tmp_path / "videos" / "walk" / "a.avi", moving_square(3))
    write_video(tmp_path / "videos" / "walk" / "b.avi", moving_square(3))
    make_clip(tmp_path / "sports", "Lifting/001", lines([1, 2]))
    (tmp_path / "videoset.csv").write_text(ROW.format("dogs", 77, 1) + "\n")
    write_frame(tmp_path / "Annotations" / "mat" / "dogs" / "00021.mat", [[1, 1, 10, 10]], [77])
    (tmp_path / "a.csv").write_text("video,label,split\nwalk/a,walk,test\n")
    (tmp_path / "boxes.csv").write_text("video,tube,frame,x1,y1,x2,y2\nwalk/a,1,0,1,2,3,4\n")
    arguments = {
        "ucf-sports": ["sports"],
        "a2d": ["."],
        "folder": ["videos", "--test-share", "0.5", "--name", "pets"],
        "table": ["a.csv", "--boxes", "boxes.csv", "--videos", "videos"],
        "act": ["act.pkl"],
    }
    if name == "act":
        assert convert(tmp_path, "table", *arguments["table"], "--out", "table.json").returncode == 0
        text = (tmp_path / "table.json").read_text().replace('"size"', '"num_frames": 3, "size"')
        (tmp_path / "table.json").write_text(text)
        output = convert(tmp_path, "to-act", "table.json", "--out", "act.pkl")
        assert (output.returncode, output.stdout) == (0, "act.pkl\n"), output.stderr
        assert load_pickle(tmp_path / "act.pkl")["test_videos"] == [["walk/a"]]
    output = convert(tmp_path, name, *arguments[name], "--out", "out.json")
    assert output.returncode == 0, output.stderr
    collection = read_videos_file(tmp_path / "out.json")
    assert collection.name in output.stdout
    assert "test: annotated" in output.stdout or name == "ucf-sports"
    assert len(collection.videos) == (2 if name == "folder" else 1)


def test_what_is_in_doubt_is_printed(tmp_path):
    make_clip(tmp_path, "Run-Side/001", lines([1, 2]) | lines([3], "5 5 0 7 Running"))
    output = convert(tmp_path, "ucf-sports", ".", "--out", "out.json")
    assert "note: 1 boxes have no area and are taken for none: Run-Side/001/gt/2538-5_3.tif.txt" in output.stdout


def test_wrong_input_is_one_message(tmp_path):
    (tmp_path / "videos" / "walk").mkdir(parents=True)
    (tmp_path / "videos" / "walk" / "a.avi").touch()
    for arguments, message in (
        (("folder", "absent", "--out", "a.json"), "absent: no such folder"),
        (("folder", "videos", "--out", "a.txt"), "a.txt: an annotation file is named …"),
        (("to-act", "absent.json", "--out", "a.pkl"), "absent.json: cannot be read"),
    ):
        output = convert(tmp_path, *arguments)
        assert output.returncode == 2
        assert message in output.stderr
        assert "Traceback" not in output.stderr
