"""What all data sets of videos share: labels, files, proposals, and true tubes for testing."""

import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from mmengine.dataset import BaseDataset
from mmengine.logging import print_log
from torch.utils.data import Dataset

from actorsup.errors import InputError
from actorsup.io import Fingerprint, TubeStore, open_video
from actorsup.registry import TRANSFORMS
from actorsup.structures import Tube

from .formats import VideoAnnotation
from .video_files import VIDEO_SUFFIXES, find_videos

MAKE_PROPOSALS = "actorsup proposals CONFIG"


class VideoDataset(BaseDataset, ABC):
    """Videos, one label each, with the proposals that were made of them.

    Training knows the labels of the videos alone: the annotation file is not even opened. Videos without a proposal are
    left out, unless a transform whose ``adds_tubes`` is true gives every video a tube. Testing adds the true tubes, in
    pixels of the video as it is, and leaves out videos without annotation; those without a proposal stay: their true
    tubes are missed. The fully supervised, to compare with, are trained with ``true_tubes``.

    The pipeline gets ``video`` (name), ``path``, ``reader``, ``label``, ``proposals`` (``Proposals``) and
    ``ground_truth`` (a tuple of ``Tube``, empty in training without ``true_tubes``). What it raises ends the run: no
    other video is tried instead.

    A data set is a subclass that says how its files are read (``read_labels``, ``read_annotations``), where they come
    from (``split_file_source``, ``ann_file_source``, ``videos_source``), and, in its ``METAINFO`` or, where only a file
    knows them, in ``read_metainfo``, its ``classes``.

    Args:
        data_root: folder that the next three are relative to.
        split_file: lists the videos and their labels.
        ann_file: the true tubes; needed in testing, and with ``true_tubes``.
        video_prefix: folder of the videos: in it ``<name>`` with a suffix of ``VIDEO_SUFFIXES``, or a folder of frames.
        tube_store: the proposals: a ``TubeStore``'s folder, or ``dict(folder=..., made_by=...)`` to insist on those of
            one configuration (``Fingerprint.made_by``). None where the list of videos is enough, as for making the
            proposals; then the pipeline cannot run.
        reader: config of a registered video reader, for everything that reads these videos; None picks one by what the
            path is.
        classes: use the videos of these classes only, and number them in this order. None uses all.
        missing_videos: ``'error'``, or ``'skip'`` to use those videos of the list that are there.
        pipeline: transforms, built or as configs.
        test_mode: testing, not training.
        true_tubes: training with the true tubes, as in testing; it leaves out videos without annotation too.
        lazy_init: read nothing yet; ``full_init`` does it, and whatever needs it calls that.

    Raises:
        InputError: one that lists everything that is missing, where it belongs and where it comes from.
        StoreError: if the proposals were made by another configuration than ``made_by``.
    """

    split_file_source: str
    ann_file_source: str
    videos_source: str

    def __init__(
        self,
        data_root: str | Path,
        split_file: str | Path,
        ann_file: str | Path | None = None,
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
        data_root = Path(data_root).expanduser()
        self.split_file = data_root / split_file
        self.reader = reader
        self.missing_videos = missing_videos
        self.reads_annotation = test_mode or true_tubes
        self.tube_store = _open_tube_store(tube_store)
        self.classes = None if classes is None else tuple(classes)
        self.videos_without_tubes: tuple[str, ...] = ()  # those that training leaves out, once the list is loaded
        self._new_labels: dict[int, int] = {}
        self._annotations: dict[str, VideoAnnotation] = {}
        super().__init__(
            ann_file="" if ann_file is None else str(ann_file),
            data_root=str(data_root),
            data_prefix={"videos": str(video_prefix)},
            # By our registry: mmengine's own finds our transforms only after a Runner has set the default scope.
            pipeline=[TRANSFORMS.build(step) if isinstance(step, Mapping) else step for step in pipeline],
            test_mode=test_mode,
            lazy_init=lazy_init,
            max_refetch=0,
        )

    def read_metainfo(self) -> dict:
        """``classes``, all of them in the order of their labels, and what else there is to know of the data set.

        ``class_actors`` says whose action each class is, parallel to ``classes``; ``actors`` are categories for
        detectors.
        """
        return dict(self.METAINFO)

    @abstractmethod
    def read_labels(self) -> list[tuple[str, int]]:
        """Name and label of every video of ``split_file``; labels are indices into the classes of ``read_metainfo``."""

    @abstractmethod
    def read_annotations(self) -> dict[str, VideoAnnotation]:
        """The annotation in ``ann_file``, by name of video. Called in testing, and with ``true_tubes``."""

    def listed(self) -> dict[str, int]:
        """Label of every video that is listed for this data set, whether it can be used or not; sets ``metainfo``."""
        self._set_classes(self.read_metainfo())
        return {video: self._new_labels[old] for video, old in self.read_labels() if old in self._new_labels}

    def annotated(self, videos: Iterable[str]) -> dict[str, VideoAnnotation]:
        """The annotation of those of the listed videos that have one."""
        annotations = self.read_annotations()
        return {video: annotations[video].with_classes(self._new_labels) for video in videos if video in annotations}

    @property
    def video_folder(self) -> Path:
        """The folder that holds the videos."""
        return Path(self.data_prefix["videos"])

    def videos(self) -> list[tuple[str, Path]]:
        """Name and file of every video, in the order of the indices."""
        records = (super(VideoDataset, self).get_data_info(index) for index in range(len(self)))
        return [(record["video"], Path(record["path"])) for record in records]

    @property
    def labels(self) -> list[int]:
        """The label of every video, in the order of the indices."""
        return [super(VideoDataset, self).get_data_info(index)["label"] for index in range(len(self))]

    def ground_truth(self, index: int) -> tuple[Tube, ...]:
        """The true tubes of a video, in pixels of the video as it is; their label is the action.

        Empty in training without ``true_tubes``.
        """
        record = super().get_data_info(index)
        if not self.reads_annotation:
            return ()
        if self.tube_store is not None:
            size = self.tube_store.load(record["video"]).size
        else:
            height, width = next(iter(open_video(record["path"], self.reader))).shape[:2]
            size = (width, height)
        return self._annotations[record["video"]].tubes_at(size)

    def get_data_info(self, idx: int) -> dict:
        """What the pipeline gets of a video."""
        if self.tube_store is None:
            raise InputError(f"{type(self).__name__}: samples need proposals, set tube_store")
        record = super().get_data_info(idx)
        proposals = self.tube_store.load(record["video"])
        ground_truth = self._annotations[record["video"]].tubes_at(proposals.size) if self.reads_annotation else ()
        return {**record, "reader": self.reader, "proposals": proposals, "ground_truth": ground_truth}

    def load_data_list(self) -> list[dict]:
        """Name, file and label of every video that is used; sets ``metainfo`` and the annotation of those."""
        self.require_files()
        labels = self.listed()
        paths = find_videos(self.video_folder, labels)
        if self.missing_videos == "skip":
            num_listed = len(labels)
            labels = {video: label for video, label in labels.items() if video in paths}
            self._log(f"{len(labels)} of {num_listed} listed videos are in {self.video_folder}", logging.INFO)
        if self.reads_annotation:
            labels = self._annotated(labels)
        self._require_videos(labels, paths)
        adds_tubes = any(getattr(step, "adds_tubes", False) for step in self.pipeline.transforms)
        if self.tube_store is not None and not self.test_mode and not adds_tubes:
            labels = self._with_tubes(labels)
        if not labels:
            raise InputError(f"{self.split_file}: no video of this list can be used; videos: {self.video_folder}")
        return [{"video": video, "path": str(paths[video]), "label": label} for video, label in labels.items()]

    def require_files(self) -> None:
        """Check quickly that the files and folders that are read exist, single videos aside.

        Raises:
            InputError: one that lists everything that is missing.
        """
        missing = []
        if not self.split_file.is_file():
            missing.append(f"{self.split_file}: no list of videos. There belongs {self.split_file_source}.")
        if self.reads_annotation and not Path(self.ann_file).is_file() and Path(self.ann_file) != self.split_file:
            where = self.ann_file or "ann_file is not set"
            missing.append(f"{where}: no annotation. There belongs {self.ann_file_source}.")
        if not self.video_folder.is_dir():
            missing.append(f"{self.video_folder}: no videos. There belong {self.videos_source}.")
        if self.tube_store is not None and not self.tube_store.exists:
            missing.append(f"{self.tube_store.folder}: no proposals. Make them: {MAKE_PROPOSALS}")
        self._raise_missing(missing)

    def _require_videos(self, labels: Iterable[str], paths: Mapping[str, Path]) -> None:
        missing = []
        if absent := [video for video in labels if video not in paths]:
            missing.append(
                f"{self.video_folder}: {len(absent)} of {len(labels)} videos are missing: {_first(absent)}. "
                f"There belong {self.videos_source}; {' '.join(VIDEO_SUFFIXES[1:])} or folders of frames will do. "
                "missing_videos='skip' uses those that are there."
            )
        made = set(labels) if self.tube_store is None else set(self.tube_store.videos())
        if absent := [video for video in labels if video not in made]:
            missing.append(
                f"{self.tube_store.folder}: {len(absent)} of {len(labels)} videos have no proposals: {_first(absent)}. "
                f"Make them: {MAKE_PROPOSALS} (take videos that cannot be read out of {self.split_file})"
            )
        self._raise_missing(missing)

    def _raise_missing(self, missing: Sequence[str]) -> None:
        if missing:
            purpose = "testing" if self.test_mode else "training"
            raise InputError("\n  ".join([f"{type(self).__name__}: files for {purpose} are missing.", *missing]))

    def _annotated(self, labels: dict[str, int]) -> dict[str, int]:
        self._annotations = self.annotated(labels)
        without = [video for video in labels if video not in self._annotations]
        if labels and not self._annotations:
            raise InputError(f"{self.ann_file}: has no annotation of any of the {len(labels)} videos")
        if without:
            self._log(
                f"{self.ann_file} has no annotation of {len(without)} of {len(labels)} videos; they are left out: "
                + ", ".join(without)
            )
        return {video: label for video, label in labels.items() if video in self._annotations}

    def _with_tubes(self, labels: dict[str, int]) -> dict[str, int]:
        without = [video for video in labels if not self.tube_store.load(video).tubes]
        self.videos_without_tubes = tuple(without)
        if without:
            self._log(
                f"{len(without)} of {len(labels)} videos have no tube in {self.tube_store.folder}; "
                f"training leaves them out: {_first(without)}"
            )
        return {video: label for video, label in labels.items() if video not in without}

    def _set_classes(self, metainfo: dict) -> None:
        """Choose classes: sets ``metainfo``, and ``{label in the files: label in the samples}``."""
        known = list(metainfo["classes"])
        chosen = known if self.classes is None else self.classes
        unknown = [name for name in chosen if name not in known]
        if unknown or not chosen or len(set(chosen)) < len(chosen):
            raise InputError(f"classes must be different ones of {', '.join(known)}, got {', '.join(chosen) or 'none'}")
        self._new_labels = {known.index(name): new for new, name in enumerate(chosen)}
        self._metainfo = {**metainfo, "classes": tuple(chosen)}
        if metainfo.get("class_actors") is not None:
            self._metainfo["class_actors"] = tuple(metainfo["class_actors"][old] for old in self._new_labels)

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


def _first(names: Sequence[str], count: int = 5) -> str:
    return ", ".join(names[:count]) + (" and others" if len(names) > count else "")


def inner_datasets(dataset: Dataset) -> list[Dataset]:
    """The data sets inside mmengine's and torch's wrappers of one or of several; itself where it is none."""
    if hasattr(dataset, "datasets"):
        return [inner for part in dataset.datasets for inner in inner_datasets(part)]
    return inner_datasets(dataset.dataset) if hasattr(dataset, "dataset") else [dataset]
