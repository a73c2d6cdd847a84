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
GREYS = {"wave": 200, "walk": 60, "skip": 20, "still": 120}


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    """Grey clips, a grey for each class, of 12 frames; a person starts in frame 2."""
    return write_clips(tmp_path_factory.mktemp("clips"), CLASSES)


@pytest.fixture(scope="module")
def more_clips(tmp_path_factory):
    """The same, and another class."""
    return write_clips(tmp_path_factory.mktemp("clips"), (*CLASSES, "still"))


def write_clips(root, classes):
    videos = []
    for label, name in enumerate(classes):
        for person, split in PEOPLE.items():
            with video_file(root / "videos" / name / f"{person}_{name}.mp4", (32, 24), 25) as write:
                for _ in range(12):
                    write(np.full((24, 32, 3), GREYS[name], np.uint8))
            boxes = np.tile(np.float32([4, 6, 14, 20]), (10, 1))
            tube = Tube(start=2, boxes=boxes, scores=np.ones(10, np.float32), score=1.0, label=label)
            videos.append(LabelledVideo(f"{name}/{person}_{name}", split, (label,), 12, (32, 24), (tube,)))
    write_videos_file(root / "annotation.json", VideoCollection("few", classes, tuple(videos), actors=("person",)))
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


def test_scenes_of_one_labelled_actor_are_drawn_in_this_order(clips, tmp_path, monkeypatch):
    drawn, write = [], make_crowd.__globals__["_write"]

    def watch(path, chosen, settings):
        drawn.append([f"{clip.parent.name}/{clip.stem}" for clip in chosen])
        return write(path, chosen, settings)

    monkeypatch.setitem(make_crowd.__globals__, "_write", watch)
    settings = replace(SETTINGS, tiles=(3, 1), seed=5)
    make_crowd(clips, tmp_path, settings)
    rng, expected = np.random.default_rng(5), []
    for split, number in zip(("train", "test"), settings.videos, strict=True):
        people = [person for person, own in PEOPLE.items() if own == split]
        others = [f"{name}/{person}_{name}" for name in ("walk", "skip") for person in people]
        for _ in range(number):
            scene = [others[index] for index in rng.choice(len(others), 2, replace=False)]
            place = rng.integers(3)
            scene.insert(place, f"wave/{people[rng.integers(len(people))]}_wave")
            expected.append(scene)
    assert drawn == expected


SEVERAL = CrowdSettings(
    actions=("walk", "wave", "skip"), others=("still",), labelled=2, videos=(6, 3), tiles=(2, 2), max_frames=10
)


def test_several_people_do_labelled_actions_each_another_one(more_clips, tmp_path):
    made = make_crowd(more_clips, tmp_path, SEVERAL)
    assert len(made.videos) == 3 * (6 + 3)
    pairs, places = set(), set()
    for video in VideosFile(data_root=tmp_path).read().videos:
        action = SEVERAL.actions.index(video.video.split("/")[1])
        assert len(video.labels) == 2
        assert action in video.labels
        pairs.add(video.labels)
        frames = open_video(tmp_path / "videos" / f"{video.video}.mp4").frames_at(range(10))
        tiles = {}
        for tube in video.tubes:
            left, top, right, bottom = tube.boxes[0].astype(int)
            tiles[left // 32, top // 24] = tube.label
            shade = GREYS[SEVERAL.actions[tube.label]]
            assert np.abs(frames[:, top:bottom, left:right].astype(int) - shade).max() < 8
        assert tuple(sorted(tiles.values())) == video.labels  # a tube of each label, in different tiles
        for column in range(2):
            for row in range(2):
                if (column, row) not in tiles:
                    tile = frames[:, 24 * row + 6 : 24 * row + 18, 32 * column + 6 : 32 * column + 26]
                    assert np.abs(tile.astype(int) - GREYS["still"]).max() < 8
        places |= tiles.keys()
    assert pairs == {(0, 1), (0, 2), (1, 2)}
    assert len(places) == 4


def test_everybody_may_do_a_labelled_action(more_clips, tmp_path):
    made = make_crowd(more_clips, tmp_path, replace(SEVERAL, labelled=3, tiles=(3, 1), videos=(2, 1)))
    for video in made.videos:
        assert video.labels == (0, 1, 2)
        assert sorted(tube.boxes[0, 0] for tube in video.tubes) == [4, 36, 68]


@pytest.mark.parametrize(
    ("labelled", "tiles", "of"),
    [(0, (2, 2), "0 of 4 tiles and 3"), (4, (2, 2), "4 of 4 tiles and 3"), (3, (2, 1), "3 of 2 tiles and 3")],
)
def test_nobody_or_more_people_than_tiles_or_actions_are_refused(more_clips, tmp_path, labelled, tiles, of):
    with pytest.raises(InputError, match=f"labelled must be from 1 to the number of tiles and actions, got {of} act"):
        make_crowd(more_clips, tmp_path / "out", replace(SEVERAL, labelled=labelled, tiles=tiles))
    assert not (tmp_path / "out").exists()


def test_the_command_passes_on_how_many_people_do_labelled_actions(monkeypatch, tmp_path):
    given = []

    def make(clips, out, settings):
        given.append(settings.labelled)
        raise InputError("no more")

    monkeypatch.setattr("actorsup.synthetic.crowd.make_crowd", make)
    assert main(["crowd", str(tmp_path), str(tmp_path / "out"), "--labelled", "3"]) == 2
    assert main(["crowd", str(tmp_path), str(tmp_path / "out")]) == 2
    assert given == [3, 1]


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


def test_clips_of_several_actions_are_refused(clips, tmp_path):
    collection = VideosFile(data_root=clips).read()
    several = replace(collection.videos[0], labels=(0, 1))
    (tmp_path / "clips").mkdir()
    write_videos_file(tmp_path / "clips/annotation.json", replace(collection, videos=(several, *collection.videos[1:])))
    (tmp_path / "clips/videos").symlink_to(clips / "videos")
    with pytest.raises(InputError, match="wave/ann_wave: has 2 labels; a crowd is made of clips of one action"):
        make_crowd(tmp_path / "clips", tmp_path / "out", SETTINGS)
