import gzip
import json

import numpy as np
import pytest

from actorsup.datasets import AnnotatedVideos
from actorsup.errors import InputError
from actorsup.io import Fingerprint, Proposals, TubeStore
from actorsup.registry import DATASETS
from tests.conftest import moving_square, write_video

from .conftest import MADE_BY, make_tube

SIZE = (96, 64)


def entry(video: str, split: str, *labels: str, **more) -> dict:
    return {"video": video, "split": split, "labels": list(labels), **more}


TUBE = {"label": "run", "start": 1, "boxes": [[20, 10, 60, 30]] * 3}
SPARSE = {"label": "jump", "frames": [0, 4], "boxes": [[0, 0, 20, 20], [40, 0, 60, 40]]}
CONTENT = {
    "format": "actorsup.videos",
    "version": 2,
    "name": "pets",
    "classes": ["jump", "run", "sleep"],
    "class_actors": ["cat", "dog", "cat"],
    "actors": ["cat", "dog"],
    "videos": [
        entry("a/one", "train", "run"),
        entry("two", "train", "jump"),
        entry("b/three", "test", "run", num_frames=6, size=[192, 64], tubes=[TUBE]),
        entry("b/four", "test", "jump", num_frames=6, size=[96, 64], tubes=[SPARSE, TUBE]),
        entry("b/five", "test", "jump", tubes=[]),
        entry("b/six", "test", "jump"),
    ],
}


@pytest.fixture
def pets(tmp_path):
    """A file of six videos of six frames, two for training without any box; with a proposal each."""
    (tmp_path / "pets.json").write_text(json.dumps(CONTENT))
    store = TubeStore(tmp_path / "tubes", Fingerprint(MADE_BY))
    store.create()
    for video in CONTENT["videos"]:
        write_video(tmp_path / "videos" / f"{video['video']}.avi", moving_square(6, SIZE))
        store.save(video["video"], Proposals((make_tube(0, 6),), 6, SIZE))
    return tmp_path


def build(root, **changes) -> AnnotatedVideos:
    options = {"data_root": root, "ann_file": "pets.json", "split": "train", "tube_store": root / "tubes"}
    return AnnotatedVideos(**{**options, **changes})


def test_training_needs_names_and_labels_alone(pets):
    dataset = build(pets)
    assert [(sample["video"], sample["labels"]) for sample in dataset] == [("a/one", (1,)), ("two", (0,))]
    assert dataset.metainfo == {
        "dataset": "pets",
        "classes": ("jump", "run", "sleep"),
        "class_actors": ("cat", "dog", "cat"),
        "actors": ("cat", "dog"),
    }
    assert dataset.ground_truth(0) == ()


def test_training_looks_at_no_box(pets):
    broken = json.loads(json.dumps(CONTENT))
    broken["videos"][0]["tubes"] = "not even a list"
    (pets / "pets.json").write_text(json.dumps(broken))
    assert len(build(pets)) == 2
    with pytest.raises(InputError, match=r"pets\.json: video a/one: 'tubes' must be a list"):
        build(pets, test_mode=True)


def test_testing_has_true_tubes_in_pixels_of_the_video(pets, logged_warnings):
    dataset = build(pets, split="test", test_mode=True)
    assert "no annotation of 1 of 4 videos" in logged_warnings.pop()
    assert [video for video, _ in dataset.videos()] == ["b/three", "b/four", "b/five"]
    (tube,) = dataset[0]["ground_truth"]
    np.testing.assert_array_equal(tube.boxes[0], [10, 10, 30, 30])  # the file's frames are twice as wide
    assert (tube.start, tube.end, tube.label) == (1, 4, 1)
    assert dataset[2]["ground_truth"] == dataset.ground_truth(2) == ()


def test_a_sparse_tube_is_interpolated_and_says_where_it_was_annotated(pets, logged_warnings):
    dataset = build(pets, split="test", test_mode=True)
    logged_warnings.clear()
    tube = dataset.ground_truth(1)[0]
    assert tube.annotated.tolist() == [True, False, False, False, True]
    np.testing.assert_array_equal(tube.boxes[1], [10, 0, 30, 25])


def test_chosen_classes_are_renumbered_with_their_actors(pets, logged_warnings):
    dataset = build(pets, split="test", test_mode=True, classes=["run", "jump"])
    logged_warnings.clear()
    assert dataset.metainfo["classes"] == ("run", "jump")
    assert dataset.metainfo["class_actors"] == ("dog", "cat")
    assert dataset.labels == [(0,), (1,), (1,)]
    assert [tube.label for tube in dataset.ground_truth(1)] == [1, 0]
    with pytest.raises(InputError, match="classes must be different ones of jump, run, sleep, got walk"):
        build(pets, classes=["walk"])


def test_videos_of_several_classes_and_of_none_are_trained_on(pets):
    videos = [
        entry("a/one", "train", "run", "sleep"),
        entry("two", "train"),
        entry("b/three", "train", "jump"),
        entry("b/four", "train", "jump", "run"),
    ]
    (pets / "pets.json").write_text(json.dumps({**CONTENT, "videos": videos}))
    dataset = build(pets)
    assert dataset.labels == [(1, 2), (), (0,), (0, 1)]
    assert [sample["labels"] for sample in dataset] == dataset.labels
    # Of the classes that are chosen, in their order; what shows none of them but another one is left out.
    chosen = build(pets, classes=["sleep", "run"])
    assert [(sample["video"], sample["labels"]) for sample in chosen] == [
        ("a/one", (0, 1)),
        ("two", ()),
        ("b/four", (1,)),
    ]


def test_one_file_a_split_needs_no_name_of_a_split(pets):
    alone = {**CONTENT, "videos": CONTENT["videos"][2:4]}
    (pets / "test.json.gz").write_bytes(gzip.compress(json.dumps(alone).encode()))
    dataset = build(pets, ann_file="test.json.gz", split=None, test_mode=True)
    assert [video for video, _ in dataset.videos()] == ["b/three", "b/four"]


def test_several_splits_are_joined_by_name_and_never_by_accident(pets):
    assert len(build(pets, split=["train", "test"])) == 6
    with pytest.raises(InputError, match=r"pets\.json: has the splits train, test; choose"):
        build(pets, split=None)
    with pytest.raises(InputError, match="has no split 'val', only train, test"):
        build(pets, split="val")


def test_training_with_true_tubes_has_those_of_its_videos(pets, logged_warnings):
    dataset = build(pets, split="test", true_tubes=True)
    assert "no annotation of 1 of 4 videos" in logged_warnings.pop()
    assert [len(sample["ground_truth"]) for sample in dataset] == [1, 2, 0]


def test_testing_on_labels_alone_is_an_error_and_no_mean_of_nothing(pets):
    with pytest.raises(InputError, match="has no annotation of any of the 2 videos"):
        build(pets, test_mode=True)


def test_a_missing_file_says_what_makes_it_once(tmp_path):
    with pytest.raises(InputError) as raised:
        AnnotatedVideos(tmp_path / "absent", "pets.json", test_mode=True)
    title, annotation, videos = str(raised.value).splitlines()
    assert title == "AnnotatedVideos: files for testing are missing."
    assert annotation.startswith(f"  {tmp_path / 'absent' / 'pets.json'}: no such file. There belongs")
    assert "actorsup convert" in annotation
    assert "There belong the videos of the annotation" in videos


def test_a_config_builds_it_and_finds_missing_files_before_it_reads(pets):
    dataset = DATASETS.build(
        {"type": "AnnotatedVideos", "data_root": str(pets), "ann_file": "pets.json", "split": "x", "lazy_init": True}
    )
    dataset.require_files()
    with pytest.raises(InputError, match="no split 'x'"):
        dataset.full_init()
