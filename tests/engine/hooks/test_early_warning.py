import logging
import warnings as warnings_module
from types import SimpleNamespace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from mmengine.logging import MMLogger

from actorsup.engine.hooks import EarlyWarningHook
from actorsup.errors import InputError
from actorsup.registry import HOOKS
from actorsup.structures import Tube, VideoSample

TUBE = Tube.still([0, 0, 10, 10], 2)


@pytest.fixture
def warnings(monkeypatch):
    """The warnings that are logged."""
    heard = []
    monkeypatch.setattr(
        "actorsup.engine.hooks.early_warning.print_log",
        lambda message, logger, level: heard.append(message) if level == logging.WARNING else None,
    )
    return heard


def sample(labels: int | tuple[int, ...], tubes=(TUBE,)) -> VideoSample:
    """A video of one label, or of those of a tuple."""
    shape, labels = (len(tubes), 2), labels if isinstance(labels, tuple) else (labels,)
    return VideoSample("v", np.arange(2), torch.zeros(*shape, 4), torch.ones(*shape, dtype=bool), labels, tuple(tubes))


class Videos(list):
    metainfo = {"classes": ("walk", "run")}  # noqa: RUF012
    videos_without_tubes = ()


def runner_of(dataset=None, predicted=None, num_classes=2) -> SimpleNamespace:
    head = SimpleNamespace(predicted_classes=predicted, num_classes=num_classes)
    loader = SimpleNamespace(dataset=Videos() if dataset is None else dataset)
    return SimpleNamespace(model=SimpleNamespace(head=head), train_dataloader=loader, iter=0, epoch=0)


def train(hook: EarlyWarningHook, batches) -> None:
    """Iterations of (classes given, classes shown)."""
    for index, (given, shown) in enumerate(batches):
        runner = runner_of(predicted=torch.tensor(given))
        runner.iter = index
        data = {"data_samples": [sample(label) for label in shown]}
        hook.after_train_iter(runner, index, data, {"loss": torch.tensor(1.0)})


@pytest.mark.parametrize("loss", [float("nan"), float("inf")])
def test_a_loss_that_is_not_finite_ends_the_training_and_says_what_to_do(loss):
    hook = HOOKS.build({"type": "EarlyWarningHook"})
    with pytest.raises(InputError, match=r"loss of iteration 1 is (nan|inf).*Lower optim_wrapper.optimizer.lr"):
        hook.after_train_iter(runner_of(), 0, {}, {"loss": torch.tensor(loss)})


def test_a_loss_that_is_finite_is_read_in_silence():
    loss = torch.ones((), requires_grad=True) * 2
    with warnings_module.catch_warnings():
        warnings_module.simplefilter("error")
        EarlyWarningHook().after_train_iter(runner_of(), 0, {}, {"loss": loss})


def test_many_videos_that_training_leaves_out_are_counted_inside_wrappers(warnings):
    few, many = Videos([0] * 7), Videos([0] * 2)
    few.videos_without_tubes, many.videos_without_tubes = ("a",), ("b", "c", "d")
    wrapped = SimpleNamespace(datasets=[SimpleNamespace(dataset=few), many])
    EarlyWarningHook(max_without_tubes=0.3).before_train(runner_of(wrapped))
    assert len(warnings) == 1
    assert "4 of 13 videos have no tube; training leaves them out. Lower the score_threshold" in warnings[0]
    EarlyWarningHook(max_without_tubes=4 / 13).before_train(runner_of(wrapped))
    assert len(warnings) == 1


def test_videos_without_tubes_in_validation_are_told_once(warnings):
    hook = EarlyWarningHook()
    for _ in range(2):
        hook.before_val_epoch(runner_of())
        hook.after_val_iter(runner_of(), 0, None, [sample(0), sample(0), sample(1, ())])
        hook.after_val_epoch(runner_of(), {})
    assert len(warnings) == 1
    assert "1 of 3 videos have no tube; in validation" in warnings[0]


def test_one_class_that_takes_all_predictions_of_the_window_is_named_once(warnings):
    hook = EarlyWarningHook(window=3)
    train(hook, [([0, 1], [0, 1]), ([1, 1], [0, 1]), ([1, 1], [0, 1])])
    assert warnings == []  # the first iteration is in the window yet
    train(hook, [([1, 1], [0, 1])] * 4)
    assert len(warnings) == 1
    assert "6 of 6 videos are given the class run, which 3 of them show" in warnings[0]


def test_a_class_that_is_all_that_the_videos_show_is_rightly_predicted(warnings):
    train(EarlyWarningHook(window=2), [([1, 1], [1, 1])] * 5)
    assert warnings == []


def test_an_unfilled_window_says_nothing_and_videos_without_tubes_do_not_count(warnings):
    hook = EarlyWarningHook(window=2)
    train(hook, [([1], [0])])
    assert warnings == []
    empty = runner_of(predicted=torch.tensor([], dtype=torch.int64))
    for _ in range(3):
        hook.after_train_iter(empty, 0, {"data_samples": [sample(0, ())]}, {"loss": torch.tensor(0.0)})
    assert warnings == []


def epoch_of(hook: EarlyWarningHook, logits: np.ndarray, labels: np.ndarray, batch_size: int = 4) -> None:
    """An epoch of a model that gives videos these logits ``(n, K)``."""
    logits, labels = torch.as_tensor(logits, dtype=torch.float32), torch.as_tensor(labels)
    for of_batch, shown in zip(logits.split(batch_size), labels.split(batch_size), strict=True):
        runner = runner_of(predicted=of_batch.argmax(dim=1), num_classes=logits.shape[1])
        loss = F.cross_entropy(of_batch, shown)
        data = {"data_samples": [sample(label) for label in shown.tolist()]}
        hook.after_train_iter(runner, 0, data, {"loss": loss + 7, "loss_action": loss})
    hook.after_train_epoch(runner_of(num_classes=logits.shape[1]))


LABELS = np.arange(140) % 7
ONE_HOT = np.eye(7)[LABELS]


def test_a_loss_that_is_still_that_of_chance_is_told_once_with_the_usual_reasons(warnings):
    hook = EarlyWarningHook(max_one_class=1.0)
    for _ in range(3):
        epoch_of(hook, np.zeros((140, 7)), LABELS)
    (warning,) = (each for each in warnings if "no better than chance" in each)
    assert (
        "after epoch 1 the model is no better than chance: the loss of the last 72 videos is 1.946, that of" in warning
    )
    assert "chance 1.945" in warning
    for reason in (
        "as if no tube had a feature",
        "lr is too high",
        "too low",
        "ReLUs dead",
        "labels",
        "the tubes miss",
    ):
        assert reason in warning


@pytest.mark.parametrize(
    ("logits", "warned"),
    [
        (np.random.default_rng(0).normal(0, 1, (140, 7)), True),  # noise costs: the loss is above chance
        (np.random.default_rng(0).normal(0, 0.1, (140, 7)), True),
        (0.5 * ONE_HOT, False),  # a loss of 1.55
        (np.random.default_rng(0).normal(0, 1, (140, 7)) + ONE_HOT, False),
        (0.01 * ONE_HOT, False),  # all are right already, though the loss is 1.94
        (
            20 * np.eye(7)[np.where(np.arange(140) % 2, LABELS, 0)],
            False,
        ),  # half of them right, the others at a high loss
    ],
)
def test_a_model_that_learns_is_not_taken_for_chance(warnings, logits, warned):
    epoch_of(EarlyWarningHook(), logits, LABELS)
    assert ["as if no tube" in each for each in warnings if "chance" in each] == [False] * warned


@pytest.mark.parametrize(("gain", "warned"), [(0.0, True), (0.4, False)])
def test_chance_knows_how_frequent_the_classes_are(warnings, gain, warned):
    labels = (np.arange(100) % 10 == 0).astype(int)
    logits = np.log([[0.9, 0.1]]) + gain * np.array([[1, -1], [-1, 1]])[labels]
    epoch_of(EarlyWarningHook(), logits, labels)
    assert [("chance 0.3" in each) for each in warnings] == [True] * warned


def test_a_few_videos_are_no_evidence_and_are_waited_for(warnings):
    hook = EarlyWarningHook()
    for epoch in range(8):
        assert warnings == [], epoch
        epoch_of(hook, np.zeros((8, 2)), np.arange(8) % 2)
    assert len(warnings) == 1
    assert "the loss of the last 32 videos" in warnings[0]


def test_what_was_not_yet_learnt_in_the_first_half_is_forgiven(warnings):
    half = np.arange(140)[:, None] < 68
    epoch_of(EarlyWarningHook(), np.where(half, np.random.default_rng(0).normal(0, 9, (140, 7)), ONE_HOT), LABELS)
    assert warnings == []


def test_one_class_and_other_losses_have_no_chance_to_compare_with(warnings):
    epoch_of(EarlyWarningHook(), np.zeros((64, 2)), np.zeros(64, int))
    hook = EarlyWarningHook()
    for index in range(64):
        data = {"data_samples": [sample(index % 2)]}
        hook.after_train_iter(runner_of(predicted=torch.tensor([0])), index, data, {"loss": torch.tensor(0.7)})
    hook.after_train_epoch(runner_of())
    assert warnings == []


@pytest.mark.parametrize("odd", [(), (0, 1), None])
@pytest.mark.parametrize("at", [0, 39])
def test_where_a_video_shows_several_classes_or_none_predictions_and_chance_are_not_looked_at(warnings, odd, at):
    hook = EarlyWarningHook(window=40)
    labels = [[0, 1] for _ in range(120)]
    if odd is not None:
        labels[at][1] = odd
    for index, shown in enumerate(labels):
        losses = {"loss": torch.tensor(0.7), "loss_action": torch.tensor(0.7)}
        data = {"data_samples": [sample(of_video) for of_video in shown]}
        hook.after_train_iter(runner_of(predicted=torch.tensor([0, 0])), index, data, losses)
    hook.after_train_epoch(runner_of())
    assert len(warnings) == (2 if odd is None else 0)
    with pytest.raises(InputError, match="loss of iteration"):  # which is said as ever
        hook.after_train_iter(runner_of(), 0, {}, {"loss": torch.tensor(float("nan"))})


def test_the_labels_of_a_video_without_tubes_do_not_matter(warnings):
    hook = EarlyWarningHook(window=2)
    for index in range(3):
        data = {"data_samples": [sample(0), sample((0, 1), ()), sample(1), sample((), ())]}
        hook.after_train_iter(runner_of(predicted=torch.tensor([0, 0])), index, data, {"loss": torch.tensor(1.0)})
    assert len(warnings) == 1
    assert "4 of 4 videos are given the class walk, which 2 of them show" in warnings[0]


def test_models_without_predictions_of_videos_are_watched_for_their_loss_alone(warnings):
    runner = SimpleNamespace(model=object(), iter=0)
    EarlyWarningHook(window=1).after_train_iter(runner, 0, {}, {"loss": torch.tensor(1.0)})
    assert warnings == []


def test_warnings_reach_the_log(capsys):
    MMLogger.get_instance("early_warning_test")
    dataset = Videos()
    dataset.videos_without_tubes = ("a",)
    EarlyWarningHook().before_train(runner_of(dataset))
    assert "WARNING - early warning: 1 of 1 videos have no tube" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_without_tubes": 1.5}, "max_without_tubes must be a share, 0 to 1, got 1.5"),
        ({"max_one_class": -1}, "max_one_class must be a share, 0 to 1, got -1"),
        ({"window": 0}, "window must be at least 1 iteration, got 0"),
    ],
)
def test_settings_out_of_range_are_named(options, message):
    with pytest.raises(InputError, match=message):
        EarlyWarningHook(**options)
