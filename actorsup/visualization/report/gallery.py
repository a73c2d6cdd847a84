"""The videos of a page: their frames as JPEG images, and what each run found in them."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from actorsup.errors import InputError
from actorsup.io import open_video
from actorsup.visualization.overlay import class_color, equal_steps

from .run import Run, given_class, true_classes

QUALITY = 60  # of the JPEG images
MAX_BYTES = 12_000_000  # of all images together, as they are written into the page


@dataclass(frozen=True)
class Limits:
    """How large a gallery may grow."""

    num_videos: int = 16  #: half of them the best and half the worst
    num_frames: int = 48  #: of each video, in equal steps
    width: int = 320  #: of a frame in pixels; smaller ones are not enlarged

    def __post_init__(self) -> None:
        for name, least in {"num_videos": 0, "num_frames": 1, "width": 1}.items():
            if getattr(self, name) < least:
                raise InputError(f"{name} must be at least {least}, got {getattr(self, name)}")


@dataclass(frozen=True, eq=False)
class Gallery:
    """Plain values, for JSON."""

    # ``video``, ``shows`` (names of its true classes), ``classes`` (those, and what a run gives it), of each run
    # ``given`` (the class), ``overlap`` and ``errors`` (reasons), None or empty where they are unknown, and ``clip``,
    # an index, or None where its frames are not in the page.
    videos: list[dict]
    # The worst first, ``video``, ``width`` and ``height`` in pixels of the original frame, ``rate`` (images a second),
    # ``indices`` of the frames, ``images`` (data URLs), ``truth`` (tubes), and of each run ``found`` (tubes) and
    # ``outcomes`` (of the true tubes: found, or why not).
    clips: list[dict]
    colors: dict[str, str]  # of every class, as CSS has them
    left_out: dict[str, str]  # videos whose frames were chosen but are not in the page, with the reason


Said = list[tuple[Run, dict | None]]  # each run with its entry of a video, None where it has not tested it


def make_gallery(runs: Sequence[Run], limits: Limits) -> Gallery:
    """Read the best and the worst videos; those that cannot be read or exceed ``MAX_BYTES`` are left out."""
    entries = [{entry["video"]: entry for entry in (run.predictions or {"videos": ()})["videos"]} for run in runs]
    names = dict.fromkeys(name for of_run in entries for name in of_run)
    said = {name: [(run, of_run.get(name)) for run, of_run in zip(runs, entries, strict=True)] for name in names}
    videos = {name: _listed(name, said[name]) for name in names}
    judged = [video for video in videos.values() if any(overlap is not None for overlap in video["overlap"])]
    # Of a test on labels alone, videos are judged by their class.
    judged = judged or [video for video in videos.values() if video["shows"] and any(video["given"])]
    worst_first = [video["video"] for video in sorted(judged, key=_goodness)]
    clips, left_out, used = {}, {}, 0
    # The worst, the best, the second worst and so on.
    by_turns = [worst_first[index // 2 if index % 2 == 0 else -1 - index // 2] for index in range(len(worst_first))]
    for name in by_turns[: limits.num_videos]:
        try:
            clip = _clip(name, said[name], limits)
            size = sum(map(len, clip["images"]))
            if used + size > MAX_BYTES:
                raise InputError(f"the images of the page may have {MAX_BYTES} bytes together")
        except (InputError, OSError) as error:
            left_out[name] = str(error)
        else:
            clips[name] = clip
            used += size
    shown = [name for name in worst_first if name in clips]
    for index, name in enumerate(shown):
        videos[name]["clip"] = index
    classes = dict.fromkeys(name for run in runs if run.predictions for name in run.predictions["classes"])
    colors = {name: "#{:02x}{:02x}{:02x}".format(*class_color(label)) for label, name in enumerate(classes)}
    return Gallery(list(videos.values()), [clips[name] for name in shown], colors, left_out)


def _listed(video: str, said: Said) -> dict:
    shown, given = {}, []
    for run, entry in said:
        given.append(None)
        if entry:
            classes = run.predictions["classes"]
            shown |= dict.fromkeys(classes[label] for label in true_classes(entry))
            if (label := given_class(entry)) is not None:
                given[-1] = classes[label]
    return {
        "video": video,
        "shows": list(shown),
        "classes": list({**shown, **{name: None for name in given if name}}),
        "given": given,
        "overlap": [entry and entry["overlap"] for _, entry in said],
        "errors": [run.errors_of(video) for run, _ in said],
        "clip": None,
    }


def _goodness(video: dict) -> tuple[float, float]:
    """The share of the runs that give a video its class, then the mean overlap."""
    overlaps = [overlap for overlap in video["overlap"] if overlap is not None]
    right = [name in video["shows"] for name in video["given"] if name is not None]
    return float(np.mean(right or [0])), float(np.mean(overlaps or [0]))


def _clip(video: str, said: Said, limits: Limits) -> dict:
    """The frames of a video and its tubes at those frames."""
    first, known = next((run, entry) for run, entry in said if entry)
    path = Path(known["path"])
    if not path.exists():
        raise InputError(f"{path}: no such video; the page is made where the videos of the test are")
    opened = open_video(path, first.predictions["reader"])
    rate = opened.frames_per_second() or 25.0
    num_frames = sum(1 for _ in opened)
    indices = equal_steps(num_frames, limits.num_frames)
    frames = opened.frames_at(indices)

    def at_frames(run: Run, tube: dict) -> dict:
        places = (indices - tube["start"]).tolist()
        boxes = [tube["boxes"][place] if 0 <= place < len(tube["boxes"]) else None for place in places]
        return {"class": run.predictions["classes"][tube["label"]], "boxes": boxes}

    return {
        "video": video,
        "width": frames.shape[2],
        "height": frames.shape[1],
        "rate": rate * len(indices) / num_frames,
        "indices": indices.tolist(),
        "images": [_jpeg(frame, limits.width) for frame in frames],
        "truth": [at_frames(first, tube) for tube in known["true_tubes"]],
        "found": [
            [
                at_frames(run, tube) | {"score": float(np.exp(tube["score"]))}
                for tube in (entry or {"tubes": ()})["tubes"]
            ]
            for run, entry in said
        ],
        "outcomes": [[tube["reason"] for tube in run.diagnosed(video)["true_tubes"]] for run, _ in said],
    }


def _jpeg(frame: np.ndarray, max_width: int) -> str:
    """A frame ``(H, W, 3)`` RGB as a data URL."""
    height, width = frame.shape[:2]
    if width > max_width:
        size = max_width, max(1, round(height * max_width / width))
        frame = cv2.resize(frame, size, interpolation=cv2.INTER_AREA)
    encoded, image = cv2.imencode(".jpg", cv2.cvtColor(frame, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    if not encoded:
        raise OSError(f"a frame of {width}x{height} pixels cannot be written as JPEG")
    return "data:image/jpeg;base64," + base64.b64encode(image).decode()
