"""Measure a checkpoint."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mmengine.config import Config
from mmengine.dist import is_main_process
from mmengine.evaluator import BaseMetric
from mmengine.model import is_model_wrapper

from actorsup.datasets import inner_datasets
from actorsup.datasets.predictions import write_predictions
from actorsup.errors import InputError
from actorsup.evaluation.metrics import KeptTubes, PredictedVideos, TubeDiagnosis, summary_text
from actorsup.io.checkpoints import read_checkpoint
from actorsup.io.files import save, save_csv, save_json
from actorsup.visualization import diagnosis_chart, save_figure

from .checkpoint_match import exported_settings, is_exported, require_fit, require_same
from .config import require_files, require_work_dir, with_proposals
from .features import with_features
from .launch import init_distributed
from .runner import ConsoleRunner
from .words import begin_untrained, with_actions, with_words

UNTRAINED = "no checkpoint: classes by words"


@dataclass(frozen=True)
class Evaluation:
    """What the ``test_evaluator`` of a config found."""

    numbers: Mapping[str, float]  # by name, with the prefixes of the metrics
    tables: Mapping[str, Sequence[Mapping[str, str | int | float]]]  # rows by title, in the main process
    rest: Mapping[str, float]  # the numbers that no table shows
    summary: str = ""  # the lines that papers print


def evaluate(
    config: Config,
    checkpoint: str | Path | None,
    overlays: str | Path | None = None,
    diagnose_at: float | None = None,
    predictions: str | Path | None = None,
) -> Evaluation:
    """Measure a checkpoint, or a model that was exported to ONNX, on the test videos of a config.

    None for the checkpoint measures an untrained model that knows its classes by words.

    Writes into the work directory ``test_metrics.json``, ``summary.txt``, each table as a CSV file in ``tables``,
    ``predictions.json`` with the best tubes of each video, and where errors are diagnosed ``diagnosis.json``, with an
    entry for each video, and ``diagnosis.png``; into ``overlays``, a picture of each video with its best tubes.
    ``diagnose_at`` is the overlap at which errors are diagnosed, as the config's ``TubeMAP`` counts them; None leaves
    that to the config's ``test_evaluator``. Into the file ``predictions`` go all tubes with all scores
    (``write_predictions``).
    """
    path = None if checkpoint is None else str(checkpoint)
    if path is not None and not Path(path).is_file():
        raise InputError(f"{path}: no such checkpoint; training writes them into its work directory")
    require_work_dir(config)
    config = with_proposals(config)
    require_files(config, "test_dataloader")
    exported, loaded, settings = path is not None and is_exported(path), None, config.model
    if exported:
        config.model = exported_settings(config, path)
    else:
        config = with_actions(config, None) if path is None else with_words(config)
        loaded = None if path is None else read_checkpoint(path, owner="the config's model")
        config = with_features(config, ["test_dataloader"], loaded)
    if overlays is not None:
        config.custom_hooks = [*config.get("custom_hooks", []), {"type": "TubeOverlayHook", "folder": str(overlays)}]
    config.test_evaluator = _completed(config.test_evaluator, diagnose_at)
    if predictions is not None:
        config.test_evaluator.append({"type": "KeptTubes"})
    init_distributed(config)
    runner = ConsoleRunner.from_cfg(config)
    model = runner.model.module if is_model_wrapper(runner.model) else runner.model
    dataset = runner.test_dataloader.dataset
    if path is None:
        begin_untrained(model)
    elif exported:
        require_same(model, settings, dataset.metainfo["classes"])
    else:
        require_fit(path, loaded, model, config, dataset.metainfo["classes"])
        runner.load_checkpoint(path, map_location="cpu", strict=True)  # tells hooks that keep weights of their own
    numbers = {name: float(value) for name, value in runner.test().items()}
    metrics = runner.test_evaluator.metrics
    result = with_tables(numbers, metrics)
    if is_main_process():
        inner = inner_datasets(dataset)
        paths = {video: str(file.resolve()) for each in inner for video, file in each.videos()}
        save_evaluation(config.work_dir, path or UNTRAINED, result, metrics, paths, inner[0].reader)
        if predictions is not None:
            sizes = {video: each.tube_store.frame_size(video) for each in inner for video, _ in each.videos()}
            kept = next(metric for metric in metrics if isinstance(metric, KeptTubes)).tubes
            of_videos = {video: (sizes[video], tubes) for video, tubes in kept.items()}
            write_predictions(predictions, dataset.metainfo["classes"], of_videos)
    return result


def save_evaluation(
    folder: str | Path,
    measured: str,
    result: Evaluation,
    metrics: Sequence[BaseMetric],
    paths: Mapping[str, str],
    reader: Mapping | None = None,
) -> None:
    """Write what metrics found, and what they keep beside their numbers.

    ``measured`` is the file or folder of what was measured, ``paths`` say where the videos are that ``PredictedVideos``
    lists.
    """
    folder = Path(folder)
    save_json(folder / "test_metrics.json", {"measured": measured, "metrics": result.numbers, "tables": result.tables})
    save(folder / "summary.txt", result.summary)
    for title, rows in result.tables.items():
        save_csv(folder / "tables" / f"{re.sub('[^a-z0-9.]+', '_', title.lower())}.csv", rows)
    for kept in [metric for metric in metrics if isinstance(metric, PredictedVideos)][:1]:
        videos = [{"path": paths[entry["video"]], **entry} for entry in kept.predictions]
        content = {
            "measured": measured,
            "classes": list(kept.dataset_meta["classes"]),
            "reader": reader,
            "videos": videos,
        }
        save_json(folder / "predictions.json", content, indent=None)
    if diagnosed := [metric for metric in metrics if isinstance(metric, TubeDiagnosis)]:
        save_json(folder / "diagnosis.json", {"measured": measured, "diagnoses": list(map(_diagnosis, diagnosed))})
        save_figure(folder / "diagnosis.png", diagnosis_chart([one.diagnosis for one in diagnosed]))


def _completed(evaluator: Mapping | Sequence[Mapping], diagnose_at: float | None) -> list[Mapping]:
    """The metrics of an evaluator, with ``PredictedVideos`` and, at a given overlap, the one ``TubeDiagnosis``.

    The diagnosis counts the same detections as the first ``TubeMAP``.
    """
    metrics = [evaluator] if isinstance(evaluator, Mapping) else list(evaluator)
    if diagnose_at is not None:
        metrics = [metric for metric in metrics if metric["type"] != "TubeDiagnosis"]
        measured = next((metric for metric in metrics if metric["type"] == "TubeMAP"), {})
        shared = ("protocol", "max_per_class", "nms", "excluded_classes")
        options = {name: measured[name] for name in shared if name in measured}
        metrics.append({"type": "TubeDiagnosis", "threshold": diagnose_at, **options})
    if not any(metric["type"] == "PredictedVideos" for metric in metrics):
        metrics.append({"type": "PredictedVideos"})
    return metrics


def with_tables(numbers: Mapping[str, float], metrics: Sequence[BaseMetric]) -> Evaluation:
    """The numbers of metrics, beside the tables and lines of their reports."""
    tables, shown, lines = {}, set(), []
    for metric in metrics:
        if (report := getattr(metric, "report", None)) is not None:
            prefix = f"{metric.prefix}/" if metric.prefix else ""
            tables |= {f"{prefix}{title}": rows for title, rows in report.tables.items()}
            shown |= {f"{prefix}{name}" for name in report.shown}
            lines += [{**row, "measure": f"{prefix}{row['measure']}"} for row in report.summary]
    rest = {name: value for name, value in numbers.items() if name not in shown}
    return Evaluation(numbers, tables, rest, summary_text(lines))


def _diagnosis(metric: TubeDiagnosis) -> dict:
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
