"""Recall of the proposals as a metric."""

from collections.abc import Sequence

from mmengine.evaluator import BaseMetric

from actorsup.evaluation.functional import VideoOverlaps, recall_protocol, tube_recall
from actorsup.evaluation.functional.video_overlaps import check_thresholds
from actorsup.registry import METRICS
from actorsup.structures import VideoSample

from .predicted_videos import class_names


@METRICS.register_module()
class ProposalRecall(BaseMetric):
    """Share of the true tubes that the proposals of a sample cover, whatever their scores.

    Gives what :meth:`actorsup.evaluation.functional.TubeRecall.as_dict` lists, as fractions. It sees the proposals that
    reach the model; a data set that passes on 20 of 50 is measured by those 20.

    Args:
        thresholds: overlap thresholds.
        protocol: a name in :data:`actorsup.evaluation.functional.RECALL_PROTOCOLS`.
        prefix: put before the names of the numbers, to tell two metrics of one evaluator apart.
        collect_device: where mmengine gathers the results of all ranks, ``cpu`` or ``gpu``.
    """

    default_prefix = ""  # the names are clear without one; None would make mmengine warn

    def __init__(
        self,
        thresholds: Sequence[float] = (0.1, 0.2, 0.3, 0.5, 0.7),
        protocol: str = "apt",
        prefix: str | None = None,
        collect_device: str = "cpu",
    ) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        self.thresholds = check_thresholds(thresholds)
        self.rule = recall_protocol(protocol)

    def process(self, data_batch: object, data_samples: Sequence[VideoSample]) -> None:
        """Measure the overlaps of each sample; a true label outside the classes ends the run here, not at the end."""
        num_classes = len(class_names(self.dataset_meta))
        for sample in data_samples:
            overlaps = VideoOverlaps.from_tubes(sample.video, sample.proposals, sample.ground_truth, self.rule)
            overlaps.check_labels(num_classes)
            self.results.append(overlaps)

    def compute_metrics(self, results: list[VideoOverlaps]) -> dict[str, float]:
        """The numbers over all videos."""
        return tube_recall(results, len(class_names(self.dataset_meta)), self.thresholds).as_dict()
