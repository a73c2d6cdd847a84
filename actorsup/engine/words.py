"""Models whose head knows its classes by words, such as :class:`actorsup.models.heads.TextHead`."""

import copy
import logging
from collections.abc import Sequence

from mmengine.config import Config
from torch import nn

from actorsup.errors import InputError
from actorsup.registry import MODELS

from .config import DATALOADERS, dataset_configs, metainfo_of

WITHOUT_TRAINING = "the config words_openclip looks for actions by words, without training (docs/tutorials/words.md)"


def takes_words(config: Config) -> bool:
    """Whether the head of a config's model takes the names of its classes as texts, and needs no training."""
    head = config.get("model", {}).get("head", {}).get("type")
    return getattr(MODELS.get(head) if isinstance(head, str) else head, "takes_words", False)


def with_words(config: Config, classes: Sequence[str] | None = None) -> Config:
    """The config, whose head looks for these classes, None: those of its first dataset, if it takes words.

    Raises:
        InputError: if the head names others itself.
    """
    if not takes_words(config):
        return config
    named = config.model.head.get("classes")
    if classes is None:
        datasets = [{**settings} for settings in dataset_configs(config, DATALOADERS)]
        found = (settings.get("classes") or metainfo_of(settings).get("classes") for settings in datasets)
        classes = next(filter(None, found), named)
    if not classes:
        raise InputError(f"{config.filename}: name the actions: model.head.classes, or --actions of actorsup localize")
    if named and tuple(named) != tuple(classes):
        raise InputError(
            f"model.head.classes are {', '.join(named)}, those of the dataset or checkpoint {', '.join(classes)}: "
            "leave them out, and give phrases to a class whose name says too little"
        )
    return _with_classes(config, classes)


def with_actions(config: Config, actions: Sequence[str] | None) -> Config:
    """The config, to be used untrained, whose head looks for these actions; None: for those that it names.

    Raises:
        InputError: if the head has to be trained, or no action is named.
    """
    if not takes_words(config):
        raise InputError(f"{config.filename}: its head has to be trained, so give a checkpoint; {WITHOUT_TRAINING}")
    if isinstance(actions, str):
        raise InputError(f"actions are a list of texts, got the text {actions!r}")
    return with_words(config) if actions is None else _with_classes(config, actions)


def begin_untrained(model: nn.Module) -> None:
    """Give a model the weights and texts that it begins with, without mmengine's list of all of them."""
    before = logging.root.manager.disable
    logging.disable(logging.INFO)
    try:
        model.init_weights()
    finally:
        logging.disable(before)


def _with_classes(config: Config, classes: Sequence[str]) -> Config:
    config = copy.deepcopy(config)
    config.model.head.classes = tuple(classes)
    return config
