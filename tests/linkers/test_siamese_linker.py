import time
from collections.abc import Sequence
from threading import get_ident

import numpy as np
import pytest
import torch

from actorsup.linkers import SiameseLinker
from actorsup.registry import TRACKERS
from actorsup.structures import Detections
from actorsup.trackers import Tracker


@TRACKERS.register_module()
class StillTracker(Tracker):
    """Finds every target where it was, and remembers which frames it saw; a frame's number is its first pixel."""

    seen: list = []  # noqa: RUF012

    def init(self, image, boxes):
        self.boxes = boxes.copy()
        self.seen.append(("init", int(image[0, 0, 0])))

    def add(self, image, boxes):
        self.boxes = np.concatenate([self.boxes, boxes])
        self.seen.append(("add", int(image[0, 0, 0])))

    def update(self, image):
        self.seen.append(("update", int(image[0, 0, 0])))
        return self.boxes, np.full(len(self.boxes), 0.5)


@pytest.fixture(autouse=True)
def seen():
    StillTracker.seen.clear()
    return StillTracker.seen


def frames(count: int) -> np.ndarray:
    return np.arange(count, dtype=np.uint8)[:, None, None, None].repeat(128, 1).repeat(128, 2).repeat(3, 3)


def at(x: float, score: float, label: int = 0) -> tuple:
    return [x, 0.0, x + 10, 10.0], score, label


def detections(*frame_contents) -> list[Detections]:
    return [
        Detections(*(np.array(part) for part in zip(*found, strict=True))) if found else Detections.empty()
        for found in frame_contents
    ]


def linker(**settings) -> SiameseLinker:
    return SiameseLinker({"type": "StillTracker"}, **settings)


def test_the_best_detection_is_tracked_both_ways_over_the_whole_video(seen):
    found = detections([], [], [at(0, 0.9, label=3)], [])
    (tube,) = linker().link(frames(4), found)
    assert (tube.start, len(tube), tube.label) == (0, 4, 3)
    assert tube.score == pytest.approx(0.9)
    assert tube.scores.tolist() == [0.5, 0.5, 1.0, 0.5]
    assert seen == [("init", 2), ("update", 3), ("init", 2), ("update", 1), ("update", 0)]


def test_detections_like_the_tube_are_dropped_and_the_others_go_on_by_score():
    # Shifted by 1 of 10 pixels: IoU 9/11 = 0.82, dropped. By 2: 8/12 = 0.67, kept at 0.7.
    found = detections([at(0, 0.5), at(40, 0.3)], [at(1, 0.9), at(3, 0.4)])
    tubes = linker().link(frames(2), found)
    np.testing.assert_allclose([tube.score for tube in tubes], [0.9, 0.4, 0.3], rtol=1e-6)
    assert [tube.boxes[0, 0] for tube in tubes] == [1, 3, 40]


def test_a_box_at_the_threshold_is_dropped():
    # Half of the box is shared with a box of twice its width: IoU exactly 0.5.
    found = detections([([0.0, 0.0, 20.0, 10.0], 0.9, 0), ([0.0, 0.0, 10.0, 10.0], 0.8, 0)])
    assert len(linker(overlap_threshold=0.5).link(frames(1), found)) == 1
    assert len(linker(overlap_threshold=0.51).link(frames(1), found)) == 2


def test_the_number_of_tubes_is_limited_and_no_detection_gives_none():
    found = detections([at(20 * index, 0.5) for index in range(6)])
    assert len(linker(max_tubes=4).link(frames(1), found)) == 4
    assert linker().link(frames(1), detections([])) == []


def test_boxes_are_cut_to_the_frame_and_what_is_outside_makes_no_tube():
    found = detections(
        [([-3.0, 0.0, 5.0, 5.0], 0.9, 0), ([20.0, 0.0, 30.0, 5.0], 0.8, 0), ([2.0, 2.0, 2.0, 5.0], 0.7, 0)]
    )
    (tube,) = linker().link(frames(1)[:, :8, :8], found)
    assert tube.boxes[0].tolist() == [0, 0, 5, 5]


def test_equal_scores_are_taken_in_the_order_of_frames():
    found = detections([at(50, 0.5)], [at(0, 0.5)])
    assert [tube.boxes[0, 0] for tube in linker().link(frames(2), found)] == [50, 0]


def test_bad_settings_are_refused():
    with pytest.raises(ValueError, match="max_tubes >= 1"):
        linker(max_tubes=0)
    with pytest.raises(ValueError, match="overlap_threshold"):
        linker(overlap_threshold=0.0)
    with pytest.raises(ValueError, match="batch_size >= 1"):
        linker(batch_size=0)


def test_what_comes_next_is_tracked_together_one_pass_up_and_one_down(seen):
    found = detections([], [at(0, 0.9)], [], [at(40, 0.8)])
    assert len(linker(batch_size=2).link(frames(4), found)) == 2
    ascending = [("init", 1), ("update", 2), ("update", 3), ("add", 3)]
    assert seen == [*ascending, ("init", 3), ("update", 2), ("update", 1), ("add", 1), ("update", 0)]


def test_no_more_is_tracked_than_can_become_a_tube(seen):
    found = detections([at(20 * index, 0.5) for index in range(6)])
    assert len(linker(max_tubes=2, batch_size=6).link(frames(1), found)) == 2
    assert seen == [("init", 0), ("init", 0)]  # one pass up and one down


@TRACKERS.register_module()
class DriftingTracker(Tracker):
    """Targets drift by what the frame and their first place say; boxes are cut to the frame."""

    def init(self, image, boxes):
        self.boxes = self.first = np.zeros((0, 4), np.float32)
        self.add(image, boxes)

    def add(self, image, boxes):
        self.first = np.concatenate([self.first, boxes])
        self.boxes = np.concatenate([self.boxes, boxes])

    def update(self, image):
        phase = float(image[0, 0, 0]) + self.first.sum(axis=1, keepdims=True)
        self.boxes = np.clip(self.boxes + 4 * np.sin(phase), 0, 128).astype(np.float32)
        width, height = (self.boxes[:, 2:] - self.boxes[:, :2]).T
        return self.boxes.copy(), np.clip(width * height / 1000, 0, 1)


def random_scene(seed: int) -> list[Detections]:
    """A few actors whose detections waver, fail and are doubled, and false ones, over 6 to 17 frames."""
    rng = np.random.default_rng(seed)
    num_frames, num_actors = int(rng.integers(6, 18)), int(rng.integers(1, 6))
    actors = np.concatenate([rng.uniform(0, 90, (num_actors, 2)), rng.uniform(12, 40, (num_actors, 2))], axis=1)
    scene = []
    for _ in range(num_frames):
        actors[:, :2] += rng.normal(0, 2, (num_actors, 2))
        chosen = actors[rng.random(num_actors) < 0.8].repeat(rng.integers(1, 3), axis=0)
        false = np.concatenate([rng.uniform(0, 90, (2, 2)), rng.uniform(5, 40, (2, 2))], axis=1)
        boxes = np.concatenate([chosen + rng.normal(0, 1.5, chosen.shape), false[: rng.integers(0, 3)]])
        boxes[:, 2:] = boxes[:, :2] + np.abs(boxes[:, 2:])
        # Rounded, so that equal scores occur.
        scores = rng.uniform(0.05, 1, len(boxes)).round(2)
        scene.append(Detections(boxes, scores, rng.integers(0, 2, len(boxes))))
    return scene


@pytest.mark.parametrize("seed", range(50))
def test_any_batch_size_gives_the_tubes_of_one_track_at_a_time(seed):
    scene = random_scene(seed)
    tracker = {"type": "DriftingTracker"}
    expected = SiameseLinker(tracker, max_tubes=12).link(frames(len(scene)), scene)
    assert expected
    for batch_size in (2, 5, 64):
        tubes = SiameseLinker(tracker, max_tubes=12, batch_size=batch_size).link(frames(len(scene)), scene)
        assert len(tubes) == len(expected)
        for tube, sequential in zip(tubes, expected, strict=True):
            assert (tube.score, tube.label) == (sequential.score, sequential.label)
            np.testing.assert_array_equal(tube.boxes, sequential.boxes)
            np.testing.assert_array_equal(tube.scores, sequential.scores)


@TRACKERS.register_module()
class TwinTracker(DriftingTracker):
    """One that has twins; it remembers in which threads they and it were used."""

    threads: set = set()  # noqa: RUF012
    is_twin = False

    def update(self, image):
        self.threads.add((get_ident(), self.is_twin))
        if image[0, 0, 1] == 255:
            raise ValueError("a marked frame")
        return super().update(image)

    def twin(self):
        twin = type(self)()
        twin.is_twin = True
        return twin


@pytest.fixture
def threads():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    TwinTracker.threads.clear()
    yield TwinTracker.threads
    torch.set_num_threads(before)


class FramesOfOneThread(Sequence):
    """Frames that must not be asked for by two threads at once, as of a video that is being decoded."""

    def __init__(self, frames):
        self.frames, self.busy = frames, False

    def __len__(self):
        return len(self.frames)

    def __getitem__(self, index):
        assert not self.busy
        self.busy = True
        time.sleep(1e-4)
        self.busy = False
        return self.frames[index]


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("batch_size", [1, 4])
def test_passes_up_and_down_at_once_give_the_same_tubes(seed, batch_size, threads):
    scene = random_scene(seed)
    expected = linker(max_tubes=12, batch_size=batch_size)
    expected.tracker = DriftingTracker()
    expected = expected.link(frames(len(scene)), scene)
    tubes = SiameseLinker({"type": "TwinTracker"}, max_tubes=12, batch_size=batch_size).link(
        FramesOfOneThread(frames(len(scene))), scene
    )
    assert {is_twin for _, is_twin in threads} == {True, False}
    assert get_ident() not in {thread for thread, _ in threads}
    assert torch.get_num_threads() == 2
    for tube, sequential in zip(tubes, expected, strict=True):
        np.testing.assert_array_equal(tube.boxes, sequential.boxes)
        np.testing.assert_array_equal(tube.scores, sequential.scores)


def test_with_one_thread_no_other_is_started(threads):
    torch.set_num_threads(1)
    SiameseLinker({"type": "TwinTracker"}).link(frames(6), random_scene(0)[:6])
    assert threads == {(get_ident(), False)}


@pytest.mark.parametrize("marked", [0, 5])
def test_an_error_of_either_pass_is_told_and_ends_the_other(marked, threads):
    shown = frames(6)
    shown[marked, :, :, 1] = 255
    found = detections([], [], [at(0, 0.9)], [], [], [])
    with pytest.raises(ValueError, match="a marked frame"):
        SiameseLinker({"type": "TwinTracker"}).link(shown, found)
    assert torch.get_num_threads() == 2


@TRACKERS.register_module()
class SlowTwinTracker(TwinTracker):
    """Slow, and how many frames it has seen."""

    seen: list = []  # noqa: RUF012

    def update(self, image):
        time.sleep(0.005)
        self.seen.append(int(image[0, 0, 0]))
        return super().update(image)


def test_an_error_of_the_pass_down_does_not_wait_for_the_pass_up(threads):
    SlowTwinTracker.seen.clear()
    shown = frames(120)
    shown[0, :, :, 1] = 255
    found = detections([], [at(0, 0.9)], *[[]] * 118)
    with pytest.raises(ValueError, match="a marked frame"):
        SiameseLinker({"type": "SlowTwinTracker"}).link(shown, found)
    assert len(SlowTwinTracker.seen) < 60
