"""Tubes for the tests: still boxes for sums by hand, random scenes for the comparison with the slow definitions."""

from dataclasses import replace

import numpy as np

from actorsup.structures import Tube


def still_tube(box, start: int = 0, num_frames: int = 10, label: int = 0) -> Tube:
    return Tube(start, np.tile(np.float32(box), (num_frames, 1)), np.ones(num_frames), 1.0, label)


def random_tube(rng: np.random.Generator, label: int = 0) -> Tube:
    num_frames = int(rng.integers(1, 12))
    corners = rng.integers(0, 30, (num_frames, 2)) + rng.random((num_frames, 2)) * rng.integers(0, 2)
    boxes = np.concatenate([corners, corners + rng.integers(5, 40, (num_frames, 2))], axis=1)
    return Tube(int(rng.integers(0, 8)), boxes, np.ones(num_frames), 1.0, label)


def near(rng: np.random.Generator, tube: Tube) -> Tube:
    """A tube that overlaps the given one: shifted by up to 3 pixels, its ends cut or kept."""
    first = int(rng.integers(0, min(2, len(tube))))
    boxes = tube.boxes[first:] + np.tile(rng.integers(-3, 4, 2), 2)
    return Tube(tube.start + first, boxes, np.ones(len(boxes)), 1.0, 0)


def random_scene(seed: int, num_classes: int = 3) -> list[tuple[str, list[Tube], list[Tube], np.ndarray]]:
    """Videos as (name, proposals, ground truth, scores ``(P, K)``), some without either, many scores equal."""
    rng = np.random.default_rng(seed)
    videos = []
    for index in range(5):
        truth = [random_tube(rng, int(rng.integers(0, num_classes))) for _ in range(rng.integers(0, 4))]
        if index == 0:
            truth.append(random_tube(rng, 0))  # a scene has at least one true tube
        tubes = [random_tube(rng) for _ in range(rng.integers(0, 4))]
        tubes += [near(rng, tube) for tube in truth for _ in range(rng.integers(0, 4))]
        tubes = [tubes[position] for position in rng.permutation(len(tubes))]
        scores = rng.integers(0, 6, (len(tubes), num_classes)) / 5
        videos.append((f"video_{rng.integers(0, 1000):04d}_{index}", tubes, truth, scores))
    return videos


def sparsely_annotated(rng: np.random.Generator, tube: Tube) -> Tube:
    """The tube annotated in its first, its last and some other frames."""
    annotated = rng.random(len(tube)) < 0.4
    annotated[[0, -1]] = True
    return replace(tube, annotated=annotated)


def sparse_scene(seed: int) -> list[tuple[str, list[Tube], list[Tube], np.ndarray]]:
    """A random scene, two thirds of whose true tubes are sparsely annotated; some scores are -inf."""
    rng = np.random.default_rng(seed)
    return [
        (
            name,
            tubes,
            [sparsely_annotated(rng, tube) if rng.random() < 2 / 3 else tube for tube in truth],
            np.where(rng.random(scores.shape) < 0.2, -np.inf, scores),
        )
        for name, tubes, truth, scores in random_scene(seed)
    ]
