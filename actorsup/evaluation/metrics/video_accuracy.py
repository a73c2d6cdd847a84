"""Whether the class of a video is right, and whether its best tube is."""

from collections.abc import Sequence

import numpy as np
from mmengine.evaluator import BaseMetric

from actorsup.errors import InputError
from actorsup.evaluation.functional import ScoredVideo, average_precision_protocol, localization_accuracy
from actorsup.evaluation.functional.video_overlaps import check_thresholds, check_unique
from actorsup.registry import METRICS
from actorsup.structures import VideoSample, predicted_class

from .predicted_videos import class_names, scored_video


@METRICS.register_module()
class VideoAccuracy(BaseMetric):
    """``accuracy``: share of the videos, as a fraction, whose highest score is that of their label.

    Of equal highest scores the class with the lowest index counts. A video without tubes, to which the heads give all
    classes alike, is wrong.

    Args:
        prefix: put before the name of the number, to tell two metrics of one evaluator apart.
        collect_device: where mmengine gathers the results of all ranks, ``cpu`` or ``gpu``.
    """

    default_prefix = ""  # the name is clear without one; None would make mmengine warn

    def __init__(self, prefix: str | None = None, collect_device: str = "cpu") -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)

    def process(self, data_batch: object, data_samples: Sequence[VideoSample]) -> None:
        """Compare each video's best class with its label; unusable scores or labels end the run here."""
        num_classes = len(class_names(self.dataset_meta))
        for sample in data_samples:
            actual = None if sample.video_scores is None else sample.video_scores.shape
            if actual != (num_classes,):
                raise InputError(
                    f"{sample.video}: the {num_classes} classes of the data set need video scores of shape "
                    f"({num_classes},), the model gave {actual}: its num_classes must be that of the data set"
                )
            if np.isnan(sample.video_scores).any():
                raise InputError(f"{sample.video}: a score of the video is NaN: the model has diverged")
            if sample.label is None or not 0 <= sample.label < num_classes:
                raise InputError(
                    f"{sample.video}: accuracy needs the video's label, 0 to {num_classes - 1}, got {sample.label}"
                )
            given = predicted_class(sample.video_scores, has_tubes=bool(sample.proposals))
            self.results.append((sample.video, given == sample.label))

    def compute_metrics(self, results: list[tuple[str, bool]]) -> dict[str, float]:
        """The share of correct videos."""
        if not results:
            raise InputError("accuracy needs at least one video, the evaluation data set gave none")
        check_unique(video for video, _ in results)
        return {"accuracy": float(np.mean([correct for _, correct in results]))}


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
