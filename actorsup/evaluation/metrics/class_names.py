"""The classes that a metric reports."""

from actorsup.errors import InputError


def class_names(dataset_meta: dict | None) -> tuple[str, ...]:
    """The names in ``dataset_meta['classes']``; without them an :class:`InputError`."""
    names = (dataset_meta or {}).get("classes")
    if not names:
        raise InputError("the metric knows no classes: the evaluation data set's metainfo must hold 'classes'")
    return tuple(names)
