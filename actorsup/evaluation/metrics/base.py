"""What all metrics share; overlaps are computed once for all metrics of an evaluator."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from mmengine.evaluator import BaseMetric

from actorsup.errors import InputError
from actorsup.evaluation.functional import ScoredVideo, VideoOverlaps
from actorsup.structures import OverlapRule, RankedTubes, Tube, VideoSample


@dataclass(frozen=True)
class MetricReport:
    """Tables of a metric, in its attribute ``report`` of the main process once it is computed."""

    tables: Mapping[str, Sequence[Mapping[str, str | int | float]]]  #: rows of the same keys, by title
    shown: frozenset[str]  #: names of the numbers, without prefix, that the tables show already
    #: What papers print: rows of ``measure``, ``protocol``, ``IoU`` and ``value``, a fraction.
    summary: Sequence[Mapping[str, str | float]] = ()


def summary_text(rows: Sequence[Mapping[str, str | float]]) -> str:
    """Rows of :attr:`MetricReport.summary` as lines in percent, like COCO's, and all of them as one row for LaTeX."""
    if not rows:
        return ""
    wide = {name: max(len(row[name]) for row in rows) for name in ("measure", "protocol", "IoU")}
    lines = [
        f"{row['measure']:{wide['measure']}}  {row['protocol']:{wide['protocol']}}"
        f" @[ IoU={row['IoU']:{wide['IoU']}} ] = {100 * row['value']:5.1f}"
        for row in rows
    ]
    return "\n".join([*lines, " & ".join(f"{100 * row['value']:.1f}" for row in rows)]) + "\n"


class SampleMetric(BaseMetric):
    """Notes one result for every sample, and makes numbers of all of them in ``compute_metrics``."""

    default_prefix = ""  # the names are clear without one; None would make mmengine warn

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes; an :class:`InputError` if the dataset has none."""
        names = (self.dataset_meta or {}).get("classes")
        if not names:
            raise InputError("the metric knows no classes: the evaluation dataset's metainfo must hold 'classes'")
        return tuple(names)

    @abstractmethod
    def measure(self, sample: Any) -> Any:
        """The result of a sample, usually a :class:`VideoSample`; an :class:`InputError` if it cannot be used."""

    def process(self, data_batch: object, data_samples: Sequence) -> None:
        """Measure each sample; one that cannot be used ends the run here, not at the end."""
        self.results.extend(map(self.measure, data_samples))

    def ranked(self, sample: VideoSample) -> RankedTubes:
        """The sample's ranked tubes; an :class:`InputError` unless they have a score for every class."""
        ranked = sample.ranked_tubes
        self.check_shape(sample, "tube", ranked.scores, (len(ranked.tubes), len(self.classes)))
        return ranked

    def scored(self, sample: VideoSample, rules: Sequence[OverlapRule]) -> dict[OverlapRule, ScoredVideo]:
        """The sample's ranked tubes with their scores, their overlaps measured by each rule."""
        ranked = self.ranked(sample)
        scores = np.asarray(ranked.scores, dtype=np.float64)  # one array for all rules
        overlaps = shared_overlaps(sample, ranked.tubes, rules)
        return {rule: ScoredVideo(each, scores) for rule, each in overlaps.items()}

    def check_shape(self, sample: VideoSample, kind: str, scores: np.ndarray | None, expected: tuple[int, ...]) -> None:
        """Raise :class:`InputError` unless the model gave scores of the expected shape."""
        actual = None if scores is None else scores.shape
        if actual != expected:
            raise InputError(
                f"{sample.video}: the {len(self.classes)} classes of the dataset need {kind} scores of shape "
                f"{expected}, the model gave {actual}: its num_classes must be that of the dataset"
            )


# By sample and tubes; an entry goes with its sample. Proposals that nothing post-processed are the ranked tubes.
_OVERLAPS: WeakKeyDictionary[VideoSample, dict[int, dict[OverlapRule, VideoOverlaps]]] = WeakKeyDictionary()


def shared_overlaps(
    sample: VideoSample, tubes: tuple[Tube, ...], rules: Sequence[OverlapRule]
) -> dict[OverlapRule, VideoOverlaps]:
    """Overlaps of the sample's proposals or ranked tubes with its true tubes, each rule measured once a sample."""
    known = _OVERLAPS.setdefault(sample, {}).setdefault(id(tubes), {})
    if missing := [rule for rule in dict.fromkeys(rules) if rule not in known]:
        known |= VideoOverlaps.under_rules(sample.video, tubes, sample.ground_truth, missing)
    return {rule: known[rule] for rule in rules}
