"""Check a config's datasets before they are used."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from mmengine.config import Config

from actorsup.datasets import AnnotatedVideos
from actorsup.datasets.checking import Finding, ListedVideos, check_lists, check_video
from actorsup.errors import InputError, MissingSplitError, VideoError
from actorsup.io import open_video
from actorsup.io.files import save_json
from actorsup.progress import progress_bar
from actorsup.registry import DATASETS
from actorsup.visualization import DrawnTube, contact_sheet, draw_tubes, equal_steps, save_picture

from .config import dataset_configs, plain_dataset

SPLITS = {"train": "train_dataloader", "test": "test_dataloader"}


@dataclass(frozen=True, eq=False)
class DatasetReport:
    """What a check found."""

    counts: Mapping[str, list[dict]]  # rows of a table for each dataset, by its name
    findings: tuple[Finding, ...]
    sheet: Path | None  # the picture that was written; None if no video can be read

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The errors among the findings."""
        return tuple(finding for finding in self.findings if finding.is_error)


def check_dataset(config: Config, decode: bool = True, num_pictures: int = 12) -> DatasetReport:
    """Check the videos, labels and true tubes of the datasets that a config trains and tests on.

    Writes ``dataset_check.json`` and ``dataset_sheet.png``, at most ``num_pictures`` frames with their true tubes, into
    the work directory. With ``decode``, every video is read to its end, else its first frame. Proposals are not read.
    """
    if not any(config.get(loader) for loader in SPLITS.values()):
        raise InputError(f"{config.filename}: has neither {' nor '.join(SPLITS.values())}")
    findings: list[Finding] = []
    train, test = (list(_listed(config, split, loader, findings)) for split, loader in SPLITS.items())
    every = [*train, *test]
    num_classes = config.get("model", {}).get("head", {}).get("num_classes")
    findings += check_lists(train, test)
    findings += [
        Finding("model of another number of classes", one.name, f"head {num_classes}, dataset {len(one.classes)}")
        for one in every
        if num_classes not in (None, len(one.classes))
    ]
    videos = _videos(every)
    with progress_bar("videos", len(videos), unit="videos") as progress:
        for path, (annotation, reader) in videos.items():
            findings += check_video(path, annotation, reader, decode)
            progress.advance(1)
    findings.sort(key=lambda finding: (not finding.is_error, finding.kind))
    counts = {one.name: one.counts() for one in every}
    folder = Path(config.work_dir)
    save_json(folder / "dataset_check.json", {"counts": counts, "findings": list(map(asdict, findings))})
    sheet = None
    if pictures := _pictures([*test, *train], num_pictures):
        sheet = folder / "dataset_sheet.png"
        save_picture(sheet, contact_sheet(pictures))
    return DatasetReport(counts, tuple(findings), sheet)


def _listed(config: Config, split: str, loader: str, findings: list[Finding]) -> Iterator[ListedVideos]:
    """What the datasets of a dataloader list; one whose split is not there goes to ``findings``."""
    settings = list(dataset_configs(config, [loader]))
    for index, each in enumerate(settings):
        name = split if len(settings) == 1 else f"{split} {index + 1}"
        dataset_type = DATASETS.get(each["type"])
        if dataset_type is None or not issubclass(dataset_type, AnnotatedVideos):
            raise InputError(f"{config.filename}: {each['type']} of {loader} is no dataset of videos")
        try:
            yield ListedVideos.of(name, plain_dataset(each, lazy_init=True))
        except MissingSplitError as error:
            findings.append(Finding("split that is not there", name, str(error)))


def _videos(listed: Sequence[ListedVideos]) -> dict[Path, tuple]:
    """Annotation, where any dataset has one, and reader of every video file that is there."""
    videos = {}
    for one in listed:
        annotated = one.annotated
        for video, path in one.paths.items():
            if path not in videos or video in annotated:
                videos[path] = annotated.get(video), one.reader
    return videos


def _pictures(listed: Sequence[ListedVideos], count: int) -> list[np.ndarray]:
    """Frames with true tubes, spread over the annotated videos; of any videos where none is annotated."""
    every = [
        (one, video, annotated.get(video)) for one in listed for annotated in [one.annotated] for video in one.paths
    ]
    shown = [each for each in every if each[2] is not None and each[2].tubes] or every
    pictures = []
    for place in equal_steps(len(shown), count):
        try:
            pictures.append(_picture(*shown[place]))
        except VideoError:
            continue  # it is among the findings
    return pictures


def _picture(listed: ListedVideos, video: str, annotation) -> np.ndarray:
    """The frame in the middle of what people drew in the first tube, with all tubes that are in it."""
    frame = 0
    if annotation is not None and annotation.tubes:
        marked = annotation.tubes[0].marked_frames
        frame = int(marked[len(marked) // 2])
    (image,) = open_video(listed.paths[video], listed.reader).frames_at([frame])
    tubes = [] if annotation is None else annotation.tubes_at((image.shape[1], image.shape[0]))
    drawn_tubes = [DrawnTube.ranked(tube, tube.label, listed.classes[tube.label]) for tube in tubes]
    shown = ", ".join(listed.classes[label] for label in listed.videos[video].labels) or "no class"
    title = f"{shown}: {video} frame {frame}"
    return draw_tubes(np.ascontiguousarray(image), frame, drawn_tubes, title)
