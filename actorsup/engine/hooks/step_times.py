"""Where the time of a training step goes."""

import time

import torch
from mmengine.dist import get_world_size
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner

from actorsup.registry import HOOKS

Mark = float | torch.cuda.Event


@HOOKS.register_module()
class StepTimesHook(Hook):
    """Log the parts of a training step in seconds, and the frames of all processes that are trained on in a second.

    Beside ``time``, the whole step, and ``data_time``, waiting for frames, of mmengine's ``IterTimerHook``, which comes
    before: ``forward_time`` of the model and its loss, with the frames' way to the device, and ``backward_time``, what
    is left: gradients, their exchange between processes, the optimizer.
    """

    def before_train(self, runner: Runner) -> None:
        """Watch the model."""
        self._marks: list[Mark] = []
        model = runner.model.module if is_model_wrapper(runner.model) else runner.model
        device = next(model.parameters()).device

        def note(*_) -> None:
            self._marks.append(_now(device))

        self._watched = [
            model.data_preprocessor.register_forward_pre_hook(note),
            runner.model.register_forward_hook(note),
        ]

    def after_train(self, runner: Runner) -> None:
        """Watch it no longer."""
        for watched in self._watched:
            watched.remove()

    def before_train_iter(self, runner: Runner, batch_idx: int, data_batch: dict | None = None) -> None:
        """Begin a step."""
        self._marks.clear()

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: dict | None = None, outputs: dict | None = None
    ) -> None:
        """Log the step."""
        hub = runner.message_hub
        if not {"train/time", "train/data_time"} <= hub.log_scalars.keys():
            return  # the other hook is turned off
        whole, waiting = (hub.get_scalar(f"train/{name}").current() for name in ("time", "data_time"))
        num_frames = sum(len(video) for video in data_batch["inputs"])
        hub.update_scalar("train/frames_per_second", num_frames * get_world_size() / whole)
        if len(self._marks) == 2:  # not where a model's train_step does without its forward, or calls it again
            forward = _seconds(*self._marks)
            hub.update_scalar("train/forward_time", forward)
            hub.update_scalar("train/backward_time", max(0.0, whole - waiting - forward))


def _now(device: torch.device) -> Mark:
    """The time; on a GPU the time when it gets here, which is not waited for."""
    if device.type != "cuda":
        return time.perf_counter()
    event = torch.cuda.Event(enable_timing=True)
    event.record()
    return event


def _seconds(begin: Mark, end: Mark) -> float:
    if isinstance(begin, float):
        return end - begin
    end.synchronize()
    return begin.elapsed_time(end) / 1e3
