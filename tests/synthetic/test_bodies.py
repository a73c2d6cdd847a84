import numpy as np
import pytest

from actorsup.synthetic.bodies import ACTORS, Body, Bone, make_body, pose_body
from actorsup.synthetic.performance import ACTIONS, PASTIMES, blend, motions_of
from actorsup.synthetic.poses import UP

TEXTURES = [np.full((8, 8, 3), 100, np.uint8)]
LIMB = np.array([0, 1j])


def placed(angles, **bones):
    body = Body("person", bones, (TEXTURES[0],), 50.0)
    return dict(zip(bones, pose_body(body, angles), strict=True))


def test_an_angle_of_zero_points_down_and_grows_towards_the_front():
    for angle, tip in ((0, 1j), (np.pi / 2, 1), (np.pi, -1j)):
        assert placed({"limb": angle}, limb=Bone(LIMB, None))["limb"].outline[1] == pytest.approx(tip)


def test_a_bone_hangs_on_its_parent_and_turns_with_it():
    bones = {"upper": Bone(LIMB, None), "lower": Bone(LIMB, "upper", joint=1j, layer=1)}
    lower = placed({"upper": np.pi / 2, "lower": -np.pi / 2}, **bones)["lower"]
    assert lower.outline == pytest.approx([1, 1 + 1j])


def test_a_bone_that_does_not_follow_keeps_its_angle_but_turns_with_the_whole_body():
    bones = {"trunk": Bone(LIMB, None), "leg": Bone(LIMB, "trunk", joint=1j, layer=1, follows=False)}
    assert placed({"trunk": UP}, **bones)["leg"].outline == pytest.approx([-1j, 0])
    # A quarter forwards: what was up is in front.
    turned = placed({"trunk": UP, "turn": np.pi / 2}, **bones)["leg"]
    assert turned.outline == pytest.approx([1, 0])


def test_higher_layers_are_painted_later():
    body = Body("dog", {"a": Bone(LIMB, None, material=1, layer=2), "b": Bone(LIMB, "a", layer=1)}, (), 1.0)
    assert [bone.material for bone in pose_body(body, {})] == [0, 1]


def test_blending_takes_the_short_way_round():
    assert blend({"turn": 0.1}, {"turn": 4 * np.pi - 0.1, "arm": 2.0}, 0.5) == pytest.approx({"turn": 0.0, "arm": 1.0})


@pytest.mark.parametrize("name", ACTIONS)
def test_every_action_moves_some_point_by_a_tenth_of_the_body(name):
    motion = ACTIONS[name]
    body = make_body(np.random.default_rng(0), motion.actor, TEXTURES)
    poses = [
        np.concatenate([bone.outline for bone in pose_body(body, motion.pose(phase, 1.0))])
        for phase in np.linspace(0, 1, 9)
    ]
    assert all(np.isfinite(pose).all() for pose in poses)
    travel = motion.speed * motion.period / 8  # what the place adds between two of these phases
    air = [motion.pose(phase, 1.0).get("air", 0.0) for phase in np.linspace(0, 1, 9)]
    moved = max(np.abs(pose - poses[0]).max() for pose in poses)
    assert max(moved, travel, np.ptp(air)) > 0.1


def test_bones_of_an_action_are_those_of_its_actor():
    for motion in (*ACTIONS.values(), *(motion for pastimes in PASTIMES.values() for motion in pastimes)):
        bones = make_body(np.random.default_rng(0), motion.actor, TEXTURES).bones.keys()
        assert motion.pose(0.3, 1.0).keys() <= bones | {"turn", "air", "squash"}


def test_still_images_show_no_deformed_poses():
    shown = {motion.pose for motion in motions_of("person", usual=True)}
    assert shown.isdisjoint(ACTIONS[name].pose for name in ("squat", "crawl", "roll", "cartwheel", "kick"))
    assert all(motions_of(actor, usual=True) for actor in ACTORS)


def test_what_a_category_does_is_its_pastimes_and_its_actions():
    for actor in ACTORS:
        found = motions_of(actor)
        assert {motion.actor for motion in found} == {actor}
        assert set(motions_of(actor, usual=True)) < set(found) or actor in ("car", "sports ball")
    assert sum(len(motions_of(actor)) for actor in ACTORS) == len(ACTIONS) + sum(map(len, PASTIMES.values()))
