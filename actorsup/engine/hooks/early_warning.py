"""Warn early of a training that goes wrong."""

import logging
import math
from collections import Counter, deque
from itertools import chain

import torch
from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner

from actorsup.datasets import inner_datasets
from actorsup.errors import InputError
from actorsup.registry import HOOKS
from actorsup.structures import VideoSample


@HOOKS.register_module()
class EarlyWarningHook(Hook):
    """End a training whose loss is not finite; warn, once each, of what makes one useless.

    - More than a share ``max_without_tubes`` of the videos have no tube: training leaves them out, validation misses
      their true tubes.
    - One class takes a share ``max_one_class`` of the predictions of the last ``window`` iterations, in heads that
      learn from videos, though fewer labels are of it.
    """

    def __init__(self, max_without_tubes: float = 0.25, window: int = 100, max_one_class: float = 0.95) -> None:
        for name, share in (("max_without_tubes", max_without_tubes), ("max_one_class", max_one_class)):
            if not 0 <= share <= 1:
                raise InputError(f"EarlyWarningHook: {name} must be a share, 0 to 1, got {share}")
        if window < 1:
            raise InputError(f"EarlyWarningHook: window must be at least 1 iteration, got {window}")
        self.max_without_tubes, self.max_one_class = max_without_tubes, max_one_class
        self.labels: deque[list[int]] = deque(maxlen=window)
        self.predictions: deque[list[int]] = deque(maxlen=window)
        self.validated: list[bool] = []  # of each video of this validation, whether it has a tube
        self.warned: set[str] = set()

    def before_train(self, runner: Runner) -> None:
        """Look at the videos that the training leaves out."""
        datasets = inner_datasets(runner.train_dataloader.dataset)
        without = [video for dataset in datasets for video in getattr(dataset, "videos_without_tubes", ())]
        self._look_at_tubes(len(without), len(without) + sum(map(len, datasets)), "training leaves them out")

    def after_train_iter(self, runner: Runner, batch_idx: int, data_batch: dict | None = None, outputs=None) -> None:
        """Look at the loss and the predictions of an iteration."""
        loss = float(torch.as_tensor((outputs or {}).get("loss", 0.0)).detach())
        if not math.isfinite(loss):
            raise InputError(
                f"the loss of iteration {runner.iter + 1} is {loss}: the training has diverged. Lower "
                "optim_wrapper.optimizer.lr (a tenth), limit the gradients (optim_wrapper.clip_grad.max_norm=1.0), or "
                "leave --amp out; then start anew, or from a checkpoint before it"
            )
        model = runner.model.module if is_model_wrapper(runner.model) else runner.model
        predicted = getattr(getattr(model, "head", None), "predicted_classes", None)
        if predicted is not None and "predictions" not in self.warned:
            self.predictions.append(predicted.tolist())
            self.labels.append([sample.label for sample in data_batch["data_samples"] if len(sample.proposals)])
            self._look_at_predictions(runner)

    def before_val_epoch(self, runner: Runner) -> None:
        """Begin to count."""
        self.validated = []

    def after_val_iter(self, runner: Runner, batch_idx: int, data_batch: dict | None = None, outputs=()) -> None:
        """Count the videos that have tubes."""
        self.validated += [bool(sample.proposals) for sample in outputs if isinstance(sample, VideoSample)]

    def after_val_epoch(self, runner: Runner, metrics: dict[str, float] | None = None) -> None:
        """Look at the videos without tubes."""
        without = self.validated.count(False)
        self._look_at_tubes(without, len(self.validated), "in validation their true tubes are missed")

    def _look_at_tubes(self, num_without: int, num_videos: int, consequence: str) -> None:
        if num_without > self.max_without_tubes * num_videos:
            self._warn(
                consequence,
                f"{num_without} of {num_videos} videos have no tube; {consequence}. Lower the score_threshold of the "
                "detector, give it the actors that the videos show, or take another one, and make the proposals again; "
                "`actorsup eval-proposals` measures them",
            )

    def _look_at_predictions(self, runner: Runner) -> None:
        predictions, labels = Counter(chain(*self.predictions)), Counter(chain(*self.labels))
        total = predictions.total()
        if len(self.predictions) < self.predictions.maxlen or total < len(self.predictions):  # most have no tube
            return
        favourite, count = predictions.most_common(1)[0]
        if count >= self.max_one_class * total and labels[favourite] < self.max_one_class * labels.total():
            dataset = inner_datasets(runner.train_dataloader.dataset)[0]
            classes = getattr(dataset, "metainfo", {}).get("classes", ())
            name = dict(enumerate(classes)).get(favourite, favourite)
            self._warn(
                "predictions",
                f"iterations {runner.iter + 2 - len(self.predictions)} to {runner.iter + 1}: {count} of {total} videos "
                f"are given the class {name}, which {labels[favourite]} of them show. The model has learnt nothing but "
                "that class, or nothing yet: if the loss does not fall, change optim_wrapper.optimizer.lr or start "
                "from pretrained weights (model.encoder.weights), and see whether the labels of the videos are right",
            )

    def _warn(self, subject: str, message: str) -> None:
        if subject not in self.warned:
            self.warned.add(subject)
            print_log(f"early warning: {message}", logger="current", level=logging.WARNING)
