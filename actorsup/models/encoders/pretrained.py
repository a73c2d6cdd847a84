"""Weights of torchvision's classification models, by name or from a file."""

from http.client import HTTPException
from pathlib import Path

from mmengine.logging import print_log
from torch import nn
from torchvision.models import get_model_weights

from actorsup.errors import InputError
from actorsup.io.checkpoints import read_checkpoint

_HOW_TO_GIVE_A_FILE = "`weights=PATH` where the config names it"


def load_torchvision_weights(module: nn.Module, model_name: str, weights: str, prefix: str = "") -> None:
    """Load the part of a torchvision model that ``module`` holds; its parameters bear torchvision's names.

    Args:
        module: part of the model; what it lacks (the classifier) is left aside.
        model_name: torchvision's name of the model, such as ``vgg16``.
        weights: torchvision's name of the weights, such as ``IMAGENET1K_V1``, downloaded once into torch.hub's cache;
            or the path of a state dict of the whole model, or of a checkpoint that holds one.
        prefix: what the names of the model begin with in that file, where it is a part of another.

    Raises:
        InputError: if there is neither such a name nor such a file, the download fails, or the weights do not fit.
    """
    named_weights = get_model_weights(model_name).__members__
    if weights in named_weights:
        state, source = _download(model_name, weights, named_weights[weights]), f"torchvision's {model_name} {weights}"
    elif Path(weights).is_file():
        loaded = read_checkpoint(str(weights), owner=model_name)
        state, source = _without_prefix(loaded.get("state_dict", loaded), prefix), str(weights)
    else:
        raise InputError(
            f"weights {weights!r}: there is no such file, and torchvision's weights for {model_name} are "
            f"{', '.join(named_weights)}. Name one of these, or give an existing file by {_HOW_TO_GIVE_A_FILE}"
        )
    _load_used_part(module, state, source, model_name)
    print_log(f"{model_name}: loaded {len(module.state_dict())} tensors from {source}", logger="current")


def _download(model_name: str, weights: str, member) -> dict:
    try:
        return member.get_state_dict(progress=True, check_hash=True)
    except (OSError, RuntimeError, HTTPException) as error:  # RuntimeError: torch.hub's for a wrong checksum
        raise InputError(
            f"could not download the weights {weights} of {model_name} from {member.url} ({error}). Without a network, "
            f"fetch that file elsewhere and give its path by {_HOW_TO_GIVE_A_FILE}"
        ) from error


def _without_prefix(state: dict, prefix: str) -> dict:
    return {name.removeprefix(prefix): value for name, value in state.items() if name.startswith(prefix)}


def _load_used_part(module: nn.Module, state: dict, source: str, model_name: str) -> None:
    expected = module.state_dict()
    # Batch counters are missing from files older than they are, and are of no consequence.
    missing = [name for name in expected if name not in state and not name.endswith("num_batches_tracked")]
    if missing:
        raise InputError(
            f"{source} does not hold the weights of {model_name}: {len(missing)} of {len(expected)} tensors are "
            f"missing, first {missing[:3]}; it has {list(state)[:3]} …"
        )
    misshapen = [
        f"{name} {tuple(getattr(state[name], 'shape', ()))} instead of {tuple(tensor.shape)}"
        for name, tensor in expected.items()
        if name in state and getattr(state[name], "shape", None) != tensor.shape
    ]
    if misshapen:
        raise InputError(f"{source} does not fit {model_name}: {len(misshapen)} tensors differ, first {misshapen[:3]}")
    module.load_state_dict({name: state.get(name, tensor) for name, tensor in expected.items()})
