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
from torch import nn

from actorsup.datasets import inner_datasets
from actorsup.errors import InputError
from actorsup.registry import HOOKS
from actorsup.structures import VideoSample

# With fewer videos, two classes are told apart in two thirds of them by chance.
MIN_VIDEOS = 32
# Of what the labels say. A model that learns has more after tens of iterations; one that does not has none, and what
# its loss differs by from chance is noise, mostly upwards: noise of logits costs.
MIN_GAIN = 0.02
UNIFORM = 1e-3  # the loss is ln K so exactly that all logits are alike
DEVIATIONS = 2  # standard deviations of the number of right classes


@HOOKS.register_module()
class EarlyWarningHook(Hook):
    """End a training whose loss is not finite; warn, once each, of what makes one useless.

    - More than a share ``max_without_tubes`` of the videos have no tube: training leaves them out, validation misses
      their true tubes.
    - One class takes a share ``max_one_class`` of the predictions of the last ``window`` iterations, in heads that
      learn from videos, though fewer labels are of it.
    - After an epoch, the loss ``loss_action`` of these heads is that of chance: by less than a share ``MIN_GAIN`` below
      the entropy of the labels, which is ln K where each of K classes has as many videos, while no more videos are
      classified right than chance explains. The second half of the last ``window`` iterations is looked at, as soon as
      it has ``MIN_VIDEOS`` videos.

    Of videos that show several classes, or none, only the first of these is said.
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
        self.losses: deque[float] = deque(maxlen=window)  # mean over the predictions of an iteration
        self.one_label = True  # each, so far
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
        predicted = getattr(_head(runner), "predicted_classes", None)
        if predicted is not None and self.one_label and not {"predictions", "chance"} <= self.warned:
            labels = [sample.labels for sample in data_batch["data_samples"] if len(sample.proposals)]
            self.one_label = all(len(of_video) == 1 for of_video in labels)
            self.predictions.append(predicted.tolist())
            self.labels.append([label for of_video in labels for label in of_video])
            # A head of another loss has another chance.
            self.losses.append(float(torch.as_tensor(outputs.get("loss_action", math.nan)).detach()))
            if self.one_label:
                self._look_at_predictions(runner)

    def after_train_epoch(self, runner: Runner) -> None:
        """Look at what the epoch has taught."""
        if not self.one_label:
            return
        half = len(self.losses) // 2
        batches = list(zip(self.losses, self.labels, self.predictions, strict=True))[half:]
        losses = [loss for loss, labels, _ in batches for _ in labels]
        labels = list(chain(*(labels for _, labels, _ in batches)))
        right = sum(map(int.__eq__, labels, chain(*(predictions for _, _, predictions in batches))))
        if len(labels) < MIN_VIDEOS:
            return
        shares = [count / len(labels) for count in Counter(labels).values()]
        chance = -sum(share * math.log(share) for share in shares)
        loss, by_chance = sum(losses) / len(losses), max(shares) * len(labels)
        by_luck = DEVIATIONS * math.sqrt(by_chance * (1 - max(shares)))
        if loss < (1 - MIN_GAIN) * chance or right > by_chance + by_luck or math.isnan(loss) or not chance:
            return
        uniform = math.log(_head(runner).num_classes)
        is_dead = max(abs(each - uniform) for each in losses) < UNIFORM
        self._warn(
            "chance",
            f"after epoch {runner.epoch + 1} the model is no better than chance: the loss of the last {len(labels)} "
            f"videos is {loss:.3f}, that of chance {chance:.3f}, and {right} of them are classified right. "
            + ("All classes are equally probable in each of them, as if no tube had a feature. " if is_dead else "")
            + "If the next epoch is no better, the usual reasons are: optim_wrapper.optimizer.lr is too high for this "
            "encoder (try a tenth) or too low (try ten times as much); a step that was too large, or wrong weights, "
            "have left the encoder's ReLUs dead, so that all features are 0; the labels are not those of the videos "
            "(`actorsup check` draws some); the tubes miss the actors (`actorsup eval-proposals` measures them)",
        )

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


def _head(runner: Runner) -> nn.Module | None:
    model = runner.model.module if is_model_wrapper(runner.model) else runner.model
    return getattr(model, "head", None)
