"""Localisation given the video's label as a metric."""

from collections.abc import Sequence

from mmengine.evaluator import BaseMetric

from actorsup.errors import InputError
from actorsup.evaluation.functional import ScoredVideo, average_precision_protocol, localization_accuracy
from actorsup.evaluation.functional.checks import check_thresholds
from actorsup.registry import METRICS
from actorsup.structures import VideoSample

from .class_names import class_names
from .ranked_tubes import scored_video


@METRICS.register_module()
class LocalizationGivenLabel(BaseMetric):
    """``localization@θ``: share of the videos, as a fraction, whose best tube for their true class is on the action.

    Beside the accuracy of the video's class it tells apart what :class:`TubeMAP` mixes: finding out what happens, and
    where.

    Args:
        thresholds: overlap thresholds.
        protocol: a name in :data:`actorsup.evaluation.functional.PROTOCOLS`, for overlap and threshold.
        prefix: put before the names of the numbers, to tell two metrics of one evaluator apart.
        collect_device: where mmengine gathers the results of all ranks, ``cpu`` or ``gpu``.
    """

    default_prefix = ""  # the names are clear without one; None would make mmengine warn

    def __init__(
        self,
        thresholds: Sequence[float] = (0.2, 0.5),
        protocol: str = "act",
        prefix: str | None = None,
        collect_device: str = "cpu",
    ) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        self.thresholds = check_thresholds(thresholds)
        self.protocol = average_precision_protocol(protocol)

    def process(self, data_batch: object, data_samples: Sequence[VideoSample]) -> None:
        """Measure the overlaps of each sample; unusable scores or labels end the run here, not at the end."""
        num_classes = len(class_names(self.dataset_meta))
        rule = self.protocol.overlap
        for sample in data_samples:
            if sample.label is None or not 0 <= sample.label < num_classes:
                raise InputError(
                    f"{sample.video}: localisation needs the video's label, 0 to {num_classes - 1}, got {sample.label}"
                )
            self.results.append((scored_video(sample, num_classes, [rule])[rule], sample.label))

    def compute_metrics(self, results: list[tuple[ScoredVideo, int]]) -> dict[str, float]:
        """The numbers over all videos."""
        videos, labels = zip(*results, strict=True) if results else ((), ())
        return localization_accuracy(videos, labels, self.thresholds, self.protocol).as_dict()
