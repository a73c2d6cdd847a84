"""The videos of a page: their frames as JPEG images, and what each run found in them."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from actorsup.errors import InputError
from actorsup.io import open_video
from actorsup.visualization.overlay import class_color

from .run import Run, given_class


@dataclass(frozen=True)
class Limits:
    """How large a gallery may grow.

    Args:
        num_videos: half of them the best and half the worst.
        num_frames: of each video, in equal steps.
        width: of a frame in pixels; smaller ones are not enlarged.
        quality: of the JPEG images, 1 … 100.
        num_bytes: of all images together, as they are written into the page.

    Raises:
        InputError: if one of them is out of range.
    """

    num_videos: int = 16
    num_frames: int = 48
    width: int = 320
    quality: int = 60
    num_bytes: int = 12_000_000

    def __post_init__(self) -> None:
        for name in ("num_videos", "num_bytes"):
            if getattr(self, name) < 0:
                raise InputError(f"{name} must be at least 0, got {getattr(self, name)}")
        for name in ("num_frames", "width"):
            if getattr(self, name) < 1:
                raise InputError(f"{name} must be at least 1, got {getattr(self, name)}")
        if not 1 <= self.quality <= 100:
            raise InputError(f"quality must be one of 1 to 100, got {self.quality}")


@dataclass(frozen=True, eq=False)
class Gallery:
    """Plain values, for JSON.

    Args:
        videos: of every video ``video``, ``shows`` (names of its true classes), ``classes`` (those, and what a run
            gives it), of each run ``given`` (the class), ``overlap`` and ``errors`` (reasons), None or empty where they
            are unknown, and ``clip``, an index, or None where its frames are not in the page.
        clips: of every video that plays, the worst first, ``video``, ``width`` and ``height`` in pixels of the original
            frame, ``rate`` (images a second), ``indices`` of the frames, ``images`` (data URLs), ``truth`` (tubes), and
            of each run ``found`` (tubes) and ``fates`` (what became of the true tubes).
        colors: of every class, as CSS has them.
        left_out: videos whose frames were chosen but are not in the page, with the reason.
    """

    videos: list[dict]
    clips: list[dict]
    colors: dict[str, str]
    left_out: dict[str, str]


def make_gallery(runs: Sequence[Run], limits: Limits) -> Gallery:
    """Read the best and the worst videos of the first run that has predictions.

    A video that cannot be read is left out; so are those beyond ``limits.num_bytes``, the best and the worst last.
    """
    predicted = [run.predictions for run in runs if run.predictions]
    if not predicted:
        return Gallery([], [], {}, {})
    names = list(dict.fromkeys(entry["video"] for content in predicted for entry in content["videos"]))
    entries = {name: [_entry(run, name) for run in runs] for name in names}
    videos = [_listed(name, runs, entries[name]) for name in names]
    worst_first = [video["video"] for video in sorted(videos, key=_goodness) if _is_judged(video)]
    clips, left_out, used = [], {}, 0
    for name in _by_turns(worst_first)[: limits.num_videos]:
        first = next(run for run, entry in zip(runs, entries[name], strict=True) if entry)
        try:
            clip = _clip(name, runs, entries[name], first.predictions["reader"], limits)
        except (InputError, OSError) as error:
            left_out[name] = str(error)
            continue
        size = sum(map(len, clip["images"]))
        if used + size > limits.num_bytes:
            left_out[name] = f"the images of the page may have {limits.num_bytes} bytes together"
            continue
        used += size
        clips.append(clip)
    clips.sort(key=lambda clip: worst_first.index(clip["video"]))
    for index, clip in enumerate(clips):
        videos[names.index(clip["video"])]["clip"] = index
    classes = dict.fromkeys(name for content in predicted for name in content["classes"])
    colors = {name: "#{:02x}{:02x}{:02x}".format(*class_color(label)) for label, name in enumerate(classes)}
    return Gallery(videos, clips, colors, left_out)


def _entry(run: Run, video: str) -> dict | None:
    """What a run says of a video; None if nothing."""
    return next((entry for entry in (run.predictions or {"videos": []})["videos"] if entry["video"] == video), None)


def _listed(video: str, runs: Sequence[Run], entries: Sequence[dict | None]) -> dict:
    """The video's line in the list."""
    shown, given = {}, []
    for run, entry in zip(runs, entries, strict=True):
        given.append(None)
        if entry:
            classes = run.predictions["classes"]
            labels = [entry["label"], *(tube["label"] for tube in entry["true_tubes"])]
            shown |= dict.fromkeys(classes[label] for label in labels if label is not None)
            if (label := given_class(entry)) is not None:
                given[-1] = classes[label]
    return {
        "video": video,
        "shows": list(shown),
        "classes": list({**shown, **{name: None for name in given if name}}),
        "given": given,
        "overlap": [entry and entry["overlap"] for entry in entries],
        "errors": [run.errors_of(video) for run in runs],
        "clip": None,
    }


def _is_judged(video: dict) -> bool:
    return any(overlap is not None for overlap in video["overlap"])


def _goodness(video: dict) -> tuple[float, float]:
    """The share of the runs that give a video its class; among videos of the same, the mean overlap."""
    overlaps = [overlap for overlap in video["overlap"] if overlap is not None]
    right = [name in video["shows"] for name in video["given"] if name is not None]
    return float(np.mean(right or [0])), float(np.mean(overlaps or [0]))


def _by_turns(worst_first: Sequence[str]) -> list[str]:
    """The worst, the best, the second worst and so on: the first ones are half and half."""
    count = len(worst_first)
    return [worst_first[index // 2] if index % 2 == 0 else worst_first[-1 - index // 2] for index in range(count)]


def _clip(video: str, runs: Sequence[Run], entries: Sequence[dict | None], reader: dict | None, limits: Limits) -> dict:
    """The frames of a video and its tubes at those frames."""
    known = next(entry for entry in entries if entry)
    path = Path(known["path"])
    if not path.exists():
        raise InputError(f"{path}: no such video; the page is made where the videos of the test are")
    opened = open_video(path, reader)
    rate = opened.frames_per_second() or 25.0
    num_frames = sum(1 for _ in opened)
    indices = np.unique(np.linspace(0, num_frames - 1, min(limits.num_frames, num_frames)).round().astype(int))
    frames = opened.frames_at(indices)
    height, width = frames.shape[1:3]
    classes = next(run.predictions["classes"] for run, entry in zip(runs, entries, strict=True) if entry)
    return {
        "video": video,
        "width": width,
        "height": height,
        "rate": rate * len(indices) / num_frames,
        "indices": indices.tolist(),
        "images": [_jpeg(frame, limits) for frame in frames],
        "truth": [_at(tube, indices, classes) for tube in known["true_tubes"]],
        "found": [
            [
                {**_at(tube, indices, run.predictions["classes"]), "score": float(np.exp(tube["score"]))}
                for tube in entry["tubes"]
            ]
            if entry
            else []
            for run, entry in zip(runs, entries, strict=True)
        ],
        "fates": [_fates(run, video) for run in runs],
    }


def _fates(run: Run, video: str) -> list[str]:
    """What became of each true tube, in their order."""
    found = (run.diagnosis or {"videos": {}})["videos"].get(video, {"true_tubes": []})
    return [tube["reason"] for tube in found["true_tubes"]]


def _at(tube: dict, indices: np.ndarray, classes: Sequence[str]) -> dict:
    """A tube's class and its boxes at some frames, None where it is not."""
    places = indices - tube["start"]
    boxes = [tube["boxes"][place] if 0 <= place < len(tube["boxes"]) else None for place in places.tolist()]
    return {"class": classes[tube["label"]], "boxes": boxes}


def _jpeg(frame: np.ndarray, limits: Limits) -> str:
    """A frame ``(H, W, 3)`` RGB as a data URL."""
    height, width = frame.shape[:2]
    if width > limits.width:
        size = limits.width, max(1, round(height * limits.width / width))
        frame = cv2.resize(frame, size, interpolation=cv2.INTER_AREA)
    encoded, image = cv2.imencode(
        ".jpg", cv2.cvtColor(frame, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, limits.quality]
    )
    if not encoded:
        raise OSError(f"a frame of {width}x{height} pixels cannot be written as JPEG")
    return "data:image/jpeg;base64," + base64.b64encode(image).decode()
