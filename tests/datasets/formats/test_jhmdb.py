import os
from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat

from actorsup.cli import main
from actorsup.datasets.formats import JHMDB, VideosFile
from actorsup.errors import InputError

SAMPLE = Path(os.environ.get("ACTORSUP_DATA", "absent"), "jhmdb_sample")


@pytest.fixture
def root(tmp_path):
    (tmp_path / "splits").mkdir()
    (tmp_path / "splits/catch_test_split1.txt").write_text("one.avi 1\ntwo.avi 2\nneither.avi 0\n")
    (tmp_path / "splits/walk_test_split1.txt").write_text("three.avi 2\n")
    (tmp_path / "splits/walk_test_split2.txt").write_text("three.avi 1\n")
    mask = np.zeros((240, 320, 3), np.uint8)
    mask[10:30, 40:50, 0] = 1
    mask[0:240, 319, 2] = 7  # a part of the puppet
    for clip in ("catch/one", "catch/two"):
        write(tmp_path, clip, mask)
    return tmp_path


def write(root, clip, mask):
    folder = root / "puppet_mask" / clip
    folder.mkdir(parents=True, exist_ok=True)
    savemat(folder / "puppet_mask.mat", {"part_mask": mask}, do_compression=True)


def test_boxes_are_around_the_mask_and_frames_without_one_are_not_annotated(root):
    collection = JHMDB("splits", root).read()
    assert collection.classes == ("catch", "walk")
    assert [(video.video, video.split, video.labels) for video in collection.videos] == [
        ("catch/one", "train", (0,)),
        ("catch/two", "test", (0,)),
        ("walk/three", "test", (1,)),
    ]
    video, _, without = collection.videos
    (tube,) = video.tubes
    assert (video.num_frames, video.size, tube.start) == (3, (320, 240), 0)
    assert tube.marked_frames.tolist() == [0, 2]
    np.testing.assert_array_equal(tube.boxes_at([0, 2]), [[40, 10, 50, 30], [319, 0, 320, 240]])
    assert without.tubes is None
    assert collection.notes == (
        f"1 clips have no boxes in {root / 'puppet_mask'}: walk/three",
        "2 clips have frames with an empty mask: catch/one (1), catch/two (1)",
    )


def test_splits_are_chosen_by_number_and_training_reads_no_box(root):
    collection = JHMDB("splits", root, split_number=2).read(with_tubes=False)
    assert [(video.video, video.split, video.tubes) for video in collection.videos] == [("walk/three", "train", None)]
    with pytest.raises(InputError, match="holds no list <action>_test_split3"):
        JHMDB("splits", root, split_number=3).read()


def test_joints_are_counted_from_one_and_their_box_is_around_all_of_them(root):
    places = np.full((2, 15, 2), 100.5)
    places[:, 0, 0], places[:, 1, 0] = (10, 20), (210.5, 120)
    folder = root / "joint_positions/catch/one"
    folder.mkdir(parents=True)
    savemat(folder / "joint_positions.mat", {"pos_img": places})
    video, *_ = JHMDB("splits", root, boxes="joint_positions").read().videos
    np.testing.assert_array_equal(video.tubes[0].boxes, [[9.5, 19.5, 210, 119.5], [100] * 4])


def test_a_clip_whose_masks_are_all_empty_shows_nobody(root):
    write(root, "catch/one", np.zeros((240, 320), np.uint8))
    video, *_ = JHMDB("splits", root).read().videos
    assert (video.num_frames, video.tubes) == (1, ())


@pytest.mark.parametrize(
    ("line", "message"),
    [("a.avi", "expected a clip and 0, 1"), ("a.avi 3", "expected a clip"), ("one.avi 1", "was listed before")],
)
def test_a_wrong_line_is_named(root, line, message):
    with (root / "splits/catch_test_split1.txt").open("a") as file:
        file.write(line + "\n")
    with pytest.raises(InputError, match=rf"catch_test_split1\.txt, line 4: .*{message}"):
        JHMDB("splits", root).read()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("puppet_mask", {"part_mask": np.zeros((320, 240, 2), np.uint8)}, r"shape \(240, 320, frames\), got \(320"),
        ("puppet_mask", {"mask": np.zeros((240, 320, 2), np.uint8)}, "expected 'part_mask' .* got None"),
        ("joint_positions", {"pos_img": np.zeros((2, 14, 3))}, r"expected finite 'pos_img' .* got \(2, 14, 3\)"),
        ("joint_positions", {"pos_img": np.full((2, 15, 3), np.nan)}, "expected finite 'pos_img'"),
    ],
)
def test_a_wrong_file_of_boxes_is_named(root, name, content, message):
    folder = root / name / "catch/one"
    folder.mkdir(parents=True, exist_ok=True)
    savemat(folder / f"{name}.mat", content)
    with pytest.raises(InputError, match=rf"{name}\.mat: .*{message}"):
        JHMDB("splits", root, boxes=name).read()


def test_it_is_converted(root, monkeypatch):
    monkeypatch.chdir(root)
    assert main(["convert", "jhmdb", "splits", "--boxes", "puppet_mask", "--out", "j.json"]) == 0
    assert [video.video for video in VideosFile("j.json").read().videos] == ["catch/one", "catch/two", "walk/three"]


@pytest.mark.skipif(not SAMPLE.is_dir(), reason="needs the sample clip of J-HMDB")
def test_joints_of_a_real_clip_are_in_its_frames(root):
    folder = root / "joint_positions/catch/one"
    folder.mkdir(parents=True)
    (folder / "joint_positions.mat").write_bytes((SAMPLE / "joint_positions.mat").read_bytes())
    video, *_ = JHMDB("splits", root, boxes="joint_positions").read().videos
    (tube,) = video.tubes
    assert video.num_frames == len(list(SAMPLE.glob("*/*.png"))) == 40
    assert (tube.boxes >= 0).all()
    assert (tube.boxes[:, 2:] <= [320, 240]).all()
    assert np.allclose(tube.boxes[0], [250, 90, 310, 194])
