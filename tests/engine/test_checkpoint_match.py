import pytest
import torch
from mmengine.config import Config

from actorsup.engine.checkpoint_match import require_fit
from actorsup.errors import InputError

SETTINGS = {"type": "Net", "encoder": {"type": "VGG"}, "head": {"type": "TopK", "topk": 3}, "sizes": [(2, 3)]}


def fit(checkpoint, settings=SETTINGS, classes=("a", "b")):
    model = torch.nn.ModuleDict({"encoder": torch.nn.Linear(2, 2), "head": torch.nn.Linear(2, 3)})
    require_fit("some.pth", checkpoint, model, Config({"model": settings}), classes)


def checkpoint(head=3, settings=SETTINGS, classes=("a", "b"), **other):
    model = torch.nn.ModuleDict({"encoder": torch.nn.Linear(2, 2), "head": torch.nn.Linear(2, head)})
    meta = {"cfg": Config({"lr": 1, "model": settings}).pretty_text, "dataset_meta": {"classes": classes}}
    return {"state_dict": model.state_dict(), "meta": meta, **other}


def test_what_this_config_trained_fits():
    fit(checkpoint())


def test_what_an_older_checkpoint_does_not_keep_is_not_compared():
    fit(checkpoint()["state_dict"])
    fit({**checkpoint(), "meta": {"cfg": "model = build()", "dataset_meta": None}})
    fit({**checkpoint(), "meta": {"cfg": "no ( python"}})
    fit(checkpoint(), classes=None)


def test_settings_that_are_no_other_model_may_differ():
    fit(checkpoint(), settings={**SETTINGS, "head": {"type": "TopK", "topk": 5}})
    fit(checkpoint(), settings={**SETTINGS, "head": {**SETTINGS["head"], "ranking": {"type": "TubeRanking"}}})


@pytest.mark.parametrize("text", [torch.zeros(0), 3, "(" * 10_000, "x = " + "-" * 50_000 + "1", "model = {[]: 1}"])
def test_a_config_in_a_checkpoint_that_is_none_is_not_compared(text):
    fit({**checkpoint(), "meta": {"cfg": text}})


def whole_numbers():
    return {name: weight.long() for name, weight in checkpoint()["state_dict"].items()}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (whole_numbers(), r"4 weights of another kind: encoder\.weight \(torch\.int64 there, torch\.float32 here\)"),
        (checkpoint(classes=("a", 3)), r"classes: 1 there, 2 here; not in both: \('a', 3\)"),
        (checkpoint(classes=7), "classes: 1 there, 2 here; not in both: 7"),
        (checkpoint(head=4), r"2 weights of another shape: head\.weight \(\(4, 2\) there, \(3, 2\) here\), head\.bias"),
        (
            checkpoint(settings={**SETTINGS, "head": {"type": "Maximum"}}),
            r"model\.head\.type: Maximum there, TopK here",
        ),
        (checkpoint(classes=("a", "c")), "classes: class 1 is c there, b here"),
        (checkpoint(classes=("a", "b", "c")), "classes: 3 there, 2 here; not in both: c"),
        (checkpoint(classes=("a",)), "classes: 1 there, 2 here; not in both: b"),
        ({"state_dict": {}}, r"4 weights missing: encoder\.weight, encoder\.bias, head\.weight, head\.bias$"),
    ],
)
def test_every_difference_is_named(given, message):
    with pytest.raises(InputError, match=rf"(?ms)checkpoint some\.pth does not fit the config's model:.*{message}"):
        fit(given)


def test_weights_that_the_model_lacks_are_named_and_counted():
    given = checkpoint()
    given["state_dict"] |= {f"neck.{index}": torch.zeros(1) for index in range(7)}
    with pytest.raises(InputError, match=r"7 weights not in the model: neck\.0, .* neck\.4 …"):
        fit(given)


def test_the_config_in_a_checkpoint_is_not_run():
    given = {**checkpoint(), "meta": {"cfg": "model = dict(type=__import__('sys').exit(3))"}}
    fit(given)
