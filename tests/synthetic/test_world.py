import json
from dataclasses import replace

import numpy as np
import pytest

from actorsup.datasets import AnnotatedVideos
from actorsup.errors import InputError
from actorsup.io import open_video
from actorsup.synthetic import ACTIONS, ACTORS, PuppetWorld, WorldSettings, WorldSizes
from actorsup.trackers.training_data import SequenceFolder

SETTINGS = WorldSettings(size=(96, 72), num_frames=(6, 8), num_textures=4)
WORLD = PuppetWorld(SETTINGS, WorldSizes(3, 1, 2, 3, train_videos=1, test_videos=1))


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp("world") / "puppets"
    names = list(WORLD.write(root, num_processes=2))
    assert len(names) == WORLD.num_parts
    return root


def test_the_number_of_processes_changes_no_byte(root, tmp_path):
    list(WORLD.write(tmp_path / "again", num_processes=1))
    files = sorted(path.relative_to(root) for path in root.glob("**/*") if path.is_file())
    again = tmp_path / "again"
    assert files == sorted(path.relative_to(again) for path in again.glob("**/*") if path.is_file())
    assert [path for path in files if (root / path).read_bytes() != (again / path).read_bytes()] == []


def test_the_annotation_of_training_holds_no_box(root):
    text = (root / "train.json").read_text()
    assert "tubes" not in text
    assert "box" not in text
    content = json.loads(text)
    assert all(entry.keys() == {"video", "split", "labels"} for entry in content["videos"])
    assert sorted(entry["labels"] for entry in content["videos"]) == sorted([action] for action in ACTIONS)


def test_videos_and_true_tubes_are_read_as_any_others_are(root):
    dataset = AnnotatedVideos(root, "test.json", test_mode=True)
    assert dataset.metainfo["classes"] == tuple(ACTIONS)
    assert sorted(dataset.labels) == [(label,) for label in range(len(ACTIONS))]
    for index, (_, path) in enumerate(dataset.videos()):
        frames = open_video(path).read_all()
        assert frames.shape[1:] == (72, 96, 3)
        assert 6 <= len(frames) <= 8
        tubes = dataset.ground_truth(index)
        assert 1 <= len(tubes) <= 2
        for tube in tubes:
            assert tube.end <= len(frames)
            assert ((tube.boxes[:, 2:] > tube.boxes[:, :2]).all(axis=1)).all()


def test_upper_bounds_find_the_tubes_of_the_training_videos_in_a_file_of_their_own(root):
    labels = AnnotatedVideos(root, "train.json")
    tubes = AnnotatedVideos(root, "train_with_tubes.json", true_tubes=True)
    assert labels.videos() == tubes.videos()
    assert labels.labels == tubes.labels


def test_a_world_of_some_actions_shows_them_as_the_whole_one_does(root, tmp_path):
    settings = replace(SETTINGS, actions=("wave", "car_drive"))
    list(
        PuppetWorld(settings, replace(WORLD.sizes, train_stills=0, sequences=0)).write(
            tmp_path / "few", num_processes=1
        )
    )
    dataset = AnnotatedVideos(tmp_path / "few", "test.json", test_mode=True)
    assert dataset.metainfo["classes"] == ("wave", "car_drive")
    for action in settings.actions:
        path = f"videos/test/{action}/0000.avi"
        assert (tmp_path / "few" / path).read_bytes() == (root / path).read_bytes()


def test_stills_are_coco_and_sequences_a_trackers(root):
    content = json.loads((root / "stills" / "train.json").read_text())
    assert {image["id"]: image["file_name"] for image in content["images"]} == {i: f"{i:06d}.jpg" for i in range(3)}
    assert all(min(entry["bbox"][2:]) >= 4 and entry["image_id"] in range(3) for entry in content["annotations"])
    assert [category["name"] for category in content["categories"]] == list(ACTORS)
    sequences = list(SequenceFolder(root / "sequences"))
    assert [len(sequence) for sequence in sequences] == [3, 3]
    for sequence in sequences:
        boxes = sequence.boxes
        assert (boxes[:, :2] >= -0.01).all()
        assert (boxes[:, 2:] <= np.array(SETTINGS.size) + 0.01).all()


def test_training_and_test_have_other_looks(root):
    first, second = (
        open_video(root / "videos" / split / "walk" / "0000.avi").read_all()[0] for split in ("train", "test")
    )
    assert not np.array_equal(first, second)


def test_a_world_that_is_there_is_known_and_another_one_refused(root, tmp_path):
    assert WORLD.is_written(root)
    assert not WORLD.is_written(tmp_path / "absent")
    assert not WORLD.is_written(tmp_path)
    other = PuppetWorld(WorldSettings(seed=1), WORLD.sizes)
    with pytest.raises(InputError, match=r"other settings.*delete it"):
        other.is_written(root)
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.jpg").touch()
    with pytest.raises(InputError, match="something else"):
        WORLD.is_written(tmp_path / "photos")


def test_interrupted_drawing_leaves_nothing_under_the_worlds_name(tmp_path):
    writing = WORLD.write(tmp_path / "puppets", num_processes=1)
    next(writing)
    writing.close()
    assert not (tmp_path / "puppets").exists()
    list(WORLD.write(tmp_path / "puppets", num_processes=2))
    assert WORLD.is_written(tmp_path / "puppets")
    assert [path.name for path in tmp_path.iterdir()] == ["puppets"]
