import cv2
import numpy as np
import pytest

from actorsup.errors import InputError
from actorsup.registry import TRACKERS
from actorsup.structures import elementwise_iou
from actorsup.trackers import OpenCVTracker

SIZE = (160, 120)


def frame_at(*corners: tuple[int, int]) -> np.ndarray:
    """A dim texture with a checkered thing of 30×24 pixels at each corner, RGB."""
    rng = np.random.default_rng(0)
    frame = cv2.resize(rng.integers(90, 130, (12, 16, 3), dtype=np.uint8), SIZE, interpolation=cv2.INTER_CUBIC)
    checkered = np.kron([[250, 20], [20, 250]], np.ones((12, 15)))[..., None]
    for left, top in corners:
        frame[top : top + 24, left : left + 30] = checkered
    return frame


def box_at(left: float, top: float) -> np.ndarray:
    return np.array([[left, top, left + 30, top + 24]], np.float32)


def track(tracker, frames, boxes) -> np.ndarray:
    tracker.init(frames[0], boxes)
    return np.stack([tracker.update(frame)[0] for frame in frames[1:]])


FRAMES = [frame_at((20 + 3 * step, 30 + 2 * step), (100 - 2 * step, 70)) for step in range(8)]
FIRST, SECOND = box_at(20, 30), box_at(100, 70)


@pytest.fixture
def nanotrack_files(data_root) -> dict[str, str]:
    folder = data_root / "weights" / "nanotrack_v2"
    return {
        "backbone": str(folder / "nanotrack_backbone_sim.onnx"),
        "head": str(folder / "nanotrack_head_sim.onnx"),
    }


def test_mil_follows_what_moves():
    tracker = TRACKERS.build({"type": "OpenCVTracker", "kind": "MIL"})
    boxes = track(tracker, FRAMES, np.concatenate([FIRST, SECOND]))
    for step, (first, second) in enumerate(boxes, start=1):
        assert np.abs(first - box_at(20 + 3 * step, 30 + 2 * step)[0]).max() <= 7
        assert np.abs(second - box_at(100 - 2 * step, 70)[0]).max() <= 7
    np.testing.assert_array_equal(tracker.update(FRAMES[-1])[1], [1, 1])


def test_nanotrack_follows_what_moves_and_says_how_sure_it_is(nanotrack_files):
    tracker = OpenCVTracker("Nano", **nanotrack_files)
    tracker.init(FRAMES[0], FIRST)
    for step, frame in enumerate(FRAMES[1:], start=1):
        boxes, scores = tracker.update(frame)
        assert elementwise_iou(boxes, box_at(20 + 3 * step, 30 + 2 * step))[0] > 0.6
        assert 0.5 < scores[0] <= 1


def test_targets_that_join_later_follow_those_that_are_there():
    tracker = OpenCVTracker("MIL")
    tracker.init(FRAMES[0], FIRST)
    before = [tracker.update(frame)[0] for frame in FRAMES[1:4]]
    tracker.add(FRAMES[3], box_at(100 - 2 * 3, 70))
    after = [tracker.update(frame)[0] for frame in FRAMES[4:]]
    alone = track(OpenCVTracker("MIL"), FRAMES, FIRST)
    np.testing.assert_array_equal(np.concatenate([*before, *(boxes[:1] for boxes in after)]), alone[:, 0])
    joined = track(OpenCVTracker("MIL"), FRAMES[3:], box_at(100 - 2 * 3, 70))
    np.testing.assert_array_equal(np.stack(after)[:, 1], joined[:, 0])


def test_init_forgets_the_targets_before():
    tracker = OpenCVTracker("MIL")
    tracker.init(FRAMES[0], np.concatenate([FIRST, SECOND]))
    tracker.init(FRAMES[0], SECOND)
    boxes, scores = tracker.update(FRAMES[0])
    assert boxes.shape == (1, 4)
    assert scores.shape == (1,)
    assert np.abs(boxes - SECOND).max() <= 7


def test_without_targets_there_are_no_boxes():
    tracker = OpenCVTracker("MIL")
    tracker.init(FRAMES[0], np.zeros((0, 4)))
    boxes, scores = tracker.update(FRAMES[1])
    assert (boxes.shape, scores.shape) == ((0, 4), (0,))


def test_tracking_repeats_and_leaves_opencvs_random_numbers_and_its_input_alone():
    box = FIRST.copy()
    draws = []
    for tracked in (False, True):
        cv2.setRNGSeed(3)
        if tracked:
            first = track(OpenCVTracker("MIL"), FRAMES, box)
        draws.append(cv2.randu(np.zeros(1), 0, 1)[0].item())
    np.testing.assert_array_equal(first, track(OpenCVTracker("MIL"), FRAMES, box))
    assert draws[0] == draws[1]
    np.testing.assert_array_equal(box, FIRST)


def test_boxes_are_rounded_to_whole_pixels(monkeypatch):
    started = []

    class Still:
        def init(self, image, box):
            started.append((image, box))

    tracker = OpenCVTracker("MIL")
    monkeypatch.setattr(tracker, "_create", Still)
    red = np.zeros((120, 160, 3), np.uint8)
    red[..., 0] = 255
    tracker.init(red, np.array([[19.6, 30.4, 49.6, 55.4], [-5, -5, 20, 20.6]]))
    assert [box for _, box in started] == [(20, 30, 30, 25), (0, 0, 20, 21)]
    assert started[0][0][0, 0].tolist() == [0, 0, 255]  # OpenCV's order


def test_a_lost_target_keeps_its_box_with_score_0_until_it_is_found_again(monkeypatch):
    class SometimesLost:
        answers = iter(
            [(True, (10, 20, 30, 40)), (False, (0, 0, 0, 0)), (True, (500, 20, 30, 40)), (True, (150, 90, 30, 40))]
        )

        def init(self, image, box):
            pass

        def update(self, image):
            return next(self.answers)

    tracker = OpenCVTracker("MIL")
    monkeypatch.setattr(tracker, "_create", SometimesLost)
    tracker.init(FRAMES[0], FIRST)
    results = [tracker.update(FRAMES[0]) for _ in range(4)]
    # Lost; then outside the frame, which is lost too; then found again, and cut to the frame.
    assert [boxes[0].tolist() for boxes, _ in results] == [[10, 20, 40, 60]] * 3 + [[150, 90, 160, 120]]
    assert [scores[0] for _, scores in results] == [1, 0, 0, 1]


@pytest.mark.parametrize("box", [[0, 0, 160, 120], [10, 10, 16, 60], [-50, 10, -20, 40]])
def test_what_opencv_cannot_be_started_on_is_lost_from_the_start(box):
    tracker = OpenCVTracker("MIL")
    tracker.init(FRAMES[0], np.array([box]))
    boxes, scores = tracker.update(FRAMES[1])
    np.testing.assert_array_equal(boxes, np.clip([box], 0, [160, 120, 160, 120]))
    assert scores.tolist() == [0]


def test_wrong_settings_and_targets_are_refused(tmp_path, nanotrack_files):
    with pytest.raises(InputError, match="kind must be one of MIL, Nano, got 'KCF'"):
        OpenCVTracker("KCF")
    with pytest.raises(InputError, match="backbone is the file of kind 'Nano' alone, 'Nano' got None"):
        OpenCVTracker("Nano")
    with pytest.raises(InputError, match=r"head is the file of kind 'Nano' alone, 'MIL' got h\.onnx"):
        OpenCVTracker("MIL", head="h.onnx")
    absent = tmp_path / "absent.onnx"
    with pytest.raises(InputError, match=r"head .*absent\.onnx: no such file"):
        OpenCVTracker("Nano", **{**nanotrack_files, "head": absent})
    absent.write_bytes(b"no model")
    with pytest.raises(InputError, match=r"absent\.onnx: cannot be used"):
        OpenCVTracker("Nano", **{**nanotrack_files, "head": absent})
    for boxes in ([[5, 5, 5, 9]], [5, 5, 9, 9]):
        with pytest.raises(ValueError, match="positive width and height"):
            OpenCVTracker("MIL").init(FRAMES[0], np.array(boxes))
