"""Recall of the proposals, mean average precision of the ranked tubes, and the reasons of their errors."""

from collections.abc import Sequence
from dataclasses import replace

from actorsup.evaluation import functional
from actorsup.evaluation.functional import DiagnosedVideo, Diagnosis, ScoredVideo, VideoOverlaps
from actorsup.evaluation.functional.video_overlaps import check_background, check_limit, check_thresholds
from actorsup.registry import METRICS
from actorsup.structures import OverlapRule, VideoSample

from .base import MetricReport, SampleMetric, shared_overlaps


@METRICS.register_module()
class ProposalRecall(SampleMetric):
    """Share of the true tubes that the proposals which reach the model cover, whatever their scores.

    Gives what :meth:`actorsup.evaluation.functional.TubeRecall.as_dict` lists; the protocols are
    :data:`actorsup.evaluation.functional.RECALL_PROTOCOLS`.
    """

    def __init__(
        self, thresholds: Sequence[float] = (0.1, 0.2, 0.3, 0.5, 0.7), protocol: str = "apt", prefix: str | None = None
    ) -> None:
        super().__init__(prefix=prefix)
        self.thresholds = check_thresholds(thresholds)
        self.rule = functional.recall_protocol(protocol)

    def measure(self, sample: VideoSample) -> VideoOverlaps:
        """The overlaps of the proposals."""
        overlaps = shared_overlaps(sample, sample.proposals, [self.rule])[self.rule]
        overlaps.check_labels(len(self.classes))
        return overlaps

    def compute_metrics(self, results: list[VideoOverlaps]) -> dict[str, float]:
        """The numbers over all videos."""
        return functional.tube_recall(results, len(self.classes), self.thresholds).as_dict()


@METRICS.register_module()
class TubeMAP(SampleMetric):
    """Mean average precision of the tubes, each of which is a detection of every class with its score for that class.

    Gives ``mAP@θ`` and ``AP@θ/<class>`` under the chosen protocol, without classes that have no ground truth, and
    ``mAP@θ/<protocol>`` under ``other_protocols`` (None: all). ``report`` has a table of the protocols and one of the
    classes.
    """

    def __init__(
        self,
        thresholds: Sequence[float] = (0.2, 0.5),
        protocol: str = "act",
        other_protocols: Sequence[str] | None = None,
        max_per_class: int | None = None,
        prefix: str | None = None,
    ) -> None:
        super().__init__(prefix=prefix)
        self.thresholds = check_thresholds(thresholds)
        names = (protocol, *(functional.PROTOCOLS if other_protocols is None else other_protocols))
        self.protocols = {name: functional.average_precision_protocol(name) for name in names}  # the chosen one first
        check_limit(max_per_class, "max_per_class")
        self.max_per_class = max_per_class
        self.report: MetricReport | None = None

    def measure(self, sample: VideoSample) -> dict[OverlapRule, ScoredVideo]:
        """The ranked tubes as each protocol measures them."""
        return self.scored(sample, [protocol.overlap for protocol in self.protocols.values()])

    def compute_metrics(self, results: list[dict[OverlapRule, ScoredVideo]]) -> dict[str, float]:
        """The numbers over all videos."""
        measured = {
            name: functional.average_precision(
                [video[protocol.overlap] for video in results], self.thresholds, protocol, self.max_per_class
            )
            for name, protocol in self.protocols.items()
        }
        chosen, *others = measured
        numbers = measured[chosen].as_dict(self.classes)
        rows = []
        for row, threshold in enumerate(self.thresholds):
            means = {name: float(result.mean[row]) for name, result in measured.items()}
            numbers |= {f"mAP@{threshold:g}/{name}": means[name] for name in others}
            rows.append({"IoU": f"{threshold:g}", **means})
        tables = {"mAP by protocol": rows, f"AP by class, {chosen}": measured[chosen].per_class_table(self.classes)}
        self.report = MetricReport(tables, frozenset(numbers))
        return numbers


@METRICS.register_module()
class TubeDiagnosis(SampleMetric):
    """Why true tubes are missed and detections are false, as ``docs/evaluation.md`` defines.

    Gives ``missed@θ/<reason>``, the share of the true tubes, and ``missed_gain@θ/<reason>`` and
    ``false_gain@θ/<reason>``, what mAP would gain without those errors. ``report`` has a table of each, ``diagnosis``
    everything. An overlap below ``background`` is background.
    """

    def __init__(
        self,
        threshold: float = 0.5,
        background: float = 0.1,
        protocol: str = "act",
        max_per_class: int | None = None,
        prefix: str | None = None,
    ) -> None:
        super().__init__(prefix=prefix)
        (self.threshold,) = check_thresholds([threshold])
        check_background(background, threshold)
        self.background = background
        self.protocol_name = protocol
        self.protocol = functional.average_precision_protocol(protocol)
        check_limit(max_per_class, "max_per_class")
        self.max_per_class = max_per_class
        self.diagnosis: Diagnosis | None = None
        self.report: MetricReport | None = None

    def measure(self, sample: VideoSample) -> DiagnosedVideo:
        """The ranked tubes, as the protocol and in space alone."""
        rule = self.protocol.overlap
        in_space = replace(rule, spatial_only=True)
        scored = self.scored(sample, [rule, in_space])
        predicted = sample.tube_scores.argmax(axis=1)[sample.ranked_tubes.proposals]
        return DiagnosedVideo(scored[rule], scored[in_space].overlaps.iou, predicted)

    def compute_metrics(self, results: list[DiagnosedVideo]) -> dict[str, float]:
        """The numbers over all videos."""
        found = functional.diagnose(results, self.threshold, self.protocol, self.background, self.max_per_class)
        at = f"@{self.threshold:g}"
        total = sum(found.num_missed.values())
        numbers = {f"missed{at}/{reason}": found.num_missed[reason] / total for reason in functional.MISSED_REASONS}
        numbers |= {f"missed_gain{at}/{reason}": gain for reason, gain in found.missed_gains.items()}
        numbers |= {f"false_gain{at}/{reason}": gain for reason, gain in found.false_gains.items()}
        self.diagnosis = found
        tables = {
            f"diagnosis of true tubes, IoU {self.threshold:g}": found.missed_table(),
            f"diagnosis of detections, IoU {self.threshold:g}": found.false_table(),
        }
        self.report = MetricReport(tables, frozenset(numbers))
        return numbers
