"""Mean average precision of tubes, and of pairs of actor and action."""

from collections.abc import Sequence

import numpy as np
from mmengine.evaluator import BaseMetric

from actorsup.errors import InputError
from actorsup.evaluation.functional import PROTOCOLS, ScoredVideo, average_precision, average_precision_protocol
from actorsup.evaluation.functional.video_overlaps import check_limit, check_thresholds
from actorsup.registry import METRICS
from actorsup.structures import OverlapRule, VideoSample

from .predicted_videos import MetricReport, class_names, scored_video


@METRICS.register_module()
class TubeMAP(BaseMetric):
    """Mean average precision of the tubes, each of which is a detection of every class with its score for that class.

    Gives ``mAP@θ`` and ``AP@θ/<class>`` under the chosen protocol, and ``mAP@θ/<protocol>`` under the others, as
    fractions in 0..1; classes without ground truth are left out. ``report`` has a table of the protocols side by side
    and one of the classes.

    Args:
        thresholds: overlap thresholds.
        protocol: a name in :data:`actorsup.evaluation.functional.PROTOCOLS`.
        other_protocols: names of those that are measured too; None: all others.
        max_per_class: count only so many best tubes of each video for each class; None is all.
        prefix: put before the names of the numbers, to tell two metrics of one evaluator apart.
        collect_device: where mmengine gathers the results of all ranks, ``cpu`` or ``gpu``.
    """

    default_prefix = ""  # the names are clear without one; None would make mmengine warn

    def __init__(
        self,
        thresholds: Sequence[float] = (0.2, 0.5),
        protocol: str = "act",
        other_protocols: Sequence[str] | None = None,
        max_per_class: int | None = None,
        prefix: str | None = None,
        collect_device: str = "cpu",
    ) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        self.thresholds = check_thresholds(thresholds)
        names = (protocol, *(PROTOCOLS if other_protocols is None else other_protocols))
        self.protocols = {name: average_precision_protocol(name) for name in names}  # the chosen one is the first
        check_limit(max_per_class, "max_per_class")
        self.max_per_class = max_per_class
        self.report: MetricReport | None = None

    def process(self, data_batch: object, data_samples: Sequence[VideoSample]) -> None:
        """Measure the overlaps of each sample; unusable scores or labels end the run here, not at the end."""
        num_classes = len(class_names(self.dataset_meta))
        rules = {protocol.overlap: None for protocol in self.protocols.values()}
        self.results.extend(scored_video(sample, num_classes, list(rules)) for sample in data_samples)

    def compute_metrics(self, results: list[dict[OverlapRule, ScoredVideo]]) -> dict[str, float]:
        """The numbers over all videos."""
        measured = {
            name: average_precision(
                [video[protocol.overlap] for video in results], self.thresholds, protocol, self.max_per_class
            )
            for name, protocol in self.protocols.items()
        }
        chosen, *others = measured
        classes = class_names(self.dataset_meta)
        numbers = measured[chosen].as_dict(classes)
        rows = []
        for row, threshold in enumerate(self.thresholds):
            means = {name: float(result.mean[row]) for name, result in measured.items()}
            numbers |= {f"mAP@{threshold:g}/{name}": means[name] for name in others}
            rows.append({"IoU": f"{threshold:g}", **means})
        tables = {"mAP by protocol": rows, f"AP by class, {chosen}": measured[chosen].per_class_table(classes)}
        self.report = MetricReport(tables, frozenset(numbers))
        return numbers


@METRICS.register_module()
class PairPrecision(BaseMetric):
    """Means over pairs, from what ``SiamesePairs`` predicts.

    ``loss`` and ``accuracy`` (balanced, a fraction) as in training; ``center_error``, the distance in pixels of the
    search crop from the highest response to the target; ``precision@<radius>``, the fraction of pairs where it is at
    most that.

    Args:
        radius: in pixels of the search crop.
        prefix: put before the names of the numbers, to tell two metrics of one evaluator apart.
        collect_device: where mmengine gathers the results of all ranks, ``cpu`` or ``gpu``.
    """

    default_prefix = ""  # the names are clear without one; None would make mmengine warn

    def __init__(self, radius: float = 16.0, prefix: str | None = None, collect_device: str = "cpu") -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        self.radius = radius

    def process(self, data_batch: object, data_samples: Sequence[dict[str, float]]) -> None:
        """Note the numbers of a batch's pairs."""
        self.results.extend((sample["loss"], sample["accuracy"], sample["center_error"]) for sample in data_samples)

    def compute_metrics(self, results: list[tuple[float, float, float]]) -> dict[str, float]:
        """The means."""
        if not results:
            raise InputError("the precision on pairs needs at least one pair, the evaluation data set gave none")
        loss, accuracy, errors = np.array(results).T
        return {
            "loss": float(loss.mean()),
            "accuracy": float(accuracy.mean()),
            "center_error": float(errors.mean()),
            f"precision@{self.radius:g}": float((errors <= self.radius).mean()),
        }
