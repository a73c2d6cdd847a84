"""The dataset: videos, their labels and proposals, and true tubes for testing."""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from mmengine.dataset import BaseDataset
from mmengine.logging import print_log
from mmengine.runner import set_random_seed
from torch.utils.data import Dataset, get_worker_info

from actorsup.errors import InputError
from actorsup.io import Fingerprint, TubeStore
from actorsup.io.reading import naming
from actorsup.registry import DATASET_FORMATS, DATASETS, TRANSFORMS
from actorsup.structures import Tube

from .formats import LabelledVideo, VideoCollection
from .formats.reading import enumeration
from .video_files import VIDEO_SUFFIXES, find_videos, frame_size, why_missing

MAKE_PROPOSALS = "actorsup proposals CONFIG"


@DATASETS.register_module()
class AnnotatedVideos(BaseDataset):
    """The videos of a dataset in any format.

    Training reads no true tube and leaves out videos without a proposal, unless a transform with ``adds_tubes`` gives
    every video a tube. Testing adds the true tubes, in pixels of the video as it is, and leaves out videos without
    annotation; those without a proposal stay: their true tubes are missed.

    The pipeline gets ``video`` (name), ``path``, ``reader``, ``labels`` (a tuple), ``proposals`` (``Proposals``) and
    ``ground_truth`` (a tuple of ``Tube``, empty where none are read). What it raises ends the run.

    Args:
        data_root: folder that annotation and videos are relative to.
        ann_file: the annotation; None takes the format's usual one.
        format: config of a ``DatasetFormat`` without these two; None is the package's own, ``VideosFile``.
        split: one or several splits; None uses the one split of a dataset that has no other.
        video_prefix: folder of the videos: in it ``<name>`` with a suffix of ``VIDEO_SUFFIXES``, or a folder of frames.
        tube_store: the proposals: a ``TubeStore``'s folder, or ``dict(folder=..., made_by=...)`` to insist on those of
            one configuration (``Fingerprint.made_by``). None lists the videos alone; the pipeline cannot run.
        reader: config of a video reader; None picks one by what the path is.
        classes: use the videos of these classes only, numbered in this order; None uses all.
        missing_videos: ``'error'``, or ``'skip'`` to use those videos of the list that are there.
        true_tubes: read the true tubes in training too, for fully supervised models.
        lazy_init: read nothing before ``full_init``.

    Raises:
        InputError: listing everything that is missing; or naming file, video and value, if a file is wrong, has no such
            split, or has several and none was chosen.
        StoreError: if the proposals were made by another configuration than ``made_by``.
    """

    def __init__(
        self,
        data_root: str | Path,
        ann_file: str | Path | None = None,
        format: Mapping | None = None,
        split: str | Sequence[str] | None = None,
        video_prefix: str | Path = "videos",
        tube_store: str | Path | Mapping | None = None,
        reader: Mapping | None = None,
        classes: Sequence[str] | None = None,
        missing_videos: str = "error",
        pipeline: Sequence[Mapping | Callable] = (),
        test_mode: bool = False,
        true_tubes: bool = False,
        lazy_init: bool = False,
    ) -> None:
        if missing_videos not in ("error", "skip"):
            raise InputError(f"missing_videos must be 'error' or 'skip', got {missing_videos!r}")
        files = {"data_root": Path(data_root).expanduser()} | ({} if ann_file is None else {"ann_file": ann_file})
        self.format = DATASET_FORMATS.build({"type": "VideosFile", **(format or {}), **files})
        self.split = (split,) if isinstance(split, str) else split
        self.video_folder = self.format.below_root(video_prefix)
        self.reader = reader
        self.missing_videos = missing_videos
        self.true_tubes = true_tubes
        self.reads_annotation = test_mode or true_tubes
        self.tube_store = _open_tube_store(tube_store)
        self.classes = classes
        self.videos_without_tubes: tuple[str, ...] = ()  # those that training leaves out, once the list is loaded
        self._annotated: dict[str, LabelledVideo] = {}
        self._chance = torch.zeros(1, dtype=torch.int64).share_memory_()  # seed of this epoch; workers see it change
        self._seen_chance = 0
        super().__init__(
            ann_file=str(self.format.path),
            # By our registry: mmengine's own finds our transforms only after a Runner has set the default scope.
            pipeline=[TRANSFORMS.build(step) if isinstance(step, Mapping) else step for step in pipeline],
            test_mode=test_mode,
            lazy_init=lazy_init,
            max_refetch=0,
        )

    def require_files(self) -> None:
        """Raise one ``InputError`` that lists the files and folders that are missing, single videos aside."""
        missing = [
            f"{path}: no such file. There belongs {source}."
            for path, source in self.format.files(self.split, self.reads_annotation).items()
            if not path.exists()
        ]
        if not self.video_folder.is_dir():
            missing.append(f"{self.video_folder}: no videos. There belong {self.format.videos_source}.")
        if self.tube_store is not None and not self.tube_store.exists:
            missing.append(f"{self.tube_store.folder}: no proposals. Make them: {MAKE_PROPOSALS}")
        self._raise_missing(missing)

    def read(self) -> VideoCollection:
        """All videos of the splits and classes, whether they can be used or not."""
        collection = self.format.read(self.split, with_tubes=self.reads_annotation)
        if self.split is None and len(known := collection.splits) > 1:
            raise InputError(f"{self.ann_file}: has the splits {', '.join(known)}; choose with split='{known[0]}'")
        with naming(self.ann_file, InputError):
            return collection if self.classes is None else collection.with_classes(self.classes)

    def load_data_list(self) -> list[dict]:
        """Name, file and labels of every video that is used."""
        self.require_files()
        collection = self.read()
        self._metainfo = collection.metainfo
        if self.format.notes_on_videos:
            for note in collection.notes:
                self._log(f"{self.format.path}: {note}")
        videos = {video.video: video for video in collection.videos}
        paths = find_videos(self.video_folder, videos)
        if self.missing_videos == "skip":
            self._log(f"{len(paths)} of {len(videos)} listed videos are in {self.video_folder}", logging.INFO)
            videos = {name: video for name, video in videos.items() if name in paths}
        if self.reads_annotation and videos:
            self._annotated = videos = self._with_annotation(videos)
        self._require_videos(videos, paths)
        adds_tubes = any(getattr(step, "adds_tubes", False) for step in self.pipeline.transforms)
        if self.tube_store is not None and not self.test_mode and not adds_tubes:
            videos = self._with_proposals(videos)
        if not videos:
            where = f"they are looked for in {self.video_folder}"
            raise InputError(f"{self.ann_file}: none of its videos can be used; {where}")
        return [{"video": name, "path": str(paths[name]), "labels": video.labels} for name, video in videos.items()]

    def videos(self) -> list[tuple[str, Path]]:
        """Name and file of every video, in the order of the indices."""
        return [(record["video"], Path(record["path"])) for record in map(super().get_data_info, range(len(self)))]

    @property
    def labels(self) -> list[tuple[int, ...]]:
        """The labels of every video, in the order of the indices."""
        return [tuple(record["labels"]) for record in map(super().get_data_info, range(len(self)))]

    def ground_truth(self, index: int) -> tuple[Tube, ...]:
        """The true tubes of a video, in pixels of the video as it is, labelled with the action; empty if not read."""
        if not self.reads_annotation:
            return ()
        record = super().get_data_info(index)
        video, store = record["video"], self.tube_store
        size = frame_size(record["path"], self.reader) if store is None else store.frame_size(video)
        return self._annotated[video].tubes_at(size)

    def seed_epoch(self, seed: int) -> None:
        """Let what the pipeline draws from now on depend on a seed, not 0, and on nothing that was drawn before."""
        self._chance.fill_(seed)

    def prepare_data(self, idx: int) -> dict:
        """A sample, as the pipeline makes it."""
        if (seed := int(self._chance)) != self._seen_chance:
            self._seen_chance = seed
            if (worker := get_worker_info()) is not None:  # which draws from numbers of its own
                (seed,) = np.random.SeedSequence([seed, worker.id]).generate_state(1)
                set_random_seed(int(seed))
        return super().prepare_data(idx)

    def get_data_info(self, idx: int) -> dict:
        """What the pipeline gets of a video."""
        if self.tube_store is None:
            raise InputError(f"{type(self).__name__}: samples need proposals, set tube_store")
        record = super().get_data_info(idx)
        proposals = self.tube_store.load(record["video"])
        ground_truth = self._annotated[record["video"]].tubes_at(proposals.size) if self.reads_annotation else ()
        return {**record, "reader": self.reader, "proposals": proposals, "ground_truth": ground_truth}

    def _with_annotation(self, videos: dict[str, LabelledVideo]) -> dict[str, LabelledVideo]:
        without = [name for name, video in videos.items() if video.tubes is None]
        if len(without) == len(videos):
            raise InputError(f"{self.ann_file}: has no annotation of any of the {len(videos)} videos")
        if without:
            named = enumeration(f"of {len(videos)} videos; they are left out", without, most=len(without))
            self._log(f"{self.ann_file} has no annotation of {named}")
        return {name: video for name, video in videos.items() if video.tubes is not None}

    def _with_proposals(self, videos: dict[str, LabelledVideo]) -> dict[str, LabelledVideo]:
        self.videos_without_tubes = without = tuple(name for name in videos if not self.tube_store.num_tubes(name))
        if without:
            what = f"of {len(videos)} videos have no tube in {self.tube_store.folder}; training leaves them out"
            self._log(enumeration(what, without, most=5))
        return {name: video for name, video in videos.items() if name not in without}

    def _require_videos(self, names: Iterable[str], paths: Mapping[str, Path]) -> None:
        missing = []
        if absent := [name for name in names if name not in paths]:
            reasons = why_missing(self.video_folder, absent[:5])
            named = [f"{name} ({reasons[name]})" if name in reasons else name for name in absent]
            without = enumeration(f"of {len(names)} videos are missing", named, most=5)
            missing.append(
                f"{self.video_folder}: {without}. There belong {self.format.videos_source}; "
                f"{' '.join(VIDEO_SUFFIXES[1:])} or folders of frames will do. missing_videos='skip' uses those that "
                "are there."
            )
        made = names if self.tube_store is None else set(self.tube_store.videos())
        if absent := [name for name in names if name not in made]:
            without = enumeration(f"of {len(names)} videos have no proposals", absent, most=5)
            advice = f"Make them: {MAKE_PROPOSALS} (take videos that cannot be read out of the list)"
            missing.append(f"{self.tube_store.folder}: {without}. {advice}")
        self._raise_missing(missing)

    def _raise_missing(self, missing: Sequence[str]) -> None:
        if missing:
            purpose = "testing" if self.test_mode else "training"
            raise InputError("\n  ".join([f"{type(self).__name__}: files for {purpose} are missing.", *missing]))

    def _log(self, message: str, level: int = logging.WARNING) -> None:
        print_log(f"{type(self).__name__}: {message}", logger="current", level=level)


def _open_tube_store(store: str | Path | Mapping | None) -> TubeStore | None:
    if store is None:
        return None
    if not isinstance(store, Mapping):
        return TubeStore(store)
    if "folder" not in store or store.keys() - {"folder", "made_by"}:
        raise InputError(f"tube_store must be a folder or dict(folder=..., made_by=...), got {dict(store)}")
    made_by = store.get("made_by")
    return TubeStore(store["folder"], None if made_by is None else Fingerprint(made_by))


def inner_datasets(dataset: Dataset) -> list[Dataset]:
    """The datasets inside mmengine's and torch's wrappers of datasets; itself where it is none."""
    if hasattr(dataset, "datasets"):
        return [inner for part in dataset.datasets for inner in inner_datasets(part)]
    return inner_datasets(dataset.dataset) if hasattr(dataset, "dataset") else [dataset]
