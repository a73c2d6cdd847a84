"""Measuring a checkpoint."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mmengine.config import Config
from mmengine.dist import is_main_process
from mmengine.evaluator import BaseMetric
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner

from actorsup.datasets import inner_datasets
from actorsup.errors import InputError
from actorsup.evaluation.metrics import PredictedVideos, TubeDiagnosis
from actorsup.io.checkpoints import read_checkpoint
from actorsup.io.files import save_json
from actorsup.visualization import diagnosis_chart

from .checkpoint_match import require_fit
from .config import require_files, with_proposals
from .launch import init_distributed


@dataclass(frozen=True)
class Evaluation:
    """What the ``test_evaluator`` of a config found."""

    numbers: Mapping[str, float]  # by name, with the prefixes of the metrics
    tables: Mapping[str, Sequence[Mapping[str, str | int | float]]]  # rows by title, in the main process
    shown: frozenset[str]  # names of the numbers that the tables show already

    @property
    def rest(self) -> dict[str, float]:
        """The numbers that no table shows."""
        return {name: value for name, value in self.numbers.items() if name not in self.shown}


def evaluate(
    config: Config,
    checkpoint: str | Path,
    overlays: str | Path | None = None,
    diagnose_at: float | None = None,
) -> Evaluation:
    """Measure a checkpoint on the test videos of a config.

    Writes ``test_metrics.json`` into the work directory, ``predictions.json``, with the best tubes of each video, and
    where the errors are diagnosed ``diagnosis.json``, with an entry for each video, and ``diagnosis.png``.

    Args:
        config: as ``load_config`` returns it.
        checkpoint: made by training the same model.
        overlays: folder for a picture of each video with its best tubes; None for none.
        diagnose_at: the overlap at which errors are diagnosed, as the config's ``TubeMAP`` counts them, instead of what
            the config's ``test_evaluator`` says; None: as that says.

    Raises:
        InputError: if files are missing or the checkpoint is of another model.
    """
    path = str(checkpoint)
    if not Path(path).is_file():
        raise InputError(f"{path}: no such checkpoint; training writes them into its work directory")
    config = with_proposals(config)
    require_files(config, "test_dataloader")
    if overlays is not None:
        config.custom_hooks = [*config.get("custom_hooks", []), {"type": "TubeOverlayHook", "folder": str(overlays)}]
    if diagnose_at is not None:
        config.test_evaluator = _with_diagnosis(config.test_evaluator, diagnose_at)
    config.test_evaluator = _with_predictions(config.test_evaluator)
    init_distributed(config)
    runner = Runner.from_cfg(config)
    model = runner.model.module if is_model_wrapper(runner.model) else runner.model
    dataset = runner.test_dataloader.dataset
    loaded = read_checkpoint(path, owner="the config's model")
    require_fit(path, loaded, model, config, dataset.metainfo["classes"])
    # By the runner, so that hooks which keep weights of their own take part.
    runner.load_checkpoint(path, map_location="cpu", strict=True)
    numbers = {name: float(value) for name, value in runner.test().items()}
    metrics = runner.test_evaluator.metrics
    result = _with_tables(numbers, metrics)
    if is_main_process():
        folder = Path(config.work_dir)
        content = {"checkpoint": path, "metrics": result.numbers, "tables": result.tables}
        save_json(folder / "test_metrics.json", content)
        inner = inner_datasets(dataset)
        paths = {video: str(file.resolve()) for each in inner for video, file in each.videos()}
        kept = next(metric for metric in metrics if isinstance(metric, PredictedVideos))
        content = {
            "checkpoint": path,
            "classes": list(dataset.metainfo["classes"]),
            "reader": inner[0].reader,
            "videos": [{"path": paths[entry["video"]], **entry} for entry in kept.predictions],
        }
        save_json(folder / "predictions.json", content, indent=None)
        diagnosed = [metric for metric in metrics if isinstance(metric, TubeDiagnosis)]
        if diagnosed:
            save_json(folder / "diagnosis.json", {"checkpoint": path, "diagnoses": list(map(_diagnosis, diagnosed))})
            diagnosis_chart([one.diagnosis for one in diagnosed]).savefig(folder / "diagnosis.png", dpi=120)
    return result


def _metrics(evaluator: Mapping | Sequence[Mapping]) -> list[Mapping]:
    return [evaluator] if isinstance(evaluator, Mapping) else list(evaluator)


def _with_diagnosis(evaluator: Mapping | Sequence[Mapping], threshold: float) -> list[Mapping]:
    """The metrics of an evaluator, with one diagnosis, which counts the same detections as the first ``TubeMAP``."""
    metrics = [metric for metric in _metrics(evaluator) if metric["type"] != "TubeDiagnosis"]
    measured = next((metric for metric in metrics if metric["type"] == "TubeMAP"), {})
    same = {name: measured[name] for name in ("protocol", "max_per_class") if name in measured}
    return [*metrics, {"type": "TubeDiagnosis", "threshold": threshold, **same}]


def _with_predictions(evaluator: Mapping | Sequence[Mapping]) -> list[Mapping]:
    """The metrics of an evaluator, with one ``PredictedVideos``: the config's, or else ours."""
    metrics = _metrics(evaluator)
    is_there = any(metric["type"] == "PredictedVideos" for metric in metrics)
    return metrics if is_there else [*metrics, {"type": "PredictedVideos"}]


def _with_tables(numbers: Mapping[str, float], metrics: Sequence[BaseMetric]) -> Evaluation:
    tables, shown = {}, set()
    for metric in metrics:
        report = getattr(metric, "report", None)
        if report is not None:
            prefix = f"{metric.prefix}/" if metric.prefix else ""
            tables |= {f"{prefix}{title}": rows for title, rows in report.tables.items()}
            shown |= {f"{prefix}{name}" for name in report.shown}
    return Evaluation(numbers, tables, frozenset(shown))


def _diagnosis(metric: TubeDiagnosis) -> dict:
    """A diagnosis as it is kept."""
    found = metric.diagnosis
    return {
        "threshold": found.threshold,
        "background": metric.background,
        "protocol": metric.protocol_name,
        "classes": list(metric.dataset_meta["classes"]),
        "mAP": found.mean_average_precision,
        "true_tubes": found.missed_table(),
        "false_detections": found.false_table(),
        "videos": found.videos,
    }
