"""The reference says of every array what its shape is, and of every box in which pixels it is."""

import dataclasses
import importlib
import inspect
import re

from tests.toy import REPOSITORY

MODULES = sorted(
    {
        name
        for page in (REPOSITORY / "docs/api").glob("*.md")
        for name in re.findall(r"automodule:: ([\w.]+)", page.read_text())
    }
)
ARRAY = re.compile(r"\b(np\.ndarray|ndarray|Tensor)\b")
# `(P, 4)`, `(T,)`, `(…, K)`; a word for what has none: a scalar, or a state of a module by the names of its tensors.
SHAPE = re.compile(r"\([A-Z…*½\d·' ₀-₉_bn+]+,[^)]*\)|\bscalars?\b|\bshapes?\b")


def public(module):
    """Public classes and functions of a module, by name."""
    found = importlib.import_module(module)
    names = getattr(found, "__all__", None) or [
        name for name, value in vars(found).items() if getattr(value, "__module__", "") == module and name[0] != "_"
    ]
    return {f"{module}.{name}": getattr(found, name) for name in names}


def documented():
    """Every public class and function with what its reader sees.

    That is its docstring; of a class also the comments ``#:`` of its attributes; of a method also what its class says,
    and the methods that it overrides.
    """
    for module in MODULES:
        for name, value in public(module).items():
            if inspect.isfunction(value):
                yield name, annotations_of(value), value.__doc__ or ""
            elif inspect.isclass(value):
                of_class = f"{value.__doc__ or ''} {' '.join(re.findall('#:(.*)', inspect.getsource(value)))}"
                if dataclasses.is_dataclass(value):
                    fields = dataclasses.fields(value)
                    yield name, [str(each.type) for each in fields if each.name[0] != "_"], of_class
                for attribute in vars(value):
                    function = function_of(value, attribute)
                    if function and (attribute[0] != "_" or attribute in ("__call__", "__init__")):
                        bases = [function_of(base, attribute) for base in value.__mro__[1:]]
                        texts = [function.__doc__, *(base.__doc__ for base in bases if base), of_class]
                        yield f"{name}.{attribute}", annotations_of(function), " ".join(filter(None, texts))


def function_of(owner, attribute):
    """The function of a method or property that a class has itself, if it is written by hand."""
    value = vars(owner).get(attribute)
    value = getattr(value, "__func__", getattr(value, "fget", value))
    generated = dataclasses.is_dataclass(owner) and attribute == "__init__"
    return value if inspect.isfunction(value) and not generated else None


def annotations_of(function):
    return [str(annotation) for annotation in inspect.get_annotations(function).values()]


def lacks_shape(annotations, text):
    return any(ARRAY.search(annotation) for annotation in annotations) and not SHAPE.search(text)


PARTS = sorted({name: (annotations, text) for name, annotations, text in documented()}.items())


def test_every_array_has_a_shape():
    assert [name for name, part in PARTS if lacks_shape(*part)] == []


def test_all_boxes_have_a_unit():
    boxes = [name for name, (_, text) in PARTS if re.search(r", 4\)", text)]
    assert len(boxes) > 20
    units = re.compile(r"\bpixels?\b|\bunits?\b|\bcells?\b")
    assert [name for name in boxes if not units.search(dict(PARTS)[name][1])] == []


def test_what_lacks_a_shape_is_found():
    assert lacks_shape(["<class 'numpy.ndarray'>"], "The boxes of a tube.")
    assert not lacks_shape(["<class 'numpy.ndarray'>"], "The boxes ``(T, 4)`` of a tube.")
    assert not lacks_shape(["<class 'int'>"], "How many.")
