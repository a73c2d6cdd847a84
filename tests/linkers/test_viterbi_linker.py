import itertools

import numpy as np
import pytest

from actorsup.linkers import ViterbiLinker
from actorsup.structures import Detections, pairwise_iou


def random_detections(rng, counts, num_labels=1):
    frames = []
    for count in counts:
        corner = rng.uniform(0, 30, (count, 2))
        boxes = np.concatenate([corner, corner + rng.uniform(5, 30, (count, 2))], axis=1)
        frames.append(Detections(boxes, rng.uniform(0, 1, count), rng.integers(0, num_labels, count)))
    return frames


def frames_of(detections):
    return np.zeros((len(detections), 4, 4, 3), np.uint8)


def best_by_brute_force(detections, weight):
    """The highest energy of all choices of one detection a frame."""
    best = -np.inf
    for choice in itertools.product(*(range(len(found)) for found in detections)):
        energy = sum(float(found.scores[index]) for found, index in zip(detections, choice, strict=True))
        for (now, first), (then, second) in itertools.pairwise(zip(detections, choice, strict=True)):
            energy += weight * pairwise_iou(now.boxes[[first]], then.boxes[[second]])[0, 0]
        best = max(best, energy)
    return best


def energy_of(tube, weight):
    overlaps = [pairwise_iou(tube.boxes[[i]], tube.boxes[[i + 1]])[0, 0] for i in range(len(tube) - 1)]
    return float(tube.scores.sum()) + weight * sum(overlaps)


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("weight", [0.0, 1.0, 3.0])
def test_the_first_tube_has_the_energy_that_brute_force_finds(seed, weight):
    rng = np.random.default_rng(seed)
    detections = random_detections(rng, rng.integers(1, 4, 5))
    (tube,) = ViterbiLinker(max_tubes=1, overlap_weight=weight).link(frames_of(detections), detections)
    assert len(tube) == 5
    assert energy_of(tube, weight) == pytest.approx(best_by_brute_force(detections, weight), abs=1e-5)


def test_every_detection_is_used_at_most_once(rng):
    detections = random_detections(rng, [3, 2, 0, 4, 1], num_labels=2)
    tubes = ViterbiLinker(max_tubes=100).link(frames_of(detections), detections)
    assert sum(len(tube) for tube in tubes) == 10
    used = {(tube.start + offset, *box.tolist()) for tube in tubes for offset, box in enumerate(tube.boxes)}
    assert len(used) == 10


def test_a_frame_without_detections_ends_a_tube(rng):
    detections = random_detections(rng, [1, 1, 0, 1])
    tubes = ViterbiLinker().link(frames_of(detections), detections)
    assert [(tube.start, tube.end) for tube in tubes] == [(0, 2), (3, 4)]


def test_categories_are_not_mixed(rng):
    detections = random_detections(rng, [4, 4, 4, 4], num_labels=3)
    for tube in ViterbiLinker().link(frames_of(detections), detections):
        for offset, box in enumerate(tube.boxes):
            found = detections[tube.start + offset]
            assert found.labels[(found.boxes == box).all(axis=1)].tolist() == [tube.label]


def test_the_number_of_tubes_is_limited_and_no_detection_gives_none(rng):
    detections = random_detections(rng, [5, 5])
    assert len(ViterbiLinker(max_tubes=2).link(frames_of(detections), detections)) == 2
    assert ViterbiLinker().link(frames_of(detections), [Detections.empty()] * 2) == []


def test_bad_settings_and_lengths_are_refused(rng):
    with pytest.raises(ValueError, match="max_tubes >= 1"):
        ViterbiLinker(max_tubes=0)
    with pytest.raises(ValueError, match="overlap_weight >= 0"):
        ViterbiLinker(overlap_weight=-1)
    with pytest.raises(ValueError, match="2 frames, 1 Detections"):
        ViterbiLinker().link(np.zeros((2, 4, 4, 3), np.uint8), [Detections.empty()])
