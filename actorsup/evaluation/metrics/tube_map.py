"""Mean average precision of the ranked tubes as a metric."""

from collections.abc import Sequence

from mmengine.evaluator import BaseMetric

from actorsup.errors import InputError
from actorsup.evaluation.functional import (
    ScoredVideo,
    VideoOverlaps,
    average_precision,
    average_precision_protocol,
)
from actorsup.evaluation.functional.checks import check_limit, check_thresholds
from actorsup.registry import METRICS
from actorsup.structures import VideoSample

from .class_names import class_names


@METRICS.register_module()
class TubeMAP(BaseMetric):
    """Mean average precision of the tubes, each of which is a detection of every class with its score for that class.

    Gives ``mAP@θ`` and ``AP@θ/<class>`` as fractions in 0..1; classes without ground truth are left out.

    Args:
        thresholds: overlap thresholds.
        protocol: a name in :data:`actorsup.evaluation.functional.PROTOCOLS`.
        max_per_class: count only so many best tubes of each video for each class; None is all.
        prefix: put before the names of the numbers, to tell two metrics of one evaluator apart.
        collect_device: where mmengine gathers the results of all ranks, ``cpu`` or ``gpu``.
    """

    default_prefix = ""  # the names are clear without one; None would make mmengine warn

    def __init__(
        self,
        thresholds: Sequence[float] = (0.2, 0.5),
        protocol: str = "act",
        max_per_class: int | None = None,
        prefix: str | None = None,
        collect_device: str = "cpu",
    ) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        self.thresholds = check_thresholds(thresholds)
        self.protocol = average_precision_protocol(protocol)
        check_limit(max_per_class, "max_per_class")
        self.max_per_class = max_per_class

    def process(self, data_batch: object, data_samples: Sequence[VideoSample]) -> None:
        """Measure the overlaps of each sample; unusable scores or labels end the run here, not at the end."""
        num_classes = len(class_names(self.dataset_meta))
        for sample in data_samples:
            expected = (len(sample.proposals), num_classes)
            actual = None if sample.tube_scores is None else sample.tube_scores.shape
            if actual != expected:
                raise InputError(
                    f"{sample.video}: the {expected[0]} proposals and {expected[1]} classes of the data set need tube "
                    f"scores of shape {expected}, the model gave {actual}: its num_classes must be that of the data set"
                )
            overlaps = VideoOverlaps.from_tubes(
                sample.video, sample.proposals, sample.ground_truth, self.protocol.overlap
            )
            self.results.append(ScoredVideo(overlaps, sample.tube_scores))

    def compute_metrics(self, results: list[ScoredVideo]) -> dict[str, float]:
        """The numbers over all videos."""
        result = average_precision(results, self.thresholds, self.protocol, self.max_per_class)
        return result.as_dict(class_names(self.dataset_meta))
