"""Looking at a config's data sets before they are used."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from mmengine.config import Config

from actorsup.datasets import AnnotatedVideos
from actorsup.datasets.checking import Finding, ListedVideos, check_lists, check_video
from actorsup.errors import InputError, VideoError
from actorsup.io import open_video
from actorsup.io.files import save_json
from actorsup.proposals.progress import progress_bar
from actorsup.registry import DATASETS
from actorsup.visualization import DrawnTube, contact_sheet, draw_tubes, equal_steps, save_picture

from .config import dataset_configs

SPLITS = {"train": "train_dataloader", "test": "test_dataloader"}


@dataclass(frozen=True, eq=False)
class DatasetReport:
    """What was found.

    Args:
        counts: of each data set by its name, rows for ``print_table``.
        findings: errors and warnings.
        sheet: the picture that was written; None if no video can be read.
    """

    counts: Mapping[str, list[dict]]
    findings: tuple[Finding, ...]
    sheet: Path | None

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The errors among the findings."""
        return tuple(finding for finding in self.findings if finding.is_error)


def check_dataset(config: Config, decode: bool = True, num_pictures: int = 12) -> DatasetReport:
    """Check the videos, labels and true tubes of the data sets that a config trains and tests on.

    Writes ``dataset_check.json`` and ``dataset_sheet.png``, frames of videos with their true tubes, into the work
    directory. Proposals are not looked at.

    Args:
        config: as ``load_config`` returns it.
        decode: read every video to its end; else its first frame.
        num_pictures: at most so many frames on the sheet.

    Raises:
        InputError: if a file is missing or cannot be read at all.
    """
    listed = {split: list(_listed(config, split, loader)) for split, loader in SPLITS.items()}
    every = [*listed["train"], *listed["test"]]
    if not every:
        raise InputError(f"{config.filename}: has neither {' nor '.join(SPLITS.values())}")
    findings = check_lists(listed["train"], listed["test"]) + _check_head(config, every)
    for path, annotation, reader in _videos(every):
        findings += check_video(path, annotation, reader, decode)
    findings.sort(key=lambda finding: (not finding.is_error, finding.kind))
    folder = Path(config.work_dir)
    pictures = _pictures([*listed["test"], *listed["train"]], num_pictures)
    if pictures:
        save_picture(folder / "dataset_sheet.png", contact_sheet(pictures))
    counts = {one.name: one.counts() for one in every}
    content = {"counts": counts, "findings": [asdict(finding) for finding in findings]}
    save_json(folder / "dataset_check.json", content)
    return DatasetReport(counts, tuple(findings), folder / "dataset_sheet.png" if pictures else None)


def _listed(config: Config, split: str, loader: str) -> Iterator[ListedVideos]:
    settings = list(dataset_configs(config, [loader]))
    for index, each in enumerate(settings):
        name = split if len(settings) == 1 else f"{split} {index + 1}"
        dataset_type = DATASETS.get(each["type"])
        if dataset_type is None or not issubclass(dataset_type, AnnotatedVideos):
            raise InputError(f"{config.filename}: {each['type']} of {loader} is no data set of videos")
        changes = {"pipeline": [], "tube_store": None, "lazy_init": True}
        yield ListedVideos.of(name, DATASETS.build({**each, **changes}))


def _check_head(config: Config, listed: Sequence[ListedVideos]) -> list[Finding]:
    """A head of another number of classes than the data set."""
    num_classes = config.get("model", {}).get("head", {}).get("num_classes")
    return [
        Finding("model of another number of classes", one.name, f"head {num_classes}, data set {len(one.classes)}")
        for one in listed
        if num_classes not in (None, len(one.classes))
    ]


def _videos(listed: Sequence[ListedVideos]) -> Iterator[tuple]:
    """Path, annotation and reader of every video that is there, each file once; progress is shown."""
    videos = {}
    for one in listed:
        for video, path in one.paths.items():
            annotation = one.annotated.get(video)
            if path not in videos or annotation is not None:
                videos[path] = (path, annotation, one.reader)
    with progress_bar("videos", len(videos), unit="videos", enabled=True) as progress:
        for video in videos.values():
            yield video
            progress.advance(1)


def _pictures(listed: Sequence[ListedVideos], count: int) -> list[np.ndarray]:
    """Frames with true tubes, spread over the annotated videos; of any videos where none is annotated."""
    shown = [
        (one, video) for one in listed for video in one.paths if video in one.annotated and one.videos[video].tubes
    ]
    shown = shown or [(one, video) for one in listed for video in one.paths]
    pictures = []
    for place in equal_steps(len(shown), count):
        try:
            pictures.append(_picture(*shown[place]))
        except VideoError:
            continue  # it is among the findings
    return pictures


def _picture(listed: ListedVideos, video: str) -> np.ndarray:
    """The frame in the middle of what people drew in the first tube, with all tubes that are in it."""
    annotation = listed.annotated.get(video)
    frame = 0
    if annotation is not None and annotation.tubes:
        marked = annotation.tubes[0].marked_frames
        frame = int(marked[len(marked) // 2])
    (image,) = open_video(listed.paths[video], listed.reader).frames_at([frame])
    tubes = [] if annotation is None else annotation.tubes_at((image.shape[1], image.shape[0]))
    drawn_tubes = [DrawnTube.ranked(tube, tube.label, listed.classes[tube.label]) for tube in tubes]
    title = f"{listed.classes[listed.videos[video].label]}: {video} frame {frame}"
    return draw_tubes(np.ascontiguousarray(image), frame, drawn_tubes, title)
