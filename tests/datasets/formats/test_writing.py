import numpy as np
import pytest

from actorsup.datasets.formats.writing import key_frames
from actorsup.structures import Tube
from actorsup.structures.boxes import elementwise_iou


def wandering(num_frames: int, seed: int, jitter: float = 0.5) -> Tube:
    """A person of 40×80 pixels who changes direction, with boxes that tremble as a detector's do."""
    rng = np.random.default_rng(seed)
    corner = 100 + np.cumsum(np.repeat(rng.normal(0, 2, (num_frames // 8 + 1, 2)), 8, axis=0)[:num_frames], axis=0)
    boxes = np.concatenate([corner, corner + np.array([40, 80])], axis=1) + rng.normal(0, jitter, (num_frames, 4))
    return Tube(5, boxes, np.ones(num_frames), 1.0, 0)


def interpolated(tube: Tube, frames: np.ndarray) -> np.ndarray:
    every = np.arange(tube.start, tube.end)
    return np.stack([np.interp(every, frames, column) for column in tube.boxes_at(frames).T], axis=1)


@pytest.mark.parametrize("min_overlap", [0.7, 0.9, 0.99])
@pytest.mark.parametrize("num_frames", [1, 2, 3, 100])
def test_interpolation_between_key_frames_is_close_in_every_frame(num_frames, min_overlap):
    for seed in range(5):
        tube = wandering(num_frames, seed)
        frames = key_frames(tube, min_overlap)
        assert (frames[0], frames[-1]) == (5, tube.end - 1)
        assert (np.diff(frames) > 0).all()
        assert elementwise_iou(interpolated(tube, frames), tube.boxes).min() >= min_overlap - 1e-5


def test_few_frames_are_key_frames():
    straight = np.linspace([0, 0, 40, 80], [100, 50, 150, 120], 200)
    assert key_frames(Tube(3, straight, np.ones(200), 1.0, 0)).tolist() == [3, 202]
    there_and_back = np.concatenate([straight, straight[::-1]])
    assert len(key_frames(Tube(0, there_and_back, np.ones(400), 1.0, 0))) <= 4
    assert len(key_frames(wandering(400, 0))) < 100


def test_a_longer_line_than_the_chosen_one_is_not_close():
    """Each line goes as far as a search by steps finds; one frame further is too far, unless it is the last."""
    tube = wandering(200, 3)
    frames = key_frames(tube)
    for first, last in zip(frames[:-2], frames[1:-1], strict=True):
        boxes = tube.boxes_at(np.arange(first, last + 2))
        assert elementwise_iou(np.linspace(boxes[0], boxes[-1], len(boxes)), boxes).min() < 0.9


def test_equal_boxes_without_area_need_no_key_frame_between():
    assert key_frames(Tube.still([5, 5, 5, 5], 9)).tolist() == [0, 8]


def test_of_a_sparse_tube_the_marked_frames_are_taken():
    annotated = np.isin(np.arange(9), [0, 4, 8])
    sparse = Tube(2, np.tile([0, 0, 9, 9], (9, 1)), np.ones(9), 1.0, 0, annotated)
    assert key_frames(sparse).tolist() == [2, 6, 10]
