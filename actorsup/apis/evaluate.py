"""Measuring a checkpoint."""

from pathlib import Path

from mmengine.config import Config
from mmengine.dist import is_main_process
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner

from actorsup.errors import InputError
from actorsup.utils import read_checkpoint

from .checkpoints import require_fit
from .config import require_files, with_proposals
from .launch import init_distributed
from .results import save_json


def evaluate(config: Config, checkpoint: str | Path, overlays: str | Path | None = None) -> dict[str, float]:
    """Measure a checkpoint on the test videos of a config.

    Writes ``test_metrics.json`` into the work directory.

    Args:
        config: as ``load_config`` returns it.
        checkpoint: made by training the same model.
        overlays: folder for a picture of each video with its best tubes; None for none.

    Returns:
        The numbers of the config's ``test_evaluator``.

    Raises:
        InputError: if files are missing or the checkpoint is of another model.
    """
    if not Path(checkpoint).is_file():
        raise InputError(f"{checkpoint}: no such checkpoint; training writes them into its work directory")
    config = with_proposals(config)
    require_files(config, "test_dataloader")
    if overlays is not None:
        config.custom_hooks = [*config.get("custom_hooks", []), {"type": "TubeOverlayHook", "folder": str(overlays)}]
    init_distributed(config)
    runner = Runner.from_cfg(config)
    loaded = read_checkpoint(str(checkpoint), owner="the config's model")
    model = runner.model.module if is_model_wrapper(runner.model) else runner.model
    classes = runner.test_dataloader.dataset.metainfo["classes"]
    require_fit(str(checkpoint), loaded, model, config, classes)
    # By the runner, so that hooks which keep weights of their own take part.
    runner.load_checkpoint(str(checkpoint), map_location="cpu", strict=True)
    metrics = {name: float(value) for name, value in runner.test().items()}
    if is_main_process():
        save_json(Path(config.work_dir) / "test_metrics.json", {"checkpoint": str(checkpoint), "metrics": metrics})
    return metrics
