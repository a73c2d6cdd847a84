"""Localizations as files, in our format and in those of others."""

import pickle
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from actorsup.errors import InputError
from actorsup.io.files import save
from actorsup.structures import Localization

COLUMNS = ("video", "rank", "action", "score", "actor", "track", "frame", "x1", "y1", "x2", "y2", "box_score")


def box_rows(localizations: Sequence[Localization]) -> Iterator[dict]:
    """A row for each box of each tube, with the keys of ``COLUMNS``: frames from 0, pixels of the original frame."""
    for localization in localizations:
        for found in localization.tubes:
            of_tube = (localization.video, found.rank, found.action, found.score, found.actor, found.track)
            boxes, scores = found.tube.boxes.tolist(), found.tube.scores.tolist()
            for frame, (box, score) in enumerate(zip(boxes, scores, strict=True), start=found.tube.start):
                yield dict(zip(COLUMNS, (*of_tube, frame, *box, score), strict=True))


def as_table(localizations: Sequence[Localization]):
    """``box_rows`` as a pandas ``DataFrame``."""
    try:
        import pandas
    except ImportError as error:
        raise InputError("a table needs pandas: pip install 'actorsup[tables]'; box_rows does not") from error
    return pandas.DataFrame(box_rows(localizations), columns=COLUMNS)


def as_coco_video(localizations: Sequence[Localization]) -> dict:
    """Videos in the layout of YouTube-VIS and TAO, which extends COCO's: ``videos``, ``categories``, ``annotations``.

    Ids are 1-based. ``bboxes`` and ``areas`` have an entry for every frame of the video, ``[x, y, width, height]`` in
    pixels or None; ``score`` is the action's.
    """
    videos, annotations = [], []
    for video_id, localization in enumerate(localizations, start=1):
        width, height = localization.size
        shape = {"width": width, "height": height, "length": localization.num_frames}
        videos.append({"id": video_id, "name": localization.video, **shape})
        for found in localization.tubes:
            tube = found.tube
            sizes = tube.boxes[:, 2:] - tube.boxes[:, :2]
            before = [None] * (tube.start - localization.start)
            after = [None] * (localization.num_frames - len(before) - len(tube))
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "video_id": video_id,
                    "category_id": tube.label + 1,
                    "score": found.score,
                    "bboxes": [*before, *np.hstack([tube.boxes[:, :2], sizes]).tolist(), *after],
                    "areas": [*before, *sizes.prod(axis=1).tolist(), *after],
                    "iscrowd": 0,
                    **shape,
                }
            )
    categories = [{"id": index, "name": name} for index, name in enumerate(_common_classes(localizations), start=1)]
    return {"videos": videos, "categories": categories, "annotations": annotations}


def as_act(localizations: Sequence[Localization]) -> dict:
    """Tubes in the layout of the ACT detector's ground truth, for tools that read it.

    ``labels``, ``train_videos`` (empty) and ``test_videos``, a list of one split each; ``nframes`` and ``resolution
    (height, width)`` by video; ``gttubes[video][label]``, a list of arrays ``(T, 5)``: frame, 1-based, and corners in
    continuous pixels. ``scores``, in the order of ``gttubes``, is ours.
    """
    by_name = {localization.video: localization for localization in localizations}
    names = [localization.video for localization in localizations]
    if len(by_name) < len(names):
        raise InputError(f"this layout tells videos apart by their names, got {', '.join(names)}")
    tubes, scores = ({name: defaultdict(list) for name in names} for _ in range(2))
    for name, localization in by_name.items():
        for found in localization.tubes:
            tube = found.tube
            frames = np.arange(tube.start, tube.end, dtype=np.float32)[:, None] + 1
            tubes[name][tube.label].append(np.hstack([frames, tube.boxes]))
            scores[name][tube.label].append(found.score)
    return {
        "labels": list(_common_classes(localizations)),
        "train_videos": [[]],
        "test_videos": [names],
        "nframes": {name: localization.num_frames for name, localization in by_name.items()},
        "resolution": {name: localization.size[::-1] for name, localization in by_name.items()},
        "gttubes": {name: dict(by_label) for name, by_label in tubes.items()},
        "scores": {name: dict(by_label) for name, by_label in scores.items()},
    }


def save_act(path: str | Path, localizations: Sequence[Localization]) -> None:
    """Write ``as_act`` as a pickle, atomically."""
    save(path, pickle.dumps(as_act(localizations)))


def _common_classes(localizations: Sequence[Localization]) -> tuple[str, ...]:
    classes = {localization.classes for localization in localizations}
    if len(classes) > 1:
        raise InputError(f"one file is of one set of classes, got {' and '.join(map(str, sorted(classes)))}")
    return classes.pop() if classes else ()
