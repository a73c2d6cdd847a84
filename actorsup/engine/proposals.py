"""Make the proposals that a config describes, and measure them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mmengine.config import Config
from mmengine.dist import is_main_process

from actorsup.errors import InputError
from actorsup.evaluation.functional import RecallCurves, VideoOverlaps, recall_curves, recall_protocol, tube_recall
from actorsup.io.files import save_csv, save_json
from actorsup.io.reading import naming, read_json, require
from actorsup.progress import progress_bar
from actorsup.proposals import GenerationReport, ProposalGenerator
from actorsup.proposals.config import existing_store
from actorsup.registry import DATASETS
from actorsup.visualization import curve_rows, proposal_curves, recall_bars, save_figure

from .config import dataset_configs, proposal_config_of, videos_of, with_proposals
from .launch import init_distributed

THRESHOLDS = (0.1, 0.2, 0.3, 0.5, 0.7)
PROTOCOL = "apt"
BARS_AT = 0.5  # Fig. 5


def generate_proposals(config: Config, jobs: int | None = None) -> GenerationReport:
    """Make the missing proposals of the config's videos; write ``proposal_generation.json`` into the work directory.

    ``jobs`` are processes to start, see ``ProposalGenerator.run``: by default one a core, or a few a GPU.
    """
    if jobs is not None and jobs < 1:
        raise InputError(f"--jobs must be at least 1, got {jobs}")
    proposal_config = proposal_config_of(config)
    videos = videos_of(config)
    init_distributed(config, backend="gloo")
    imports = config.get("custom_imports", {}).get("imports", [])
    imports = [imports] if isinstance(imports, str) else imports
    report = ProposalGenerator(proposal_config).run(sorted(videos.items()), jobs, imports)
    if is_main_process():
        save_json(Path(config.work_dir) / "proposal_generation.json", vars(report))
    return report


@dataclass(frozen=True, eq=False)
class StoreEvaluation:
    """How well the proposals of a store cover the true tubes."""

    folder: str
    numbers: dict[str, float]  # TubeRecall.as_dict
    per_class: list[dict]  # TubeRecall.per_class_table
    curves: RecallCurves  # against the number of proposals and against overlap


def evaluate_stored_proposals(config: Config, stores: Sequence[str | Path] = ()) -> dict[str, StoreEvaluation]:
    """Recall, on the config's test videos, of the tube stores in folders, by the store's name ``detector/linker``.

    Without ``stores``, of the one that the config describes. Writes into the work directory ``proposal_metrics.json``,
    with an entry for each store that was ever measured there, and of these stores ``proposal_curves.png``, ``.csv`` and
    ``proposal_recall_per_class.png``.
    """
    init_distributed(config)
    if stores:
        results = {name: _evaluate(config, name, folder) for name, folder in _by_name(stores).items()}
    else:
        chosen = proposal_config_of(config)
        name = f"{chosen.detector_name}/{chosen.linker_name}"
        results = {name: _evaluate(with_proposals(config), name)}
    if is_main_process():
        _save(Path(config.work_dir), results)
    return results


def _by_name(folders: Sequence[str | Path]) -> dict[str, Path]:
    """Stores by the name ``detector/linker`` that their place says, as ``ProposalConfig`` puts them."""
    stores: dict[str, Path] = {}
    for folder in (existing_store(each).folder for each in folders):
        detector, linker = folder.resolve().parts[-2:]
        name = f"{detector}/{linker.removeprefix('tubes_')}"
        if name in stores:
            raise InputError(f"{stores[name]} and {folder} are both named {name!r}; measure them one by one")
        stores[name] = folder
    return stores


def _evaluate(config: Config, name: str, folder: Path | None = None) -> StoreEvaluation:
    """Measure the store in a folder; None: the ones that the test datasets have."""
    changes = {"pipeline": []} if folder is None else {"pipeline": [], "tube_store": str(folder)}
    datasets = [DATASETS.build({**each, **changes}) for each in dataset_configs(config, ["test_dataloader"])]
    overlaps = []
    for dataset in datasets:
        videos = dataset.videos()
        with progress_bar(name, len(videos), unit="tubes", enabled=is_main_process()) as progress:
            for index, (video, _) in enumerate(videos):
                tubes, truth = dataset.tube_store.load(video).tubes, dataset.ground_truth(index)
                overlaps.append(VideoOverlaps.from_tubes(video, tubes, truth, recall_protocol(PROTOCOL)))
                progress.advance(len(tubes))
    classes = datasets[0].metainfo["classes"]
    recall = tube_recall(overlaps, len(classes), THRESHOLDS)
    folder = str(datasets[0].tube_store.folder)
    return StoreEvaluation(folder, recall.as_dict(), recall.per_class_table(classes), recall_curves(overlaps))


def _save(folder: Path, results: Mapping[str, StoreEvaluation]) -> None:
    path = folder / "proposal_metrics.json"
    entries = read_json(path) if path.exists() else {}
    with naming(path, InputError):
        require(entries, "the content", Mapping)
    for name, result in results.items():
        entries[name] = {
            "store": result.folder,
            "metrics": result.numbers,
            "per_class": result.per_class,
            "curves": curve_rows({name: result.curves}),
        }
    save_json(path, entries)
    curves = {name: result.curves for name, result in results.items()}
    save_csv(folder / "proposal_curves.csv", curve_rows(curves))
    save_figure(folder / "proposal_curves.png", proposal_curves(curves))
    key = f"recall@{BARS_AT:g}"
    recalls = {name: {row["class"]: row[key] for row in result.per_class} for name, result in results.items()}
    save_figure(folder / "proposal_recall_per_class.png", recall_bars(recalls, f"IoU {BARS_AT:g}, all proposals"))
