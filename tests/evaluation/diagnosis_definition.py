"""The diagnosis once more, true tube by true tube and detection by detection, straight from its definition.

Nothing of actorsup.evaluation is used here.
"""

from .definitions import slow_area, slow_ranking


class SlowDiagnosis:
    """Errors of (name, tubes, ground truth, scores) tuples.

    Args:
        videos: the tuples.
        threshold: of overlap.
        background: the lesser one.
        overlap: of a tube with a true one.
        in_space: their overlap in space alone.
        rules: ``strict`` and ``best_unmatched``, as for ``slow_ranking``.
        envelope: how precision is summed.
    """

    def __init__(self, videos, threshold, background, overlap, in_space, rules, envelope):
        self.videos = {name: (tubes, truth, scores) for name, tubes, truth, scores in videos}
        self.background, self.overlap, self.in_space, self.envelope = background, overlap, in_space, envelope
        self.enough = (lambda value: value > threshold) if rules["strict"] else (lambda value: value >= threshold)
        self.labels = {(name, index): tube.label for name, _, truth, _ in videos for index, tube in enumerate(truth)}
        self.rankings = {
            label: slow_ranking(videos, label, threshold, overlap, **rules) for label in set(self.labels.values())
        }
        self.missed = {true: self.why_missed(*true) for true in self.labels}
        self.false = {
            (label, name, tube): self.why_false(label, name, tube)
            for label, ranking in self.rankings.items()
            for _, name, tube, hit in ranking
            if hit is None
        }

    def why_missed(self, name, index):
        tubes, truth, scores = self.videos[name]
        true, label = truth[index], truth[index].label
        ranking = self.rankings[label]
        num_best = sum(other == label for other in self.labels.values())
        if any((each[1], each[3]) == (name, index) for each in ranking[:num_best]):
            return "found"
        overlaps = [self.overlap(tube, true) for tube in tubes]
        covering = [number for number, value in enumerate(overlaps) if self.enough(value)]
        if not covering:
            if any(self.enough(self.in_space(tube, true)) for tube in tubes):
                return "wrong_time"
            return "poor_overlap" if any(value >= self.background for value in overlaps) else "not_proposed"
        if all(list(scores[number]).index(max(scores[number])) != label for number in covering):
            return "classified_wrongly"
        matched = any((each[1], each[3]) == (name, index) for each in ranking)
        return "ranked_low" if matched else "unmatched"

    def why_false(self, label, name, number):
        """The reason and the true tube that a correction would give it."""
        tubes, truth, _ = self.videos[name]
        same = {index: self.overlap(tubes[number], true) for index, true in enumerate(truth) if true.label == label}
        in_space = {index: self.in_space(tubes[number], truth[index]) for index in same}
        other = {index: self.overlap(tubes[number], true) for index, true in enumerate(truth) if true.label != label}
        if any(map(self.enough, same.values())):
            return "duplicate", None
        if any(map(self.enough, in_space.values())):
            return "wrong_time", max(in_space, key=in_space.get)
        if any(value >= self.background for value in same.values()):
            return "poor_overlap", max(same, key=same.get)
        if any(map(self.enough, other.values())):
            return "wrong_class", max(other, key=other.get)
        if any(value >= self.background for value in other.values()):
            return "wrong_class_poor_overlap", None
        return "background", None

    def mean(self, keep=lambda label, detection: True, added=()):
        """MAP of what is kept, and of true detections ``(label, score, name, tube)`` that are added."""
        values = []
        for label, ranking in self.rankings.items():
            kept = [
                (-score, name, tube, 0, hit is not None)
                for score, name, tube, hit in ranking
                if keep(label, (score, name, tube, hit))
            ]
            kept += [(-score, name, tube, 1, True) for of_label, score, name, tube in added if of_label == label]
            num_truth = sum(other == label for other in self.labels.values())
            values.append(slow_area([each[-1] for each in sorted(kept)], num_truth, self.envelope))
        return sum(values) / len(values)

    def if_found(self, reasons):
        chosen = [true for true, reason in self.missed.items() if reason in reasons]
        return self.mean(
            lambda label, detection: (detection[1], detection[3]) not in chosen,
            [(self.labels[true], float("inf"), *true) for true in chosen],
        )

    def if_corrected(self, reason):
        best = {}
        matched_at = {
            (name, hit): score
            for ranking in self.rankings.values()
            for score, name, _, hit in ranking
            if hit is not None
        }
        for label, ranking in sorted(self.rankings.items()):
            for score, name, tube, hit in ranking:
                if hit is None and self.false[label, name, tube][0] == reason:
                    target = name, self.false[label, name, tube][1]
                    if target[1] is not None:
                        best[target] = min(best.get(target, (1e9, 0)), (-score, tube))
        better = {
            target: (-negative, tube)
            for target, (negative, tube) in best.items()
            if -negative > matched_at.get(target, -float("inf"))
        }

        def keep(label, detection):
            _, name, tube, hit = detection
            if hit is not None:
                return (name, hit) not in better
            return self.false[label, name, tube][0] != reason

        added = [(self.labels[target], score, target[0], tube) for target, (score, tube) in better.items()]
        return self.mean(keep, added)
