"""A crowd of drawn clips: who is in it, where, and that a seed gives the same."""

from dataclasses import replace

import numpy as np
import pytest

from actorsup.cli import main
from actorsup.datasets.formats import LabelledVideo, VideoCollection, VideosFile, write_videos_file
from actorsup.errors import InputError
from actorsup.io import open_video
from actorsup.structures import Tube
from actorsup.synthetic.crowd import CrowdSettings, make_crowd
from actorsup.visualization import video_file

CLASSES = ("wave", "walk", "skip")
PEOPLE = {"ann": "train", "bob": "train", "cat": "test", "dan": "test"}
SETTINGS = CrowdSettings(actions=("wave",), others=("walk", "skip"), videos=(4, 2), tiles=(2, 1), max_frames=10)
GREYS = {"wave": 200, "walk": 60, "skip": 20}


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    """Grey clips, a grey for each class, of 12 frames; a person starts in frame 2."""
    root, videos = tmp_path_factory.mktemp("clips"), []
    for label, name in enumerate(CLASSES):
        for person, split in PEOPLE.items():
            with video_file(root / "videos" / name / f"{person}_{name}.mp4", (32, 24), 25) as write:
                for _ in range(12):
                    write(np.full((24, 32, 3), GREYS[name], np.uint8))
            boxes = np.tile(np.float32([4, 6, 14, 20]), (10, 1))
            tube = Tube(start=2, boxes=boxes, scores=np.ones(10, np.float32), score=1.0, label=label)
            videos.append(LabelledVideo(f"{name}/{person}_{name}", split, label, 12, (32, 24), (tube,)))
    write_videos_file(root / "annotation.json", VideoCollection("few", CLASSES, tuple(videos), actors=("person",)))
    return root


def test_the_labelled_actor_is_where_its_true_tube_is(clips, tmp_path):
    made = make_crowd(clips, tmp_path, SETTINGS)
    assert [video.video for video in VideosFile(data_root=tmp_path).read().videos] == [
        each.video for each in made.videos
    ]
    assert [video.split for video in made.videos] == ["train"] * 4 + ["test"] * 2
    sides = set()
    for video in made.videos:
        (tube,) = video.tubes
        assert (tube.start, tube.end, tube.label, video.num_frames, video.size) == (2, 10, 0, 10, (64, 24))
        frames = open_video(tmp_path / "videos" / f"{video.video}.mp4").frames_at(range(10))
        assert frames.shape == (10, 24, 64, 3)
        left, top, right, bottom = tube.boxes[0].astype(int)
        assert np.abs(frames[:, top:bottom, left:right].astype(int) - GREYS["wave"]).max() < 8
        other = frames[:, top:bottom, (left + 32) % 64 : (left + 32) % 64 + 10]
        assert other.max() < 80
        sides.add(bool(left > 32))
    assert sides == {True, False}


def test_a_seed_gives_the_same_scenes_and_another_one_others(clips, tmp_path):
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        make_crowd(clips, tmp_path / name, replace(SETTINGS, seed=seed))
    first, same, other = ((tmp_path / name / "annotation.json").read_bytes() for name in "abc")
    assert first == same
    assert first != other
    videos = [sorted((tmp_path / name / "videos").glob("**/*.mp4")) for name in "ab"]
    for pair in zip(*videos, strict=True):
        assert all(map(np.array_equal, *map(open_video, pair)))


def test_people_of_the_test_are_in_no_scene_for_training(clips, tmp_path, monkeypatch):
    seen = {"train": set(), "test": set()}
    write = make_crowd.__globals__["_write"]

    def watch(path, chosen, settings):
        seen[path.parts[-3]] |= {clip.name.split("_")[0] for clip in chosen}
        return write(path, chosen, settings)

    monkeypatch.setitem(make_crowd.__globals__, "_write", watch)
    make_crowd(clips, tmp_path, replace(SETTINGS, test_people=("ann", "cat")))
    assert seen == {"train": {"bob", "dan"}, "test": {"ann", "cat"}}


def test_the_command_and_what_it_refuses(clips, tmp_path, capsys):
    assert main(["crowd", str(clips), str(tmp_path / "out")]) == 2
    assert "has no class 'bend', only wave, walk, skip" in capsys.readouterr().err
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "a").touch()
    with pytest.raises(InputError, match="is not empty"):
        make_crowd(clips, tmp_path / "full", SETTINGS)
    with pytest.raises(InputError, match="needs a clip of it and 5 of walk, skip; a split has 2 and 4"):
        make_crowd(clips, tmp_path / "large", replace(SETTINGS, tiles=(3, 2)))
