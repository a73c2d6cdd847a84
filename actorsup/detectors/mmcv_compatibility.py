"""What mmdet needs where mmcv's operators are not built, and a fix of its SSD.

mmdet cannot be imported without ``mmcv._ext``, mmcv's one extension module. The substitute has torchvision's
non-maximum suppression, all that one-stage detectors need; every other operator raises an error when it is called.
"""

from collections.abc import Callable
from importlib import import_module
from importlib.machinery import ModuleSpec
from sys import modules
from types import ModuleType

from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import Tensor, nn
from torchvision.ops import nms

from actorsup.errors import InputError
from actorsup.installation import build_mmcv_operators
from actorsup.registry import HOOKS

EXTENSION = "mmcv._ext"


def provide_mmcv_operators() -> bool:
    """Install the substitute, unless mmcv has its operators, before mmdet is imported; return whether it is in use."""
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
        """Indices of the boxes ``(N, 4)`` to keep, best score ``(N,)`` first.

        ``offset`` is 1 if a box includes the pixels of its last row and column, so that its width is ``x2 − x1 + 1``.
        """
        order = scores.argsort(descending=True)  # of equal scores mmcv's first, which is not torchvision's
        return order[nms((boxes + boxes.new_tensor([0, 0, offset, offset]))[order], scores[order], iou_threshold)]

    def __getattr__(self, name: str) -> Callable:
        if name.startswith("__"):
            raise AttributeError(f"module {EXTENSION!r} has no attribute {name!r}")

        def missing(*arguments, **options):
            raise InputError(
                f"the detector needs mmcv's operator {name}, and mmcv was built without operators. Build them in about "
                f"15 minutes: `make setup WITH_MMCV_OPS=1` in a clone, or `{build_mmcv_operators()}`"
            )

        return missing


def fix_ssd_heads(model: nn.Module) -> None:
    """Give ``SSDHead`` the ``loss_cls`` without which no SSD of mmdet 3.3 or later predicts (mmdet's issue 11780)."""
    for module in model.modules():
        if type(module).__name__ == "SSDHead" and not hasattr(module, "loss_cls"):
            module.loss_cls = None


@HOOKS.register_module()
class SSDHeadCompatibilityHook(Hook):
    """:func:`fix_ssd_heads` for a model that mmengine's Runner trains or tests: validation predicts."""

    def before_run(self, runner: Runner) -> None:
        """Fix the runner's model."""
        fix_ssd_heads(runner.model)
