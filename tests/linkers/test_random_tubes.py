import numpy as np
import pytest

from actorsup.linkers import RandomTubes
from actorsup.structures import Detections

WIDTH, HEIGHT = 96, 64


def video(num_frames: int = 12, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (num_frames, HEIGHT, WIDTH, 3), np.uint8)


def link(frames, **settings):
    return RandomTubes(**settings).link(frames, [Detections.empty()] * len(frames))


def same(first, second) -> bool:
    return len(first) == len(second) and all(
        a.start == b.start and np.array_equal(a.boxes, b.boxes) for a, b in zip(first, second, strict=True)
    )


@pytest.mark.parametrize("num_frames", [1, 2, 12])
@pytest.mark.parametrize("moving", [True, False])
def test_boxes_lie_inside_the_frame_and_are_not_smaller_than_asked(num_frames, moving):
    tubes = link(video(num_frames), max_tubes=200, min_side=0.2, moving=moving)
    boxes = np.concatenate([tube.boxes for tube in tubes])
    sides = boxes[:, 2:] - boxes[:, :2]
    assert len(tubes) == 200
    assert (boxes >= 0).all()
    assert (boxes[:, 2:] <= [WIDTH, HEIGHT]).all()
    assert (sides >= np.array([0.2 * WIDTH, 0.2 * HEIGHT]) - 1e-4).all()
    assert all((tube.start, tube.end) == (0, num_frames) for tube in tubes)


def test_sizes_and_places_reach_from_end_to_end():
    boxes = np.stack([tube.boxes[0] for tube in link(video(), max_tubes=2000)])
    shares = (boxes[:, 2:] - boxes[:, :2]) / [WIDTH, HEIGHT]
    assert (shares.min(axis=0) < 0.12).all()
    assert (shares.max(axis=0) > 0.98).all()
    np.testing.assert_allclose(shares.mean(axis=0), 0.55, atol=0.02)  # uniform from 0.1 to 1
    np.testing.assert_allclose((boxes[:, :2] + boxes[:, 2:]).mean(axis=0) / 2, [WIDTH / 2, HEIGHT / 2], rtol=0.03)
    assert abs(np.corrcoef(shares.T)[0, 1]) < 0.1


def test_moving_boxes_move_steadily_and_keep_their_size():
    for tube in link(video()):
        steps = np.diff(tube.boxes, axis=0)
        np.testing.assert_allclose(steps - steps[:1], 0, atol=1e-4)
        np.testing.assert_allclose(steps[:, :2], steps[:, 2:], atol=1e-4)
        assert steps.any()


def test_still_boxes_stand_still():
    assert all((tube.boxes == tube.boxes[0]).all() for tube in link(video(), moving=False))


def test_a_videos_tubes_do_not_depend_on_what_was_linked_before_or_detected():
    linker, (first, second) = RandomTubes(), (video(seed=1), video(seed=2))
    nothing = [Detections.empty()] * len(first)
    something = [Detections([[0, 0, 5, 5]], [0.5], [0])] * len(first)
    forwards = [linker.link(first, nothing), linker.link(second, nothing)]
    backwards = [linker.link(second, something), linker.link(first, something)]
    assert same(forwards[0], backwards[1])
    assert same(forwards[1], backwards[0])
    assert not same(*forwards)


def test_the_global_random_state_has_no_part():
    before = np.random.get_state()[1].copy()
    first = link(video())
    np.testing.assert_array_equal(np.random.get_state()[1], before)
    np.random.random()
    assert same(link(video()), first)


@pytest.mark.parametrize(
    "other",
    [video(11), video(seed=1), video()[:, :, :-1], np.ascontiguousarray(video().transpose(0, 2, 1, 3))],
    ids=["length", "content", "width", "orientation"],
)
def test_another_video_has_other_tubes(other):
    assert not same(link(other), link(video()))


def test_another_seed_gives_other_tubes_and_fewer_are_the_first_of_more():
    assert not same(link(video(), seed=1), link(video()))
    assert same(link(video(), max_tubes=30)[:5], link(video(), max_tubes=5))


@pytest.mark.parametrize("option", [{"max_tubes": 0}, {"min_side": 0}, {"min_side": 1.5}, {"seed": -1}])
def test_settings_that_mean_nothing_are_refused(option):
    (name,) = option
    with pytest.raises(ValueError, match=f"expected .*{name}.*, got .*{option[name]}"):
        RandomTubes(**option)
