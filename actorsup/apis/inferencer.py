"""The whole method as one object."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import Compose
from torch import nn

from actorsup.datasets.video_files import video_name, videos_like
from actorsup.device import keep_memory_flat, pick_device, return_freed_memory
from actorsup.engine.checkpoint_match import trained_model
from actorsup.engine.config import load_config, metainfo_of, proposal_config_of, required_datasets
from actorsup.engine.words import begin_untrained, with_actions
from actorsup.errors import InputError
from actorsup.io import Proposals, StreamedFrames, TubeStore, ahead, open_video
from actorsup.proposals import ProposalPipeline
from actorsup.proposals.config import existing_store
from actorsup.registry import DETECTORS, MODELS, TRANSFORMS
from actorsup.structures import Localization, Tube

from .long_videos import TrackPiece, TubeStitcher, concatenate, rank_tubes, windows

Video = str | Path | np.ndarray | Iterable[np.ndarray]


@dataclass(frozen=True, eq=False)
class _Stretch:
    """What is finished of a video: frames ``start`` to before ``end``."""

    start: int
    end: int
    size: tuple[int, int]  # width, height
    pieces: Sequence[TrackPiece]


class ActionInferencer:
    """Find actions in videos: proposals by a config's detector and linker, ranked by its model.

    The model is a trained one or, given ``actions``, one that knows them by words. Algorithm 1 and the model see a
    window of ``window`` frames at a time, sampled by the config's test pipeline. The tubes of a longer video's windows
    are stitched together where these overlap (``TubeStitcher``).

    Args:
        config: a config file, or what ``load_config`` returns.
        checkpoint: made by training that config, or exported to ONNX from such a one. No code in the file is run. None:
            the model's ``TextHead`` scores tubes by the texts of the actions, untrained.
        actions: what to look for, in words; in place of the classes of the config's head. Without a checkpoint alone.
        device: where detector, tracker and model run; None takes the GPU where there is one.
        proposals: folder of a tube store to take the proposals from; None makes them. With it, videos are files, and
            each is one window.
        overlap: frames that neighbouring windows share, from 1 to half of a window.
        stitch_threshold: IoU in these frames, in space and time, from which tubes of neighbouring windows are one.
        classes_per_tube: for how many classes, its best, a tube is given; None is all of them.
    """

    def __init__(
        self,
        config: str | Path | Config,
        checkpoint: str | Path | None = None,
        device: str | None = None,
        proposals: str | Path | None = None,
        window: int = 256,
        overlap: int = 64,
        stitch_threshold: float = 0.5,
        classes_per_tube: int | None = 1,
        actions: Sequence[str] | None = None,
    ) -> None:
        if not 1 <= overlap <= window // 2:
            raise InputError(f"expected an overlap of 1 to half of a window's frames, got {overlap} of {window}")
        if not 0 < stitch_threshold <= 1 or (classes_per_tube is not None and classes_per_tube < 1):
            given = f"got {stitch_threshold}, {classes_per_tube}"
            raise InputError(f"expected 0 < stitch_threshold <= 1 and classes_per_tube >= 1, {given}")
        self.config = config if isinstance(config, Config) else load_config(config)
        self.window, self.overlap = window, overlap
        self._stitch_threshold, self._classes_per_tube = stitch_threshold, classes_per_tube
        self._proposals = ProposalPipeline(proposal_config_of(self.config).on_device(device))
        self._store = None if proposals is None else existing_store(proposals)
        dataset = next(required_datasets(self.config, "test_dataloader"))  # whose pipeline the videos go through
        self._transforms = Compose([TRANSFORMS.build(step) for step in dataset.pipeline])
        metainfo = metainfo_of(dataset)
        if checkpoint is None:
            self.classes, model = self._untrained_model(actions)
        elif actions is not None:
            raise InputError(f"{checkpoint} knows the actions that it was trained on: leave it out, or actions")
        else:
            classes = dataset.get("classes") or metainfo.get("classes")
            self.classes, model = trained_model(self.config, checkpoint, classes)
        self._model = model.to(pick_device(device)).eval()
        detector = self._proposals.config.detector
        named_by_type = getattr(DETECTORS.get(detector["type"]), "actors", None)
        self._actors = detector.get("actors") or named_by_type or metainfo.get("actors") or ()

    def _untrained_model(self, actions: Sequence[str] | None) -> tuple[tuple[str, ...], nn.Module]:
        self.config = with_actions(self.config, actions)
        with torch.random.fork_rng():
            model = MODELS.build(self.config.model)
        begin_untrained(model)
        return tuple(model.head.classes), model

    def prepare(self) -> None:
        """Load detector and tracker now and not with the first video."""
        if self._store is None:  # stored proposals need neither
            self._proposals.build()

    def __call__(
        self, video: Video | Sequence[Video], name: str | None = None, progress: Callable[[int], None] | None = None
    ) -> Localization | list[Localization]:
        """The actions of a whole video, or of each in a list.

        A video is a path, frames ``(T, H, W, 3)`` uint8, RGB, or anything that gives such frames one by one, to its
        end. ``name`` is its name in the result and in a store of proposals; None takes a path's without suffix.
        ``progress`` is called after each window with the number of frames that are finished.
        """
        if isinstance(video, (list, tuple)) and not all(_is_frame(item) for item in video):
            if name is not None:
                raise InputError(f"name={name!r} is for one video, got {len(video)}")
            return [self(item, _name(item, f"video{index}"), progress) for index, item in enumerate(video)]
        name = name or _name(video, "video")
        by_track: dict[int, list[TrackPiece]] = {}
        stretch = None
        for stretch in self._stretches(video, name):
            for piece in stretch.pieces:
                by_track.setdefault(piece.track, []).append(piece)
            if progress is not None:
                progress(stretch.end)
        if stretch is None:
            raise InputError(f"{name}: holds no frame")
        whole = [  # with the scores of the last piece
            replace(pieces[-1], tube=concatenate([piece.tube for piece in pieces], like=pieces[0].tube))
            for pieces in by_track.values()
        ]
        return self._localization(name, replace(stretch, start=0, pieces=whole))

    def stream(self, video: Video, name: str = "stream") -> Iterator[Localization]:
        """The actions of a video, or a camera without end, window by window: each stretch of frames once, in order.

        The video is what a call takes: a path, or frames ``(H, W, 3)`` uint8, RGB, one after the other.
        Pieces of one tube have one ``track``; their scores are those of the windows so far. At most the frames of a
        window, and those that the detector reads ahead, are held.
        """
        for stretch in self._stretches(video, name):
            yield self._localization(name, stretch)

    def _stretches(self, video: Video, name: str) -> Iterator[_Stretch]:
        is_file = isinstance(video, (str, Path))
        if self._store is not None:
            if not is_file:
                raise InputError(f"{name}: stored proposals are of video files, got {type(video).__name__}")
            stored = self._store.load(_stored_name(self._store, Path(video), name))
            tubes, scores = self._score(name, video, self._proposals.config.reader, stored)
            pieces = [TrackPiece(track, *scored) for track, scored in enumerate(zip(tubes, scores, strict=True))]
            yield _Stretch(0, stored.num_frames, stored.size, pieces)
            return
        keep_memory_flat()
        if is_file:  # read twice, so that the next windows are detected while one is linked
            frames = self._proposals.open(video)
            found = ahead(self._proposals.detect(open_video(video, self._proposals.config.reader)), self.window)
        else:
            frames = StreamedFrames(video, name)
            found = self._proposals.detect(frames)
        stitcher = TubeStitcher(self._stitch_threshold)
        end = start = 0
        for window in windows(frames, found, self.window, self.overlap):
            proposals = self._proposals.link(window.frames, window.detections)
            tubes, scores = self._score(name, name, {"type": "HeldFramesReader", "frames": window.frames}, proposals)
            tubes = [replace(tube, start=window.start + tube.start) for tube in tubes]
            pieces = stitcher.add(tubes, scores, range(window.start, end), window.finished)
            yield _Stretch(start, window.finished, proposals.size, pieces)
            start, end = window.finished, window.start + len(window.frames)
            return_freed_memory()

    @torch.no_grad()
    def _score(
        self, name: str, path: str | Path, reader: dict | None, proposals: Proposals
    ) -> tuple[Sequence[Tube], np.ndarray]:
        """The tubes that the pipeline keeps, and their scores ``(P, K)``."""
        results = {"video": name, "path": path, "reader": reader, "labels": None, "ground_truth": ()}
        packed = self._transforms({**results, "proposals": proposals})
        (sample,) = self._model.test_step({key: [value] for key, value in packed.items()})
        return sample.proposals, sample.tube_scores

    def _localization(self, name: str, stretch: _Stretch) -> Localization:
        tubes = rank_tubes(stretch.pieces, self.classes, self._actors, self._classes_per_tube)
        return Localization(name, stretch.start, stretch.end - stretch.start, stretch.size, self.classes, tubes)


def _stored_name(store: TubeStore, path: Path, name: str) -> str:
    """What a store calls a video: ``name``, or else the one name that ends like its path."""
    videos = store.videos()
    alike = [name] if name in videos else videos_like(path, videos)
    if len(alike) != 1:
        raise InputError(
            f"{path}: {store.folder} has {'several videos' if alike else 'no video'} of that name; give the name that "
            "`actorsup proposals` gave it, or leave the store out"
        )
    return alike[0]


def _is_frame(item) -> bool:
    return isinstance(item, np.ndarray) and item.ndim == 3


def _name(video: Video, otherwise: str) -> str:
    return video_name(Path(video)) if isinstance(video, (str, Path)) else otherwise
