"""Localize actions in video files, for people to look at."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mmengine.config import Config
from mmengine.logging import print_log

from actorsup.datasets.formats import LabelledVideo
from actorsup.datasets.video_files import video_name, videos_like
from actorsup.engine.config import dataset_configs, plain_dataset, proposal_config_of
from actorsup.errors import InputError
from actorsup.io import open_video
from actorsup.io.localizations import save_localization
from actorsup.progress import progress_bar
from actorsup.structures import Localization
from actorsup.visualization import DrawnTube, render_video

from .inferencer import ActionInferencer


@dataclass
class LocalizationReport:
    """What became of the videos, by their paths."""

    localized: dict[str, Localization] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)  # why they could not be used


@dataclass(frozen=True)
class TrueTubes:
    """True tubes of an annotation file, to draw beside those found."""

    annotations: Mapping[str, LabelledVideo]  # by the dataset's name of each video
    classes: Sequence[str]  # by the labels of the tubes

    @classmethod
    def read(cls, config: Config, file: str | Path) -> "TrueTubes":
        """Read a file in the format of the config's test dataset."""
        settings = next(dataset_configs(config, ["test_dataloader"]), None)
        if settings is None:
            raise InputError(f"{config.filename}: has no test_dataloader, whose dataset would read {file}")
        ann_file = str(Path(file).resolve())
        read = plain_dataset(settings, ann_file=ann_file, test_mode=True, lazy_init=True).format
        return cls(read.annotated(), read.metainfo()["classes"])

    def drawn(self, path: Path, size: tuple[int, int]) -> list[DrawnTube]:
        """The tubes of a video file, by its name, in pixels of frames of ``size``; none if it is not annotated."""
        names = videos_like(path, self.annotations)
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
    """Write into ``out`` what is found in each video: ``<name>.json``, and ``<name>.mp4`` with the tubes drawn.

    ``videos`` are files or folders of frames, each of another name; one that cannot be read is reported, and the others
    go on. Kept are the ``top`` best tubes of each video (None: all) of at least ``min_score``.
    """
    paths, out = [Path(video) for video in videos], Path(out)
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
                save_localization(out / f"{video_name(path)}.json", found)
                bar.show(f"{path.name}, drawing")
                video = open_video(path, reader)
                drawn = [*(truth.drawn(path, found.size) if truth else ()), *map(DrawnTube.of_action, found.tubes)]
                rate = video.frames_per_second() or 25.0  # where its own is unknown
                render_video(out / f"{video_name(path)}.mp4", video, drawn, found.num_frames, found.size, rate)
            except InputError as error:
                report.failed[str(path)] = str(error)
                print_log(f"{path.name}: left out: {error}", logger="current", level=logging.WARNING)
                bar.advance(0)
            else:
                report.localized[str(path)] = found
                bar.advance(found.num_frames)
    return report


def _check_names(paths: Sequence[Path], out: Path) -> None:
    by_name: dict[str, Path] = {}
    for path in paths:
        name = video_name(path)
        if name in by_name:
            raise InputError(f"{by_name[name]} and {path} would both become {name}.mp4; take one at a time")
        by_name[name] = path
        if (out / f"{name}.mp4").resolve() == path.resolve():
            raise InputError(f"{path}: would be replaced by what is drawn of it; give another folder with --out")
