"""The measures once more, slowly, frame by frame and detection by detection, straight from their definitions.

Nothing of actorsup.evaluation is used here.
"""

import math
from functools import partial


def slow_iou(
    detection, truth, plus_detection=0, plus_truth=0, least_common_frames=1, spatial_only=False, steps=False
) -> float:
    """Mean over the common frames of the IoU of the two boxes, times the IoU of the times.

    Frames in which a sparsely annotated true tube is not annotated do not exist for either. Time is the number of
    frames, or that of the steps between them: what lies between frame numbers a and b, both included, is b − a long.
    """
    first = {detection.start + t: [float(v) for v in box] for t, box in enumerate(detection.boxes)}
    second = {truth.start + t: [float(v) for v in box] for t, box in enumerate(truth.boxes)}
    if truth.annotated is not None:
        second = {frame: box for frame, box in second.items() if truth.annotated[frame - truth.start]}
        first = {frame: box for frame, box in first.items() if frame in second}
    common = set(first) & set(second)
    if len(common) < least_common_frames:
        return 0.0
    total = 0.0
    for frame in sorted(common):
        a, b = first[frame], second[frame]
        a_right, a_bottom = a[2] + plus_detection, a[3] + plus_detection
        b_right, b_bottom = b[2] + plus_truth, b[3] + plus_truth
        width = min(a_right, b_right) - max(a[0], b[0])
        height = min(a_bottom, b_bottom) - max(a[1], b[1])
        if width > 0 and height > 0:
            area_a = (a_right - a[0]) * (a_bottom - a[1])
            area_b = (b_right - b[0]) * (b_bottom - b[1])
            total += width * height / (area_a + area_b - width * height)
    if spatial_only:
        return total / len(common)
    if steps:
        frames = sorted(set(first) | set(second))  # those that exist, numbered in order
        number = {frame: index for index, frame in enumerate(frames)}
        return total / len(common) * (number[max(common)] - number[min(common)]) / (len(frames) - 1)
    return total / len(set(first) | set(second))


def slow_recall(videos, threshold, num_classes, first=None, strict=False) -> tuple[float, float, float]:
    """Pooled recall, mean of the classes' recalls, and MABO of (name, proposals, ground truth, …) tuples."""
    best = {label: [] for label in range(num_classes)}
    for _, proposals, ground_truth, *_ in videos:
        for truth in ground_truth:
            best[truth.label].append(max([slow_iou(p, truth) for p in proposals[:first]], default=0.0))
    found = {
        label: [value > threshold if strict else value >= threshold for value in values]
        for label, values in best.items()
        if values
    }
    pooled = [value for values in found.values() for value in values]
    class_recalls = [sum(values) / len(values) for values in found.values()]
    class_means = [sum(values) / len(values) for values in best.values() if values]
    return sum(pooled) / len(pooled), sum(class_recalls) / len(class_recalls), sum(class_means) / len(class_means)


def slow_ranking(videos, label, threshold, overlap, strict=False, best_unmatched=True, max_per_class=None) -> list:
    """The detections of a class among (name, tubes, ground truth, scores) tuples, best first.

    Each is (score, name, index of the tube, index of the true tube that it finds or None).
    """
    missing = {name: [i for i, tube in enumerate(truth) if tube.label == label] for name, _, truth, _ in videos}
    every = {name: list(indices) for name, indices in missing.items()}
    tubes_of = {name: (tubes, truth) for name, tubes, truth, _ in videos}
    detections = []
    for name, tubes, _, scores in videos:
        own = sorted((-float(scores[index][label]), name, index) for index in range(len(tubes)))
        detections += [each for each in own if each[0] < math.inf][:max_per_class]
    ranking = []
    for negative, name, index in sorted(detections):
        tubes, truth = tubes_of[name]
        candidates = missing[name] if best_unmatched else every[name]
        values = [overlap(tubes[index], truth[candidate]) for candidate in candidates]
        hit = None
        if values:
            best = max(values)
            enough = best > threshold if strict else best >= threshold
            if enough and candidates[values.index(best)] in missing[name]:
                hit = candidates[values.index(best)]
                missing[name] = [other for other in missing[name] if other != hit]
        ranking.append((-negative, name, index, hit))
    return ranking


def slow_area(hits, num_truth, envelope=False) -> float:
    """AP of detections, best first, of which ``hits`` says whether each is true; ``num_truth`` divides recall."""
    curve, num_true, num_false = [(1.0, 0.0)], 0, 0
    for hit in hits:
        num_true, num_false = num_true + bool(hit), num_false + (not hit)
        curve.append((num_true / (num_true + num_false), num_true / num_truth))
    area = 0.0
    for index in range(1, len(curve)):
        step = curve[index][1] - curve[index - 1][1]
        if envelope:
            area += step * max(precision for precision, _ in curve[index:])
        else:
            area += step * (curve[index][0] + curve[index - 1][0]) / 2
    return area


def slow_ap(
    videos, label, threshold, overlap, strict=False, best_unmatched=True, envelope=False, max_per_class=None, added=0
) -> float:
    """AP of one class of (name, tubes, ground truth, scores) tuples; NaN without ground truth."""
    num_truth = sum(tube.label == label for _, _, truth, _ in videos for tube in truth)
    if num_truth == 0:
        return math.nan
    ranking = slow_ranking(videos, label, threshold, overlap, strict, best_unmatched, max_per_class)
    return slow_area([hit is not None for _, _, _, hit in ranking], num_truth + added, envelope)


def act_ap(videos, label, threshold, max_per_class=None) -> float:
    """ACT and MOC: boxes are pixels, one common frame counts, at least the threshold, trapezoid."""
    overlap = partial(slow_iou, plus_detection=1, plus_truth=1)
    return slow_ap(videos, label, threshold, overlap, max_per_class=max_per_class)


def voc_ap(videos, label, threshold, max_per_class=None) -> float:
    """Gurkirt Singh's: detected boxes alone are pixels, two common frames, more than the threshold, envelope."""
    overlap = partial(slow_iou, plus_detection=1, least_common_frames=2)
    return slow_ap(videos, label, threshold, overlap, strict=True, envelope=True, max_per_class=max_per_class)


def multisports_ap(videos, label, threshold, max_per_class=None) -> float:
    """MultiSports: continuous boxes, time between frame numbers, the best of all true tubes or none, envelope."""
    overlap = partial(slow_iou, least_common_frames=2, steps=True)
    return slow_ap(videos, label, threshold, overlap, best_unmatched=False, envelope=True, max_per_class=max_per_class)


def yowo_ap(videos, label, threshold, max_per_class=None) -> float:
    """YOWO: boxes are pixels, two common frames, at least the threshold, envelope, recall of 1e-5 tubes more."""
    overlap = partial(slow_iou, plus_detection=1, plus_truth=1, least_common_frames=2)
    return slow_ap(videos, label, threshold, overlap, envelope=True, max_per_class=max_per_class, added=1e-5)


def spatial_ap(videos, label, threshold, max_per_class=None) -> float:
    """ACT, but the mean over the common frames."""
    overlap = partial(slow_iou, plus_detection=1, plus_truth=1, spatial_only=True)
    return slow_ap(videos, label, threshold, overlap, max_per_class=max_per_class)


SLOW_PROTOCOLS = {
    "act": act_ap,
    "voc": voc_ap,
    "multisports": multisports_ap,
    "yowo": yowo_ap,
    "spatial": spatial_ap,
}


def slow_frame_ap(videos, label, threshold, plus=0, best_unmatched=True, envelope=True, frames=None) -> float:
    """AP of the boxes of one class of (name, tubes, ground truth, scores) tuples; NaN without ground truth.

    ``frames`` are those of each video that count. Each box has its tube's score; of equal ones the order is that of
    videos, tubes and frames.
    """
    true, detections = {}, []
    for name, tubes, truth, scores in videos:
        for tube in truth:
            for row, box in enumerate(tube.boxes):
                frame = tube.start + row
                if tube.label == label and frame in frames[name] and (tube.annotated is None or tube.annotated[row]):
                    true.setdefault((name, frame), []).append([float(value) for value in box])
        for index, tube in enumerate(tubes):
            for row, box in enumerate(tube.boxes):
                if scores[index][label] > -math.inf and tube.start + row in frames[name]:
                    key = -float(scores[index][label]), name, index, tube.start + row
                    detections.append((*key, [float(value) for value in box]))
    num_truth = sum(map(len, true.values()))
    if not num_truth:
        return math.nan
    hits, taken = [], set()
    for _, name, _, frame, a in sorted(detections):
        values = []
        for number, b in enumerate(true.get((name, frame), [])):
            width = min(a[2], b[2]) + plus - max(a[0], b[0])
            height = min(a[3], b[3]) + plus - max(a[1], b[1])
            common = max(width, 0) * max(height, 0)
            areas = [(box[2] - box[0] + plus) * (box[3] - box[1] + plus) for box in (a, b)]
            if not best_unmatched or (name, frame, number) not in taken:
                values.append((common / (sum(areas) - common), -number))
        value, number = max(values, default=(0, 0))
        hits.append(value >= threshold and (name, frame, -number) not in taken)
        if hits[-1]:
            taken.add((name, frame, -number))
    return slow_area(hits, num_truth, envelope)
