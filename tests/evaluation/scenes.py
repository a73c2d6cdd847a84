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


PEER_CLASSES = ("walk", "run", "dive", "fence")


def drifting_tube(rng: np.random.Generator, label: int = 0) -> Tube:
    """A tube of 2 to 40 frames whose box drifts and changes its size."""
    num_frames = int(rng.integers(2, 41))
    corner = rng.uniform(0, 200, 2) + rng.normal(0, 1.5, (num_frames, 2)).cumsum(axis=0)
    size = rng.uniform(15, 70, 2) + np.abs(rng.normal(0, 0.5, (num_frames, 2)).cumsum(axis=0))
    boxes = np.concatenate([corner, corner + size], axis=1)
    return Tube(int(rng.integers(0, 40)), boxes, np.ones(num_frames), 1.0, label)


def loose_copy(rng: np.random.Generator, tube: Tube) -> Tube:
    """A tube about where the given one is, and about when."""
    start, end = (int(rng.integers(0, len(tube) // 3 + 1)) for _ in range(2))
    boxes = tube.boxes[start : len(tube) - end]
    if not len(boxes):
        start, boxes = 0, tube.boxes
    boxes = boxes + np.tile(rng.normal(0, 4, 2), 2) + rng.normal(0, 1, boxes.shape)
    longer = rng.integers(0, 8)
    boxes = np.concatenate([boxes, np.repeat(boxes[-1:], longer, axis=0)])
    return Tube(tube.start + start, boxes, np.ones(len(boxes)), 1.0, 0)


def peer_scene(seed: int, num_classes: int = 4) -> list[tuple[str, list[Tube], list[Tube], np.ndarray]]:
    """Videos as those of :func:`random_scene`, all scores different, every class with ground truth.

    The numbers of the peers in the tests are those of these scenes: what they hold must not change.
    """
    rng = np.random.default_rng(seed)
    videos = []
    for index in range(12):
        labels = [index % num_classes, *rng.integers(0, num_classes, rng.integers(0, 3)).tolist()]
        truth = [drifting_tube(rng, label) for label in labels]
        truth += [loose_copy(rng, truth[0])] if rng.random() < 0.5 else []  # two that overlap
        copied = [tube for tube in truth for _ in range(rng.integers(0, 5))]
        tubes = [loose_copy(rng, tube) for tube in copied] + [drifting_tube(rng) for _ in range(rng.integers(0, 4))]
        scores = rng.random((len(tubes), num_classes))
        scores[np.arange(len(copied)), [tube.label for tube in copied]] += 0.6
        videos.append((f"{PEER_CLASSES[index % num_classes]}/v_{index:02d}", tubes, truth, scores))
    return videos


def peer_frame_scene(seed: int, sparse: bool = False, num_classes: int = 4):
    """Videos as (name, ground truth, frames ``(n,)``, boxes ``(n, 4)``, scores ``(n, K)``), the boxes not linked.

    Some true tubes show two actions. Where ``sparse``, every fifth frame is annotated. Scores are different, one in ten
    is ``-inf``.
    """
    rng = np.random.default_rng(seed)
    videos = []
    for name, tubes, truth, scores in peer_scene(seed, num_classes):
        truth = truth + [replace(tube, label=(tube.label + 1) % num_classes) for tube in truth if rng.random() < 0.3]
        if sparse:
            truth = [_every_fifth(tube) for tube in truth]
            truth = [tube for tube in truth if tube is not None]
        frames = np.concatenate([np.arange(tube.start, tube.end) for tube in tubes] or [np.zeros(0, int)])
        boxes = np.concatenate([tube.boxes for tube in tubes] or [np.zeros((0, 4))])
        boxes = np.float32(boxes + rng.normal(0, 2, boxes.shape))
        boxes[:, 2:] = np.maximum(boxes[:, 2:], boxes[:, :2] + 1)
        scores = np.repeat(scores, [len(tube) for tube in tubes], axis=0) + rng.random((len(frames), num_classes)) / 2
        scores[rng.random(scores.shape) < 0.1] = -np.inf
        videos.append((name, truth, frames, boxes, scores))
    return videos


def _every_fifth(tube: Tube) -> Tube | None:
    """The tube annotated in the frames 0, 5, 10 … of its video, cut to them; None without one."""
    frames = np.arange(tube.start, tube.end)
    marked = np.flatnonzero(frames % 5 == 0)
    if not len(marked):
        return None
    first, last = marked[0], marked[-1] + 1
    boxes = tube.boxes[first:last]
    return Tube(tube.start + int(first), boxes, np.ones(len(boxes)), 1.0, tube.label, frames[first:last] % 5 == 0)
