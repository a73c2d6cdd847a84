from dataclasses import replace

import numpy as np
import pytest

from actorsup.errors import InputError
from actorsup.synthetic import ACTIONS, WorldSettings, WorldSizes
from actorsup.synthetic.drawing import make_textures
from actorsup.synthetic.script import write_action_scene, write_still

SETTINGS = WorldSettings(size=(120, 90), num_frames=(16, 20))
TEXTURES = make_textures(np.random.default_rng(0), 6)


def scene_of(action: str, seed: int = 0, settings: WorldSettings = SETTINGS):
    return write_action_scene(np.random.default_rng(seed), TEXTURES, settings, action)


@pytest.mark.parametrize("action", ["cartwheel", "dog_jump", "bird_fly", "ball_bounce"])
def test_a_box_is_what_the_puppet_alone_covers(action):
    """The same frame with and without the puppet differs inside the box, up to its sides, and nowhere else."""
    acted = scene_of(action, settings=replace(SETTINGS, num_bystanders=(0, 0), second_performer_share=0))
    stage = replace(acted.stage, behind=(), before=(), blur=0.0)
    (appearances,) = acted.appearances
    white = [[np.full((8, 8, 3), 255, np.uint8)] * 5]
    lights = np.tile([1.0, 0.0], (len(appearances), 1))
    stage = replace(stage, lights=lights, shading=np.ones_like(stage.shading))
    for frame in range(0, len(appearances), 5):
        picture = stage.paint(frame, [appearances[frame]], white)[..., 0]
        rows, columns = np.nonzero(picture)
        x1, y1, x2, y2 = stage.box_in_frame(frame, appearances[frame])
        found = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
        np.testing.assert_allclose(found, [x1, y1, x2, y2], atol=1.5)


def test_the_same_chance_draws_the_same_pictures():
    first, second = (list(scene_of("walk", seed=3).frames()) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert not np.array_equal(first[0], next(scene_of("walk", seed=4).frames()))


def test_those_that_stand_by_do_nothing_that_is_labelled():
    labelled = {motion.pose for motion in ACTIONS.values()}
    for seed in range(10):
        acted = scene_of("run", seed)
        for index, puppet in enumerate(acted.puppets):
            acts = any(stretch.motion.pose in labelled for stretch in puppet.stretches)
            assert acts == (index in acted.performers)
        assert 1 <= len(acted.performers) <= 2 <= len(acted.puppets)


def test_an_untrimmed_video_begins_or_ends_with_something_else():
    settings = replace(SETTINGS, untrimmed_share=1.0)
    for seed in range(5):
        acted = scene_of("wave", seed, settings)
        num_frames = len(acted.stage.cameras)
        start, end = acted.span
        assert 0 <= start < end <= num_frames
        assert end - start <= 0.7 * num_frames
        stretches = acted.puppets[acted.performers[0]].stretches
        assert [stretch.start for stretch in stretches if stretch.motion is ACTIONS["wave"]] == [start]
    trimmed = scene_of("wave", settings=replace(SETTINGS, untrimmed_share=0.0))
    assert trimmed.span == (0, len(trimmed.stage.cameras))


def test_puppets_stay_in_sight():
    for seed, action in enumerate(ACTIONS):
        acted = scene_of(action, seed)
        for index in acted.performers:
            boxes = acted.boxes(index)
            assert ((boxes[:, 2:] - boxes[:, :2]).min(axis=1) > 0).all()


def test_a_still_is_a_scene_of_one_frame():
    scene = write_still(np.random.default_rng(0), TEXTURES, SETTINGS)
    (picture,) = scene.frames()
    assert picture.shape == (90, 120, 3)
    assert picture.std() > 10


def test_stills_show_usual_poses_alone_unless_all_are_asked_for():
    def motions(usual: bool):
        settings = replace(SETTINGS, usual_stills=usual)
        scenes = [write_still(np.random.default_rng(seed), TEXTURES, settings) for seed in range(30)]
        return [stretch.motion for scene in scenes for puppet in scene.puppets for stretch in puppet.stretches]

    assert all(motion.usual for motion in motions(usual=True))
    assert 0.3 < np.mean([motion.usual for motion in motions(usual=False)]) < 0.7


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"seed": -1}, "seed=-1"),
        ({"size": (32, 90)}, "at least 64"),
        ({"fps": 0}, "fps=0"),
        ({"num_textures": 0}, "num_textures=0"),
        ({"num_frames": (20, 10)}, r"num_frames=\(20, 10\)"),
        ({"quality": (10, 101)}, "from 1 to 100"),
        ({"untrimmed_share": 1.5}, "untrimmed_share=1.5"),
        ({"camera_motion": 0.5}, "camera_motion"),
        ({"actions": ()}, r"actions=\(\): different ones of walk"),
        ({"actions": ("walk", "walk")}, "different ones"),
        ({"actions": ("walk", "swim")}, "swim"),
    ],
)
def test_settings_out_of_range_are_named(settings, message):
    with pytest.raises(InputError, match=message):
        WorldSettings(**settings)


@pytest.mark.parametrize("sizes", [{"train_videos": -1}, {"sequence_frames": 1}, {"sequences": 2.5}])
def test_sizes_are_whole_numbers(sizes):
    usual = dict.fromkeys(("train_stills", "val_stills", "sequences", "train_videos", "test_videos"), 1)
    with pytest.raises(InputError, match=next(iter(sizes))):
        WorldSizes(**{**usual, "sequence_frames": 2, **sizes})
