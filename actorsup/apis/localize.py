"""Localizing actions in video files, for people to look at."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from mmengine.config import Config
from mmengine.logging import print_log

from actorsup.datasets.formats import LabelledVideo
from actorsup.engine.config import dataset_configs, proposal_config_of
from actorsup.errors import InputError
from actorsup.io import VideoReader, open_video
from actorsup.proposals.progress import Bar, progress_bar
from actorsup.registry import DATASETS
from actorsup.structures import Localization
from actorsup.visualization import DrawnTube, render_video

from .exports import save_localization
from .inferencer import ActionInferencer

DEFAULT_RATE = 25.0  # frames per second of a rendered video whose own rate is unknown
FRAMES_BETWEEN_SIGNS = 25


@dataclass
class LocalizationReport:
    """What became of the videos, by their paths.

    Args:
        localized: what was found in them.
        failed: why they could not be used.
    """

    localized: dict[str, Localization] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class TrueTubes:
    """An annotation file, to draw what is true beside what was found.

    Args:
        annotations: by the data set's name of each video.
        classes: names of the actions, by the labels of the tubes.
    """

    annotations: Mapping[str, LabelledVideo]
    classes: Sequence[str]

    @classmethod
    def read(cls, config: Config, file: str | Path) -> "TrueTubes":
        """Read a file in the format of the config's test data set.

        Raises:
            InputError: if the config has no such data set, or the file is not in its format.
        """
        settings = next(dataset_configs(config, ["test_dataloader"]), None)
        if settings is None:
            raise InputError(f"{config.filename}: has no test_dataloader, whose data set would read {file}")
        path = str(Path(file).resolve())
        plain = {"ann_file": path, "tube_store": None, "pipeline": [], "test_mode": True, "lazy_init": True}
        read = DATASETS.build({**settings, **plain}).format
        return cls(read.annotated(), read.metainfo()["classes"])

    def drawn(self, path: Path, size: tuple[int, int]) -> list[DrawnTube]:
        """The true tubes of a video file, by its name, in pixels of frames of a size; none if it is not annotated."""
        names = [name for name in self.annotations if Path(name).name in (path.name, path.stem)]
        if len(names) > 1:
            names = [name for name in names if Path(name).parent.name == path.resolve().parent.name]
        tubes = self.annotations[names[0]].tubes_at(size) if len(names) == 1 else ()
        return [DrawnTube.truth(tube, self.classes[tube.label]) for tube in tubes]


def localize_videos(
    localizer: ActionInferencer,
    videos: Sequence[str | Path],
    out: str | Path,
    top: int | None = 5,
    min_score: float = 0.0,
    truth: TrueTubes | None = None,
) -> LocalizationReport:
    """Write what is found in each video: ``<name>.json``, and ``<name>.mp4`` with the tubes drawn.

    A video that cannot be read is reported, and the others go on. Files appear whole or not at all.

    Args:
        localizer: finds the actions.
        videos: files or folders of frames.
        out: folder; it is made.
        top: the best tubes of each video; None is all.
        min_score: none of a lower score.
        truth: true tubes to draw too.

    Raises:
        InputError: if two videos have one name, a result would replace a video, or detector or linker cannot be loaded.
    """
    paths = [Path(video) for video in videos]
    out = Path(out)
    _check_names(paths, out)
    reader = proposal_config_of(localizer.config).reader
    localizer.prepare()  # so that a wrong setting is not taken for a bad video
    report = LocalizationReport()
    with progress_bar("videos", len(paths), unit="frames") as bar:
        for path in paths:
            bar.show(path.name)
            try:
                found = localizer(path, progress=lambda count, name=path.name: bar.show(f"{name}, frame {count}"))
                found = found.best(top, min_score)
                save_localization(out / f"{path.stem}.json", found)
                drawn = [*(truth.drawn(path, found.size) if truth else ()), *map(DrawnTube.of_action, found.tubes)]
                _render(out / f"{path.stem}.mp4", open_video(path, reader), found, drawn, bar)
            except InputError as error:
                report.failed[str(path)] = str(error)
                print_log(f"{path.name}: left out: {error}", logger="current", level=logging.ERROR)
                bar.advance(0)
            else:
                report.localized[str(path)] = found
                bar.advance(found.num_frames)
    return report


def _render(path: Path, video: VideoReader, found: Localization, drawn: Sequence[DrawnTube], bar: Bar) -> None:
    """Draw a video, and say on the bar how far it is."""

    def frames() -> Iterator[np.ndarray]:
        for index, frame in enumerate(video):
            if index % FRAMES_BETWEEN_SIGNS == 0:
                bar.show(f"{path.name}, drawing frame {index} of {found.num_frames}")
            yield frame

    rate = video.frames_per_second() or DEFAULT_RATE
    render_video(path, frames(), drawn, found.num_frames, found.size, rate)


def _check_names(paths: Sequence[Path], out: Path) -> None:
    by_name: dict[str, Path] = {}
    for path in paths:
        if path.stem in by_name:
            raise InputError(f"{by_name[path.stem]} and {path} would both become {path.stem}.mp4; take one at a time")
        by_name[path.stem] = path
        if (out / f"{path.stem}.mp4").resolve() == path.resolve():
            raise InputError(f"{path}: would be replaced by what is drawn of it; give another folder with --out")
