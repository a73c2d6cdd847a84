"""Parts of torchvision's classification models."""

from collections.abc import Mapping

import torchvision.models
from torch import nn
from torchvision.models.feature_extraction import create_feature_extractor

from actorsup.errors import InputError


def cut_torchvision_model(name: str, nodes: Mapping[str, str]) -> nn.Module:
    """A model with random weights, without what comes after its last node; its parameters bear torchvision's names.

    Args:
        name: torchvision's name of the model.
        nodes: what to give, ``{node: key}``, as ``torchvision.models.feature_extraction`` names nodes: a module stands
            for its last node.

    Returns:
        A module from images to ``{key: maps}``.

    Raises:
        InputError: if there is no such model or node.
    """
    if name not in torchvision.models.list_models(module=torchvision.models):
        raise InputError(
            f"torchvision has no classification model {name!r}: torchvision.models.list_models() names them"
        )
    model = torchvision.models.get_model(name, weights=None)
    try:
        return create_feature_extractor(model, dict(nodes))
    except ValueError as error:
        raise InputError(f"{name} cannot be cut at {', '.join(map(repr, nodes))}: {error}") from error
