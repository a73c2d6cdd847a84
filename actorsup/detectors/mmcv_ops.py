"""A substitute for mmcv's compiled operators where mmcv was built without them: what mmdet's one-stage detectors need.

mmcv takes all its operators from one extension module, ``mmcv._ext``, and mmdet cannot be imported without it. Here the
module is given by torchvision's non-maximum suppression; every other operator of it raises an error when it is called.
"""

from collections.abc import Callable
from importlib import import_module
from importlib.machinery import ModuleSpec
from sys import modules
from types import ModuleType

from torch import Tensor
from torchvision.ops import nms

from actorsup.errors import InputError
from actorsup.installation import build_mmcv_operators

EXTENSION = "mmcv._ext"


def provide_mmcv_operators() -> bool:
    """Install the substitute, unless mmcv has its own operators; to be called before mmdet is imported.

    Returns:
        Whether the substitute is in use.
    """
    try:
        return isinstance(import_module(EXTENSION), SubstituteOperators)
    except ImportError:
        modules[EXTENSION] = SubstituteOperators()
        return True


class SubstituteOperators(ModuleType):
    """The module ``mmcv._ext``, by what torchvision has."""

    def __init__(self) -> None:
        super().__init__(EXTENSION, __doc__)
        self.__spec__ = ModuleSpec(EXTENSION, loader=None)

    @staticmethod
    def nms(boxes: Tensor, scores: Tensor, iou_threshold: float, offset: int) -> Tensor:
        """Indices of the boxes ``(N, 4)`` to keep, best score first, on any device.

        Args:
            boxes: corners.
            scores: ``(N,)``.
            iou_threshold: a box that overlaps a better one by more is dropped.
            offset: 1 if a box includes the pixels of its last row and column, so that its width is ``x2 − x1 + 1``.
        """
        order = scores.argsort(descending=True)  # of equal scores mmcv's first, which is not torchvision's
        return order[nms((boxes + boxes.new_tensor([0, 0, offset, offset]))[order], scores[order], iou_threshold)]

    def __getattr__(self, name: str) -> Callable:
        if name.startswith("__"):
            raise AttributeError(f"module {EXTENSION!r} has no attribute {name!r}")

        def missing(*arguments, **options):
            raise InputError(
                f"the detector needs mmcv's operator {name}, and mmcv was built without operators. Build them, which "
                "takes about 15 minutes on two cores: `make setup WITH_MMCV_OPS=1` in a clone, or "
                f"`{build_mmcv_operators()}`"
            )

        return missing
