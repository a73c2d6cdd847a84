"""Recall of the proposals, mean average precision of the ranked tubes and their boxes, and the reasons of errors."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from actorsup.evaluation import functional
from actorsup.evaluation.functional import (
    AveragePrecision,
    DiagnosedVideo,
    Diagnosis,
    FrameBoxes,
    FrameMatches,
    ScoredVideo,
    VideoOverlaps,
)
from actorsup.evaluation.functional.video_overlaps import (
    check_background,
    check_excluded,
    check_limit,
    check_nms,
    check_thresholds,
)
from actorsup.registry import METRICS
from actorsup.structures import OverlapRule, VideoSample, suppress

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
    """Mean average precision of the tubes (video-mAP); each is a detection of every class with its score for it.

    Gives ``mAP@θ`` and ``AP@θ/<class>`` under the chosen protocol, without classes that have no ground truth, the same
    for its ranges of thresholds, as ``mAP@0.5:0.95``, and ``mAP@θ/<protocol>`` under ``other_protocols`` (None: all).
    ``report`` has a table of the protocols and one of the classes, with their recall.

    ``nms`` first suppresses, for each class, tubes that overlap a better one by more than it, measured by each
    protocol: with ``act`` and 0.3 it is what MOC prints. ``excluded_classes`` are left out.
    """

    def __init__(
        self,
        thresholds: Sequence[float] = (0.2, 0.5, 0.75),
        protocol: str = "act",
        other_protocols: Sequence[str] | None = None,
        max_per_class: int | None = None,
        nms: float | None = None,
        excluded_classes: Sequence[str] = (),
        prefix: str | None = None,
    ) -> None:
        super().__init__(prefix=prefix)
        self.thresholds = check_thresholds(thresholds)
        names = (protocol, *(functional.PROTOCOLS if other_protocols is None else other_protocols))
        self.protocols = {name: functional.average_precision_protocol(name) for name in names}  # the chosen one first
        check_limit(max_per_class, "max_per_class")
        check_nms(nms)
        self.max_per_class = max_per_class
        self.nms = nms
        self.excluded_classes = excluded_classes
        self.report: MetricReport | None = None

    def measure(self, sample: VideoSample) -> dict[OverlapRule, ScoredVideo]:
        """The ranked tubes as each protocol measures them."""
        rules = [protocol.overlap for protocol in self.protocols.values()]
        scored = suppressed(self.scored(sample, rules), sample, self.nms)
        excluded = check_excluded(self.excluded_classes, self.classes)
        return {rule: video.without(excluded) for rule, video in scored.items()}

    def compute_metrics(self, results: list[dict[OverlapRule, ScoredVideo]]) -> dict[str, float]:
        """The numbers over all videos."""
        ranges = next(iter(self.protocols.values())).ranges
        measured = {
            name: functional.average_precision(
                [video[protocol.overlap] for video in results], self.thresholds, protocol, self.max_per_class, ranges
            )
            for name, protocol in self.protocols.items()
        }
        numbers, self.report = map_report(measured, self.classes)
        return numbers


@METRICS.register_module()
class FrameMAP(SampleMetric):
    """Mean average precision of the boxes in single frames (frame-mAP); each has its tube's scores.

    Gives ``frame_mAP@θ`` and ``frame_AP@θ/<class>`` under the chosen protocol, a name in
    :data:`actorsup.evaluation.functional.FRAME_PROTOCOLS`, and ``frame_mAP@θ/<protocol>`` under ``other_protocols``
    (None: all). ``report`` has a table of the protocols and one of the classes, with their recall.
    ``excluded_classes`` are left out.
    """

    def __init__(
        self,
        thresholds: Sequence[float] = (0.5,),
        protocol: str = "act",
        other_protocols: Sequence[str] | None = None,
        excluded_classes: Sequence[str] = (),
        prefix: str | None = None,
    ) -> None:
        super().__init__(prefix=prefix)
        self.thresholds = check_thresholds(thresholds)
        names = (protocol, *(functional.FRAME_PROTOCOLS if other_protocols is None else other_protocols))
        self.protocols = {name: functional.frame_protocol(name) for name in names}  # the chosen one first
        self.excluded_classes = excluded_classes
        self.report: MetricReport | None = None

    def measure(self, sample: VideoSample) -> FrameMatches:
        """The true boxes under each protocol."""
        ranked = self.ranked(sample)
        excluded = check_excluded(self.excluded_classes, self.classes)
        boxes = FrameBoxes.from_tubes(sample.video, ranked.tubes, ranked.scores)
        return functional.match_frames(boxes, sample.ground_truth, self.thresholds, self.protocols, excluded=excluded)

    def compute_metrics(self, results: list[FrameMatches]) -> dict[str, float]:
        """The numbers over all videos."""
        measured = functional.frame_average_precision(results, self.thresholds, self.protocols)
        numbers, self.report = map_report(measured, self.classes, "frame ")
        return numbers


def map_report(
    measured: Mapping[str, AveragePrecision], classes: Sequence[str], kind: str = ""
) -> tuple[dict[str, float], MetricReport]:
    """Numbers and tables of what protocols measured, the chosen one first; a kind but tubes stands before names."""
    chosen, *others = measured
    prefix = kind.replace(" ", "_")
    numbers = measured[chosen].as_dict(classes, prefix)
    means = {name: result.means() for name, result in measured.items()}
    rows = []
    for at in means[chosen]:
        numbers |= {f"{prefix}mAP@{at}/{name}": means[name][at] for name in others}
        rows.append({"IoU": at, **{name: means[name][at] for name in measured}})
    tables = {
        f"{kind}mAP by protocol": rows,
        f"{kind}AP by class, {chosen}": measured[chosen].per_class_table(classes),
    }
    measure = f"{kind or 'video '}mAP"
    summary = [
        {"measure": measure, "protocol": chosen, "IoU": at, "value": value} for at, value in means[chosen].items()
    ]
    return numbers, MetricReport(tables, frozenset(numbers), summary)


def suppressed(
    scored: Mapping[OverlapRule, ScoredVideo], sample: VideoSample, nms: float | None
) -> Mapping[OverlapRule, ScoredVideo]:
    """The scored videos after non-maximum suppression by each rule; as they are without."""
    if nms is None:
        return scored
    tubes = sample.ranked_tubes.tubes
    return {
        rule: ScoredVideo(video.overlaps, suppress(tubes, video.scores, nms, rule)) for rule, video in scored.items()
    }


@METRICS.register_module()
class TubeDiagnosis(SampleMetric):
    """Why true tubes are missed and detections are false, as ``docs/evaluation.md`` defines.

    Gives ``missed@θ/<reason>``, the share of the true tubes, and ``missed_gain@θ/<reason>`` and
    ``false_gain@θ/<reason>``, what mAP would gain without those errors. ``report`` has a table of each, ``diagnosis``
    everything. An overlap below ``background`` is background; ``nms`` and ``excluded_classes`` are those of
    :class:`TubeMAP`.
    """

    def __init__(
        self,
        threshold: float = 0.5,
        background: float = 0.1,
        protocol: str = "act",
        max_per_class: int | None = None,
        nms: float | None = None,
        excluded_classes: Sequence[str] = (),
        prefix: str | None = None,
    ) -> None:
        super().__init__(prefix=prefix)
        (self.threshold,) = check_thresholds([threshold])
        check_background(background, threshold)
        self.background = background
        self.protocol_name = protocol
        self.protocol = functional.average_precision_protocol(protocol)
        check_limit(max_per_class, "max_per_class")
        check_nms(nms)
        self.max_per_class = max_per_class
        self.nms = nms
        self.excluded_classes = excluded_classes
        self.diagnosis: Diagnosis | None = None
        self.report: MetricReport | None = None

    def measure(self, sample: VideoSample) -> DiagnosedVideo:
        """The ranked tubes, as the protocol and in space alone."""
        rule = self.protocol.overlap
        in_space = replace(rule, spatial_only=True)
        scored = self.scored(sample, [rule, in_space])
        (video,) = suppressed({rule: scored[rule]}, sample, self.nms).values()
        excluded = check_excluded(self.excluded_classes, self.classes)
        predicted = sample.tube_scores.argmax(axis=1)[sample.ranked_tubes.proposals]
        return DiagnosedVideo(video.without(excluded), scored[in_space].without(excluded).overlaps.iou, predicted)

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
