"""The reasons of errors as a metric."""

from collections.abc import Sequence
from dataclasses import replace

from mmengine.evaluator import BaseMetric

from actorsup.evaluation.functional import (
    MISSED_REASONS,
    DiagnosedVideo,
    Diagnosis,
    average_precision_protocol,
    diagnose,
)
from actorsup.evaluation.functional.video_overlaps import check_background, check_limit, check_thresholds
from actorsup.registry import METRICS
from actorsup.structures import VideoSample

from .predicted_videos import MetricReport, class_names, scored_video


@METRICS.register_module()
class TubeDiagnosis(BaseMetric):
    """Why true tubes are missed and detections are false, see :mod:`actorsup.evaluation.functional.diagnosis`.

    Gives ``missed@θ/<reason>``, the share of the true tubes, and ``missed_gain@θ/<reason>`` and
    ``false_gain@θ/<reason>``, what mAP would gain without those errors; all fractions. ``report`` has a table of each,
    ``diagnosis`` everything.

    Args:
        threshold: of overlap.
        background: overlap below which there is none to speak of.
        protocol: a name in :data:`actorsup.evaluation.functional.PROTOCOLS`.
        max_per_class: count only so many best tubes of each video for each class; None is all.
        prefix: put before the names of the numbers, to tell two metrics of one evaluator apart.
        collect_device: where mmengine gathers the results of all ranks, ``cpu`` or ``gpu``.
    """

    default_prefix = ""  # the names are clear without one; None would make mmengine warn

    def __init__(
        self,
        threshold: float = 0.5,
        background: float = 0.1,
        protocol: str = "act",
        max_per_class: int | None = None,
        prefix: str | None = None,
        collect_device: str = "cpu",
    ) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        (self.threshold,) = check_thresholds([threshold])
        check_background(background, threshold)
        self.background = background
        self.protocol_name = protocol
        self.protocol = average_precision_protocol(protocol)
        check_limit(max_per_class, "max_per_class")
        self.max_per_class = max_per_class
        self.diagnosis: Diagnosis | None = None
        self.report: MetricReport | None = None

    def process(self, data_batch: object, data_samples: Sequence[VideoSample]) -> None:
        """Measure the overlaps of each sample; unusable scores or labels end the run here, not at the end."""
        num_classes = len(class_names(self.dataset_meta))
        rule = self.protocol.overlap
        in_space = replace(rule, spatial_only=True)
        for sample in data_samples:
            scored = scored_video(sample, num_classes, list({rule: None, in_space: None}))
            predicted = sample.tube_scores.argmax(axis=1)[sample.ranked_tubes.proposals]
            self.results.append(DiagnosedVideo(scored[rule], scored[in_space].overlaps.iou, predicted))

    def compute_metrics(self, results: list[DiagnosedVideo]) -> dict[str, float]:
        """The numbers over all videos."""
        found = diagnose(results, self.threshold, self.protocol, self.background, self.max_per_class)
        at = f"@{self.threshold:g}"
        total = sum(found.num_missed.values())
        numbers = {f"missed{at}/{reason}": found.num_missed[reason] / total for reason in MISSED_REASONS}
        numbers |= {f"missed_gain{at}/{reason}": gain for reason, gain in found.missed_gains.items()}
        numbers |= {f"false_gain{at}/{reason}": gain for reason, gain in found.false_gains.items()}
        self.diagnosis = found
        tables = {
            f"diagnosis of true tubes, IoU {self.threshold:g}": found.missed_table(),
            f"diagnosis of detections, IoU {self.threshold:g}": found.false_table(),
        }
        self.report = MetricReport(tables, frozenset(numbers))
        return numbers
