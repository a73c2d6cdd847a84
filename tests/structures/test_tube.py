import numpy as np
import pytest
import torch

from actorsup.structures import Detections, Tube, TubeBatch, VideoSample

BOXES = np.array([[0, 0, 2, 2], [1, 1, 3, 3], [2, 2, 4, 4]], dtype=np.float32)


def tube(start: int = 5) -> Tube:
    return Tube(start, BOXES, np.ones(3), 0.5, 0)


def test_a_tube_covers_its_first_and_last_frame_and_no_more():
    np.testing.assert_array_equal(tube().covers(np.array([4, 5, 7, 8])), [False, True, True, False])
    assert (len(tube()), tube().end) == (3, 8)


def test_outside_its_time_the_nearest_box_stands_in():
    np.testing.assert_array_equal(tube().boxes_at(np.array([0, 6, 99])), BOXES[[0, 1, 2]])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0, np.zeros((0, 4)), [], 1.0, 0), "at least one box"),
        ((-1, BOXES, np.ones(3), 1.0, 0), "counted from 0"),
        ((0, BOXES, np.ones(3), 1.0, -1), "counted from 0"),
        ((0.5, BOXES, np.ones(3), 1.0, 0), "start must be a whole number, got 0.5"),
        ((0, BOXES, np.ones(3), 1.0, "0"), "label must be a whole number, got '0'"),
        ((0, BOXES, np.ones(3), "1", 0), "score must be a number, got '1'"),
        ((0, BOXES, ["1", "1", "1"], 1.0, 0), "tube.scores must be numbers"),
        ((0, BOXES, np.ones(2), 1.0, 0), "one score a box"),
        ((0, BOXES, np.ones(3), np.nan, 0), "finite"),
        ((0, BOXES[:, ::-1], np.ones(3), 1.0, 0), "x1 <= x2"),
        ((0, BOXES, np.ones(3), 1.0, 0, [True, True]), "of each of the 3 frames"),
        ((0, BOXES, np.ones(3), 1.0, 0, [True, True, False]), "true of the first and the last"),
    ],
)
def test_malformed_tubes_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        Tube(*arguments)


def test_a_still_tube_has_one_box_and_one_score_in_all_frames():
    still = Tube.still((0, 1, 2, 3), num_frames=3, start=5, score=0.5, label=7)
    np.testing.assert_array_equal(still.boxes, [[0, 1, 2, 3]] * 3)
    assert still.scores.tolist() == [0.5] * 3
    assert (still.start, still.end, still.score, still.label) == (5, 8, 0.5, 7)


def test_detections_need_one_finite_score_and_one_label_a_box():
    with pytest.raises(ValueError, match="one score and one label"):
        Detections(BOXES, np.ones(2), np.zeros(3))
    with pytest.raises(ValueError, match="finite"):
        Detections(BOXES, [0.1, np.inf, 0.2], np.zeros(3))


def test_detections_are_selected_together():
    chosen = Detections(BOXES, [0.1, 0.2, 0.3], [7, 8, 9])[np.array([2, 0])]
    np.testing.assert_array_equal(chosen.boxes, BOXES[[2, 0]])
    np.testing.assert_array_equal(chosen.labels, [9, 7])
    assert len(Detections.empty()) == 0


def sample(num_tubes: int, name: str = "video") -> VideoSample:
    return VideoSample(
        video=name,
        frame_indices=np.array([5, 6]),
        tubes=torch.zeros(num_tubes, 2, 4),
        frame_mask=torch.ones(num_tubes, 2, dtype=torch.bool),
        proposals=tuple(tube() for _ in range(num_tubes)),
    )


def test_a_batch_packs_tubes_and_remembers_their_video():
    batch = TubeBatch.from_samples([sample(2), sample(0), sample(1)], "cpu")
    assert batch.boxes.shape == (3, 2, 4)
    assert batch.video_index.tolist() == [0, 0, 2]
    assert batch.num_videos == 3


def test_a_sample_whose_shapes_disagree_is_refused():
    with pytest.raises(ValueError, match="need tubes of shape"):
        VideoSample(
            "video", np.array([5, 6]), torch.zeros(1, 3, 4), torch.ones(1, 3, dtype=torch.bool), None, (tube(),)
        )
    with pytest.raises(ValueError, match="cover at least one"):
        VideoSample("video", np.array([5, 6]), torch.zeros(1, 2, 4), torch.zeros(1, 2).bool(), None, (tube(),))
    with pytest.raises(ValueError, match="1 proposals need as many tube_labels, got \\(2,\\)"):
        VideoSample(
            "video",
            np.array([5, 6]),
            torch.zeros(1, 2, 4),
            torch.ones(1, 2).bool(),
            proposals=(tube(),),
            tube_labels=torch.tensor([0, 1]),
        )
