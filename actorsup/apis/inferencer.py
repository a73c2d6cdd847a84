"""Actions in videos that no dataset knows: the whole method as one object."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path, PurePosixPath

import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import Compose

from actorsup.device import pick_device, return_freed_memory
from actorsup.engine.checkpoint_match import require_fit
from actorsup.engine.config import dataset_configs, load_config, metainfo_of, proposal_config_of
from actorsup.errors import InputError
from actorsup.io import Proposals, StreamedFrames, TubeStore, VideoFrames, open_video
from actorsup.io.checkpoints import read_checkpoint
from actorsup.linkers import Linker
from actorsup.registry import DETECTORS, MODELS, TRANSFORMS
from actorsup.structures import Localization, Tube

from .stitching import TrackPiece, TubeJoiner, rank_tubes
from .windows import Window, windows


def open_tubes(folder: str | Path) -> TubeStore:
    """The store in a folder, whatever made it.

    Raises:
        InputError: if there is none.
    """
    store = TubeStore(folder)
    if not store.exists:
        raise InputError(f"{folder}: no store of tubes; `actorsup proposals` makes them")
    return store


def stored_name(store: TubeStore, path: str | Path, name: str) -> str:
    """What a store calls a video: ``name``, or else the one name that ends like its path.

    Raises:
        InputError: if there is none, or several.
    """
    videos = store.videos()
    if name in videos:
        return name
    path = Path(path)
    alike = [video for video in videos if PurePosixPath(video).name in (path.name, path.stem)]
    beside = [video for video in alike if PurePosixPath(video).parent.name == path.resolve().parent.name]
    for candidates in (alike, beside):
        if len(candidates) == 1:
            return candidates[0]
    raise InputError(
        f"{path}: {store.folder} has {'several videos' if alike else 'no video'} of that name; give the name that "
        "`actorsup proposals` gave it, or leave the store out"
    )


Video = str | Path | np.ndarray | Iterable[np.ndarray]


@dataclass(frozen=True, eq=False)
class _Stretch:
    """What is finished of a video: frames ``start`` to before ``end``, of ``size = (width, height)``."""

    start: int
    end: int
    size: tuple[int, int]
    pieces: Sequence[TrackPiece]


class ActionInferencer:
    """Finds actions in videos: proposals by a config's detector and linker, ranked by its trained model.

    Algorithm 1 and the model see one window of ``window`` frames at a time. A video that fits into one is treated as
    the tools treat those of a data set; of a longer one, the tubes of its windows are joined where these overlap
    (``TubeJoiner``). Which frames of a window the model sees, and how, is the config's test pipeline.

    Args:
        config: a config file, or what ``load_config`` returns.
        checkpoint: made by training that config. Nothing in the file is run.
        device: where detector, tracker and model run; None takes the GPU where there is one.
        proposals: folder of a tube store to take the proposals from; None makes them. With it, videos are files, and
            each is one window.
        window: frames of a window.
        overlap: frames that neighbouring windows share, from 1 to half of a window.
        join_threshold: IoU in these frames, in space and time, from which tubes of neighbouring windows are one.
        classes_per_tube: for how many classes, its best, a tube is given; None is all of them.

    Raises:
        InputError: if a file is missing, the checkpoint is of another model, or a number is out of range.
    """

    def __init__(
        self,
        config: str | Path | Config,
        checkpoint: str | Path,
        device: str | None = None,
        proposals: str | Path | None = None,
        window: int = 256,
        overlap: int = 64,
        join_threshold: float = 0.5,
        classes_per_tube: int | None = 1,
    ) -> None:
        if not 1 <= overlap <= window // 2:
            raise InputError(f"expected an overlap of 1 to half of a window's frames, got {overlap} of {window}")
        if not 0 < join_threshold <= 1 or (classes_per_tube is not None and classes_per_tube < 1):
            raise InputError(
                f"expected 0 < join_threshold <= 1 and classes_per_tube >= 1, got {join_threshold}, {classes_per_tube}"
            )
        self.config = config if isinstance(config, Config) else load_config(config)
        self.window, self.overlap = window, overlap
        self._join_threshold, self._classes_per_tube = join_threshold, classes_per_tube
        self._recipe = proposal_config_of(self.config).on_device(device)
        self._store = None if proposals is None else open_tubes(proposals)
        dataset = next(dataset_configs(self.config, ["test_dataloader"]), None)
        if dataset is None:
            raise InputError(f"{self.config.filename}: has no test_dataloader, whose pipeline the videos go through")
        self._pipeline = Compose([TRANSFORMS.build(step) for step in dataset.pipeline])
        metainfo = metainfo_of(dataset)
        classes = dataset.get("classes") or metainfo.get("classes")
        self.classes, self._model = self._load_model(str(checkpoint), classes, device)
        detector = self._recipe.detector
        self._actors = (
            detector.get("actors")
            or getattr(DETECTORS.get(detector["type"]), "actors", None)
            or metainfo.get("actors")
            or ()
        )

    def _load_model(self, path: str, classes: Sequence[str] | None, device: str | None):
        """Names of the classes, and the model with the checkpoint's weights."""
        if "://" not in path and not Path(path).is_file():
            raise InputError(f"{path}: no such checkpoint; training writes them into its work directory")
        loaded = read_checkpoint(path, owner="the config's model")
        with torch.random.fork_rng():
            model = MODELS.build(self.config.model)
        require_fit(path, loaded, model, self.config, classes)
        model.load_state_dict(loaded.get("state_dict", loaded))
        classes = classes or ((loaded.get("meta") or {}).get("dataset_meta") or {}).get("classes")
        if classes is None:
            raise InputError(f"{path}: neither the checkpoint nor the config's data set names the classes")
        if model.head.num_classes != len(classes):
            raise InputError(
                f"the config's head has {model.head.num_classes} classes, its data set {len(classes)}; "
                "set model.head.num_classes, and train"
            )
        return tuple(classes), model.to(pick_device(device)).eval()

    def prepare(self) -> None:
        """Load detector and tracker now and not with the first video.

        Raises:
            InputError: if their settings or weights are wrong.
        """
        if self._store is None:
            self._detector  # noqa: B018
            self._linker  # noqa: B018

    # Built only when needed: stored proposals need neither.
    @cached_property
    def _detector(self):
        return self._recipe.build_detector()

    @cached_property
    def _linker(self) -> Linker:
        return self._recipe.build_linker()

    def __call__(
        self,
        video: Video | Sequence[Video],
        name: str | None = None,
        progress: Callable[[int], None] | None = None,
    ) -> Localization | list[Localization]:
        """The actions of a whole video, or of each of several.

        Args:
            video: a path; frames ``(T, H, W, 3)`` uint8, RGB; anything that gives such frames one by one, to its end;
                or a list of these.
            name: of the video in the result; None: a path's name without suffix. In a store of proposals the video is
                looked up by it.
            progress: called after each window with the number of frames that are finished.

        Raises:
            InputError: naming the video, if it cannot be read, holds no frame, or is not in the store.
        """
        if isinstance(video, (list, tuple)) and not all(_is_frame(item) for item in video):
            if name is not None:
                raise InputError(f"name={name!r} is for one video, got {len(video)}")
            return [self(item, _name(item, f"video{index}"), progress) for index, item in enumerate(video)]
        name = name or _name(video, "video")
        parts: dict[int, list[TrackPiece]] = {}
        num_frames, size = 0, None
        for stretch in self._stretches(video, name):
            num_frames, size = stretch.end, stretch.size
            for piece in stretch.pieces:
                parts.setdefault(piece.track, []).append(piece)
            if progress is not None:
                progress(num_frames)
        if size is None:
            raise InputError(f"{name}: holds no frame")
        return self._localization(name, _Stretch(0, num_frames, size, [_whole(pieces) for pieces in parts.values()]))

    def stream(self, video: Video, name: str = "stream") -> Iterator[Localization]:
        """The actions of a video, or a camera without end, window by window: each stretch of frames once, in order.

        Pieces of one tube have one ``track``; their scores are those of the windows so far. At most the frames of a
        window, and those that the detector reads ahead, are held.

        Args:
            video: as for a call, one.
            name: of the video in the results.

        Raises:
            InputError: see there.
        """
        for stretch in self._stretches(video, name):
            yield self._localization(name, stretch)

    def _stretches(self, video: Video, name: str) -> Iterator[_Stretch]:
        if self._store is not None:
            yield self._stored(video, name)
            return
        if isinstance(video, (str, Path)):
            reader = open_video(video, self._recipe.reader)
            frames = VideoFrames(reader, self._recipe.frame_memory * 2**20)
        else:
            frames = StreamedFrames(video, name)
        joiner = TubeJoiner(self._join_threshold)
        end = start = 0
        for window in windows(frames, self._detector, self.window, self.overlap):
            tubes, scores = self._tubes_of(window, name)
            pieces = joiner.add(tubes, scores, range(window.start, end), window.finished)
            height, width = window.frames[0].shape[:2]
            yield _Stretch(start, window.finished, (width, height), pieces)
            start, end = window.finished, window.start + len(window.frames)
            return_freed_memory()

    def _tubes_of(self, window: Window, name: str) -> tuple[list[Tube], np.ndarray]:
        """The tubes of a window, in frames of the video, and their scores ``(P, K)``."""
        height, width = window.frames[0].shape[:2]
        tubes = self._linker.link(window.frames, window.detections)
        proposals = Proposals(tuple(tubes), len(window.frames), (width, height))
        reader = {"type": "HeldFramesReader", "frames": window.frames}
        tubes, scores = self._score(name, name, reader, proposals)
        return [replace(tube, start=window.start + tube.start) for tube in tubes], scores

    def _stored(self, video: Video, name: str) -> _Stretch:
        if not isinstance(video, (str, Path)):
            raise InputError(f"{name}: stored proposals are of video files, got {type(video).__name__}")
        proposals = self._store.load(stored_name(self._store, video, name))
        tubes, scores = self._score(name, video, self._recipe.reader, proposals)
        pieces = [
            TrackPiece(index, tube, of_tube) for index, (tube, of_tube) in enumerate(zip(tubes, scores, strict=True))
        ]
        return _Stretch(0, proposals.num_frames, proposals.size, pieces)

    @torch.no_grad()
    def _score(
        self, name: str, path: str | Path, reader: dict | None, proposals: Proposals
    ) -> tuple[Sequence[Tube], np.ndarray]:
        """The tubes that the pipeline keeps, and their scores ``(P, K)``."""
        results = {"video": name, "path": path, "reader": reader, "label": None, "ground_truth": ()}
        packed = self._pipeline({**results, "proposals": proposals})
        (sample,) = self._model.test_step({key: [value] for key, value in packed.items()})
        return sample.proposals, sample.tube_scores

    def _localization(self, name: str, stretch: _Stretch) -> Localization:
        tubes = rank_tubes(stretch.pieces, self.classes, self._actors, self._classes_per_tube)
        return Localization(name, stretch.start, stretch.end - stretch.start, stretch.size, self.classes, tubes)


def _whole(pieces: Sequence[TrackPiece]) -> TrackPiece:
    """The pieces of a tube, one after the other, as one; its scores are those of the last."""
    tubes = [piece.tube for piece in pieces]
    boxes = np.concatenate([tube.boxes for tube in tubes])
    scores = np.concatenate([tube.scores for tube in tubes])
    return replace(pieces[-1], tube=replace(tubes[0], boxes=boxes, scores=scores))


def _is_frame(item) -> bool:
    return isinstance(item, np.ndarray) and item.ndim == 3


def _name(video: Video, otherwise: str) -> str:
    return Path(video).stem if isinstance(video, (str, Path)) else otherwise
