"""Store the features of a config's videos once, and let training and testing read them."""

import copy
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import torch
from mmengine.config import Config
from torch import Tensor, nn
from torch.utils.data import DataLoader

from actorsup.datasets import AnnotatedVideos, VideoDraws
from actorsup.device import pick_device
from actorsup.errors import InputError
from actorsup.io import FeatureStore, Fingerprint, TubeStore
from actorsup.io.checkpoints import read_checkpoint
from actorsup.progress import progress_bar
from actorsup.registry import DATASETS, MODELS

from .config import DATALOADERS, dataset_configs, of_splits_there, plain_dataset, with_proposals

PART = "encoder."  # of the names of the model's weights
ON_FRAMES = "--cfg-options features=None trains and tests on frames"


@dataclass(frozen=True)
class FeatureConfig:
    """What a config says about stored features."""

    root: Path  # folder of the stores, one for each dataloader
    draws: int = 1  # of each training video
    memory: int = 4096  # MiB up to which all features are held; more or less reading again, the same results

    @classmethod
    def of(cls, config: Config) -> "FeatureConfig | None":
        """Read ``features = dict(root=..., draws=..., memory=...)`` of a config; None where it has none.

        Raises:
            InputError: if a setting is wrong or unknown, or features of the config's model cannot be stored.
        """
        settings = config.get("features")
        if settings is None:
            return None
        if not isinstance(settings, Mapping) or not {"root"} <= settings.keys() <= {"root", "draws", "memory"}:
            raise InputError(f"features need root, and take draws and memory; got {settings}")
        for name in ("draws", "memory"):
            if not isinstance(settings.get(name, 1), int) or settings.get(name, 1) < 1:
                raise InputError(f"features.{name} is a whole number above 0; got {settings[name]!r}")
        encoder = config.model.encoder.get("type")
        encoder = getattr(encoder, "__name__", str(encoder)).rpartition(".")[2]
        if encoder != "FrozenEncoder":
            raise InputError(
                f"{config.filename}: features are stored of a FrozenEncoder, and model.encoder is a {encoder}, which "
                "training changes: encoder=dict(_delete_=True, type='FrozenEncoder', encoder=dict(type=...)) freezes "
                f"it; {ON_FRAMES}"
            )
        if not hasattr(MODELS.build(config.model.pooling), "over_time"):
            raise InputError(
                f"{config.filename}: model.pooling, a {config.model.pooling.type}, is no TubePooling: it gives no "
                f"features of single frames; {ON_FRAMES}"
            )
        return cls(**{**settings, "root": Path(settings["root"])})

    def draws_of(self, dataloader: str) -> int:
        """How many draws of each video there are."""
        return self.draws if dataloader == "train_dataloader" else 1


def with_features(config: Config, dataloaders: Sequence[str], checkpoint: Mapping | None = None) -> Config:
    """The config, whose dataloaders read stored features if it has ``features``; as it is where it has none.

    They must be of the encoder in ``checkpoint``, a loaded one; where there is none, of that which training begins
    with. The config's proposals are those that ``with_proposals`` has named.

    Raises:
        InputError: if there are no features, or the encoder is not frozen.
        StoreError: if the features are of another encoder, pooling grid, pipeline or proposals.
    """
    features = FeatureConfig.of(config)
    if features is None:
        return config
    config, weights = copy.deepcopy(config), _digest(_state_in(checkpoint) or initial_encoder(config).state_dict())
    for name in dataloaders:
        for dataset in dataset_configs(config, [name]):
            store = _store(features, config, name, dataset, weights)
            if not store.exists:
                raise InputError(f"{store.folder}: no features. Make them: {store.made_with}; or {ON_FRAMES}")
            options = {"folder": str(store.folder), "made_by": store.fingerprint.made_by, "memory": features.memory}
            inner = dict(dataset)
            dataset.clear()
            dataset.update(type="StoredFeatures", dataset=inner, draws=features.draws_of(name), **options)
        # What takes no time needs no processes, which would each hold all features.
        config[name].update(num_workers=0, persistent_workers=False)
        config[name].pop("prefetch_factor", None)
    return config


@dataclass
class Extraction:
    """What became of the videos of a dataloader."""

    folder: Path
    num_made: int = 0  # draws of videos
    num_kept: int = 0  # that were there already
    num_bytes: int = 0  # of all these


def extract_features(config: Config) -> dict[str, Extraction]:
    """Store what is missing of the features of a config's videos, and say what became of them, by dataloader.

    In one process, on the GPU if there is one; the workers of the dataloaders decode. What a run before has stored is
    kept.
    """
    if config.launcher != "none":
        raise InputError("features are extracted by one process: leave out --launcher; num_workers processes decode")
    features = FeatureConfig.of(config)
    if features is None:
        raise InputError(f"{config.filename}: has no features=dict(root=FOLDER, draws=NUMBER)")
    config = with_proposals(config)
    datasets = of_splits_there(config, DATALOADERS, lambda settings: DATASETS.build({**settings}))
    checkpoint = read_checkpoint(str(config.load_from), owner="load_from") if config.get("load_from") else None
    encoder = initial_encoder(config)
    if (state := _state_in(checkpoint)) is not None:
        encoder.load_state_dict(state)
    weights = _digest(encoder.state_dict())
    model = MODELS.build({**config.model, "encoder": encoder}).to(pick_device(None)).eval()
    report: dict[str, Extraction] = {}
    for name, settings, dataset in datasets:
        store = _store(features, config, name, settings, weights)
        extraction = report.setdefault(name.removesuffix("_dataloader"), Extraction(store.folder))
        with store.claimed():
            _fill(store, model, dataset, features.draws_of(name), config[name].get("num_workers", 0), extraction)
    return report


def _fill(
    store: FeatureStore, model: nn.Module, dataset: AnnotatedVideos, draws: int, num_workers: int, report: Extraction
) -> None:
    there, videos = set(store.videos()), [video for video, _ in dataset.videos()]
    every = [(index, draw) for draw in range(draws) for index in range(len(videos))]
    entries = {(index, draw): store.entry(videos[index], draw) for index, draw in every}
    pending = [chosen for chosen in every if entries[chosen] not in there]
    loader = DataLoader(
        VideoDraws(dataset, pending),
        batch_size=None,
        num_workers=min(num_workers, len(pending)),
        collate_fn=_as_it_is,
        worker_init_fn=_decode_on_one_thread,
    )
    with progress_bar(f"features of {store.folder.name}", len(pending), unit="frames") as progress:
        for chosen, data in zip(pending, loader, strict=True):
            sample = data["data_samples"]
            progress.show(sample.video)
            inputs = model.data_preprocessor({"inputs": [data["inputs"]], "data_samples": [sample]})
            store.save(entries[chosen], replace(sample, frame_features=model.frame_features(**inputs)))
            progress.advance(len(sample.frame_indices))
    report.num_made += len(pending)
    report.num_kept += len(every) - len(pending)
    report.num_bytes += store.num_bytes(entries.values())


def _as_it_is(data):
    return data


def _decode_on_one_thread(_: int) -> None:
    cv2.setNumThreads(0)


def _store(
    features: FeatureConfig, config: Config, dataloader: str, dataset: Mapping, encoder_weights: str
) -> FeatureStore:
    """The store of a dataloader's features; neither head nor what the pooling does over time change them."""
    model = config.model
    tubes = {"folder": dataset.tube_store} if isinstance(dataset.tube_store, str) else dataset.tube_store
    parts = {
        "preprocessor": model.get("data_preprocessor") or {"type": "VideoDataPreprocessor"},
        "encoder": model.encoder,
        "encoder_weights": encoder_weights,
        "grid": MODELS.build(model.pooling).output_size,
        "pipeline": dataset.pipeline,
        "proposals": tubes.get("made_by") or TubeStore(tubes["folder"]).made_by,
    }
    if model.get("precision") is not None:
        parts["precision"] = model.precision
    if dataset.get("reader") is not None:
        parts["reader"] = dataset.reader
    if dataset.get("true_tubes"):
        built = plain_dataset(dataset, lazy_init=True)
        files = [str(path) for path in built.format.files(built.split, True)]
        parts["annotation"] = {"files": files, "classes": built.classes}
    return FeatureStore(features.root / dataloader.removesuffix("_dataloader"), Fingerprint.of(**parts))


def initial_encoder(config: Config) -> nn.Module:
    """The frozen encoder of a config as training begins with it."""
    with torch.random.fork_rng(devices=[]):
        frozen = MODELS.build(config.model.encoder)
        frozen.encoder.init_weights()
    return frozen


def _state_in(checkpoint: Mapping | None) -> dict[str, Tensor] | None:
    """The state of the encoder in a loaded checkpoint; None where it has none."""
    state = {} if checkpoint is None else checkpoint.get("state_dict", checkpoint)
    return {name.removeprefix(PART): value for name, value in state.items() if name.startswith(PART)} or None


def _digest(state: Mapping[str, Tensor]) -> str:
    """A hash of weights: by it an encoder is known, wherever its weights come from."""
    found = hashlib.sha256()
    for name, tensor in sorted(state.items()):
        found.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        found.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes())
    return found.hexdigest()[:16]
