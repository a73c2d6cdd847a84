"""Makes SSD of mmdet 3.3 and later able to predict."""

from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import nn

from actorsup.registry import HOOKS


def mend_ssd_heads(model: nn.Module) -> None:
    """Give mmdet's ``SSDHead`` the ``loss_cls`` that its prediction asks for and its constructor leaves out.

    Without, every SSD of mmdet 3.3 and later fails as soon as it predicts (mmdetection's issue 11780, still open). What
    is asked is only whether the loss has classes of its own, as that of one data set has.
    """
    for module in model.modules():
        if type(module).__name__ == "SSDHead" and not hasattr(module, "loss_cls"):
            module.loss_cls = None


@HOOKS.register_module()
class MendSSDHeads(Hook):
    """:func:`mend_ssd_heads` for a model that mmengine's Runner trains or tests: validation predicts."""

    def before_run(self, runner: Runner) -> None:
        """Mend the runner's model."""
        mend_ssd_heads(runner.model)
