"""Ten thousand inputs to each parser: an error of ours that names the file, or a valid result.

Each input is a good one with a few values or bytes changed. What is accepted has to be what the input says: where its
bytes were not damaged, the result is compared with the content that was written.
"""

import base64
import csv
import gzip
import io
import json
import math
import pickle
import re
import resource
import time
import traceback
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterable, Sequence
from contextlib import redirect_stderr, suppress
from functools import partial
from pathlib import Path
from typing import NamedTuple
from xml.sax.saxutils import escape

import cv2
import h5py
import numpy as np
import torch
from campaign import Fault, Outcome
from mmengine.config import Config
from mmengine.logging import MMLogger
from mutations import TEXTS, as_json, changed, damaged, npz, shuffled
from scipy.io import savemat

from actorsup.apis import load_localization, save_localization
from actorsup.datasets.formats import (
    A2D,
    CVAT,
    THUMOS13,
    ACTPickle,
    LabelledVideo,
    LabelStudio,
    LabelTable,
    VideoCollection,
    VideoFolder,
    VideosFile,
    write_cvat,
    write_videos_file,
)
from actorsup.datasets.formats.a2d import read_a2d_frame
from actorsup.datasets.formats.thumos13 import CLASSES, read_split_list, read_ucf101_annotation
from actorsup.engine import parse_options
from actorsup.engine.checkpoint_match import require_fit
from actorsup.errors import InputError
from actorsup.io import DetectionStore, Fingerprint, Proposals, TubeStore
from actorsup.io.checkpoints import load_checkpoint
from actorsup.structures import Detections, Localization, Tube
from actorsup.visualization.report import Limits, Run
from actorsup.visualization.report.page import render_page

SEED = 16
BATCH = 250
ATTEMPTS = 40
SECONDS = 5.0  # that one input may take
MEMORY = 700_000  # kB by which one input may raise the peak of the process

Reading = Callable[[], object]  # raises an AssertionError where what is read is not what was written


class Input(NamedTuple):
    """A file, the name that an error has to have in it, and what reads and judges it."""

    path: Path
    named: str
    read: Reading


def attempt(make: Callable[[np.random.Generator, Path], Input], number: int, folder: Path) -> Outcome:
    """Give a parser a batch of inputs."""
    outcome = Outcome()
    for index in range(BATCH):
        rng = np.random.default_rng([SEED, number, index])
        given = make(rng, folder)
        failure = _failure_of(given, outcome)
        if failure is not None:
            outcome.failures.append(f"input {index}: {failure}; {_content(given.path)}")
    return outcome


def _failure_of(given: Input, outcome: Outcome) -> str | None:
    start, memory = time.monotonic(), _peak()
    word = "read"
    try:
        with warnings.catch_warnings(), redirect_stderr(io.StringIO()):
            warnings.simplefilter("ignore")
            given.read()
    except InputError as error:
        word = "refused"
        if given.named not in str(error):
            return f"an error that does not name {given.named}: {str(error)[:300]}"
        if len(str(error)) > 20_000:
            return f"an error of {len(str(error))} characters: {str(error)[:100]}"
    except AssertionError as error:
        return f"a wrong result: {str(error)[:300]}"
    except Exception as error:
        where = " < ".join(
            f"{Path(frame.filename).name}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)[:-4:-1]
        )
        return f"{type(error).__name__}: {str(error)[:200]} ({where})"
    if (seconds := time.monotonic() - start) > SECONDS:
        return f"took {seconds:.1f} s"
    if (grown := _peak() - memory) > MEMORY:
        return f"took {grown / 1e6:.1f} GB"
    outcome.counts[word] += 1
    return None


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _content(path: Path) -> str:
    """The file in a form that brings it back: base64 of zlib."""
    content = path.read_bytes() if path.is_file() else b""
    return f"{path.name}, {len(content)} bytes: " + base64.b64encode(zlib.compress(content, 9)).decode()


def _same(what: str, got, expected) -> None:
    """Values and their types are the same; a number of whatever type."""
    same = got == expected and (isinstance(expected, bool) == isinstance(got, bool))
    assert same, f"{what}: read {got!r}, written {expected!r}"


def _plain_numbers(value) -> bool:
    """Whether rows hold numbers alone, which bool is not."""
    return all(
        isinstance(number, int | float | np.integer | np.floating) and not isinstance(number, bool) for number in value
    )


def _boxes_as_written(tube: Tube, boxes, what: str) -> None:
    rows = np.asarray(boxes).tolist()
    assert all(_plain_numbers(row) for row in rows), f"{what}: {rows!r:.100} are no numbers"
    assert np.array_equal(tube.boxes_at(tube.marked_frames), np.array(rows, np.float64).astype(np.float32)), what


def _valid(collection: VideoCollection) -> None:
    """The invariants of what any format gives."""
    assert len({video.video for video in collection.videos}) == len(collection.videos), "a video twice"
    assert all(name.strip() and name.isprintable() for name in collection.classes)
    for video in collection.videos:
        parts = video.video.split("/")
        assert video.video.isprintable(), video.video
        assert not {"", ".", ".."} & set(parts), video.video
        assert type(video.labels) is tuple, video.labels
        assert list(video.labels) == sorted(set(video.labels)), video.labels
        assert all(type(label) is int and 0 <= label < len(collection.classes) for label in video.labels), video.labels
        assert video.split.strip(), video.split
        for tube in video.tubes or ():
            _valid_tube(tube, len(collection.classes), video.num_frames)


def _valid_tube(tube: Tube, num_classes: int, num_frames: int | None) -> None:
    assert tube.start >= 0, tube.start
    assert num_frames is None or tube.end <= num_frames, f"{tube.end} > {num_frames}"
    assert 0 <= tube.label < num_classes, tube.label
    assert np.isfinite(tube.boxes).all()
    assert (tube.boxes[:, :2] <= tube.boxes[:, 2:]).all()
    assert np.isfinite(tube.scores).all()
    assert math.isfinite(tube.score)


def _whole(size: Sequence[int], num_frames: int) -> None:
    """A video's size and number of frames are whole numbers above 0."""
    assert len(size) == 2, size
    assert all(type(number) is int and number > 0 for number in (*size, num_frames)), (size, num_frames)


# Annotation files


def annotation(rng: np.random.Generator, folder: Path) -> Input:
    """A neutral annotation file of either version, plain or compressed."""
    classes = ["walk", "jump"]
    boxes = [[10, 20, 60.5, 90], [11, 20, 61, 90], [12, 21, 62, 91.25]]
    tubes = [{"label": "walk", "start": 2, "boxes": boxes}, {"label": "jump", "frames": [1, 4, 6], "boxes": boxes}]
    videos = [
        {"video": "walk/1", "split": "train", "labels": ["walk"]},
        {"video": "walk/2", "split": "test", "labels": ["walk", "jump"], "num_frames": 9, "size": [320, 240]},
        {"video": "jump/1", "split": "test", "labels": [], "num_frames": 4, "size": [320, 240], "tubes": []},
    ]
    videos[1]["tubes"] = tubes
    version = int(rng.integers(1, 3))
    if version == 1:
        for entry in videos:
            entry["label"] = (entry.pop("labels") or ["jump"])[0]
    good = {"format": "actorsup.videos", "version": version, "name": "pets", "classes": classes, "actors": ["dog"]}
    good |= {"class_actors": ["dog", "cat"]} if rng.random() < 0.5 else {}
    content = good | {"videos": shuffled(videos, rng)}
    is_damaged = rng.random() < 0.3
    content = content if is_damaged else changed(content, rng, doubles=True)
    data = as_json(content)
    if rng.random() < 0.2:
        data = gzip.compress(data, compresslevel=1, mtime=0)
    path = folder / "annotation.json"
    path.write_bytes(damaged(data, rng, is_text=True) if is_damaged else data)

    def read() -> None:
        collection = VideosFile(path).read()
        _valid(collection)
        if not is_damaged:
            _compare_annotation(json.loads(as_json(content), object_pairs_hook=_once), collection)
        if rng.random() < 0.1:
            write_videos_file(folder / "again.json", collection)
            again = VideosFile(folder / "again.json").read()
            _same("written again", [video.video for video in again.videos], [each.video for each in collection.videos])
            _same("labels again", [of.labels for of in again.videos], [of.labels for of in collection.videos])

    return Input(path, path.name, read)


def _once(pairs: Sequence[tuple]) -> dict:
    assert len(dict(pairs)) == len(pairs), "a key was there twice, and nobody minded"
    return dict(pairs)


def _compare_annotation(content: dict, collection: VideoCollection) -> None:
    _same("classes", list(collection.classes), content["classes"])
    _same("videos", [video.video for video in collection.videos], [entry["video"] for entry in content["videos"]])
    for video, entry in zip(collection.videos, content["videos"], strict=True):
        _same("labels", _names(video, collection), _written_labels(entry, content["version"]))
        _same("split", video.split, entry["split"])
        _same("num_frames", video.num_frames, entry.get("num_frames"))
        _same("size", video.size and list(video.size), entry.get("size"))
        _same(
            "number of tubes", *(tubes if tubes is None else len(tubes) for tubes in (video.tubes, entry.get("tubes")))
        )
        for tube, of in zip(video.tubes or (), entry.get("tubes") or (), strict=True):
            _same("label of a tube", collection.classes[tube.label], of["label"])
            _boxes_as_written(tube, of["boxes"], "boxes")
            frames = of.get("frames") or [of["start"] + index for index in range(len(of["boxes"]))]
            assert _plain_numbers(frames), frames
            _same("frames", tube.marked_frames.tolist(), frames)


def _names(video: LabelledVideo, collection: VideoCollection) -> list[str]:
    """The classes of a video in alphabetical order, as tables have no other."""
    return sorted(collection.classes[label] for label in video.labels)


def _written_labels(entry: dict, version: int) -> list[str]:
    assert ("label" in entry, "labels" in entry) == (version == 1, version == 2), entry
    labels = [entry["label"]] if version == 1 else entry["labels"]
    assert isinstance(labels, list), labels
    return sorted(labels)


# Lists


def split_list(rng: np.random.Generator, folder: Path) -> Input:
    """A split list of UCF101 with or without its list of classes, or the list of videos for testing of a folder."""
    names = [f"{name}/v_{name}_g0{group}_c01" for name in CLASSES[:4] for group in (1, 2)]
    lines = [f"{name}.avi" for name in shuffled(names, rng)]
    if rng.random() < 0.6:
        lines = [f"{line} {1 + CLASSES.index(line.split('/')[0])}" for line in lines]
    is_damaged = rng.random() < 0.4
    path, classes = folder / "trainlist01.txt", folder / "classInd.txt"
    has_classes = rng.random() < 0.4
    class_lines = [f"{number} {name}" for number, name in enumerate(CLASSES, start=1)]
    of_classes = has_classes and rng.random() < 0.5
    if not is_damaged:
        changed_lines = class_lines if of_classes else lines
        for _ in range(rng.choice([1, 1, 2])):
            _change_line(changed_lines, rng)
    data, of_index = ("\n".join(each).encode(errors="surrogatepass") for each in (lines, class_lines))
    if is_damaged:
        data = data if of_classes else damaged(data, rng, is_text=True)
        of_index = damaged(of_index, rng, is_text=True) if of_classes else of_index
    path.write_bytes(data)
    classes.unlink(missing_ok=True)
    if has_classes:
        classes.write_bytes(of_index)
    (folder / "videos").mkdir(exist_ok=True)

    def read() -> None:
        found = read_split_list(path, CLASSES)
        assert found, "nothing"
        for video, label in found:
            assert 0 <= label < len(CLASSES), label
            assert video.isprintable(), video
            assert video.split("/")[0] == CLASSES[label], video
        if not is_damaged and not has_classes:
            listed = [line.strip().split()[0] for line in lines if line.strip()]
            _same("videos", [video for video, _ in found], [line.removesuffix(".avi") for line in listed])
        no_annotation = THUMOS13(folder / "none.pkl", split_lists={"train": path})
        _valid(no_annotation.read(with_tubes=False))

    return Input(classes if of_classes else path, folder.name, read)


def _change_line(lines: list[str], rng: np.random.Generator) -> None:
    """Put something odd into a line, or between lines."""
    index = int(rng.integers(len(lines)))
    text = TEXTS[rng.integers(len(TEXTS))]
    way = rng.integers(6)
    if way == 0:
        lines[index] = text
    elif way == 1:
        lines.insert(index, lines[rng.integers(len(lines))])
    elif way == 2:
        words = lines[index].split(" ")
        words[rng.integers(len(words))] = text
        lines[index] = " ".join(words)
    elif way == 3:
        place = int(rng.integers(len(lines[index]) + 1))
        lines[index] = lines[index][:place] + text + lines[index][place:]
    elif way == 4 and len(lines) > 1:
        del lines[index]
    else:
        lines[index] = lines[index].replace("/", ("//", "\\", "/../", "", " ")[rng.integers(5)])


# Tables


def table(rng: np.random.Generator, folder: Path) -> Input:
    """A table of labels, CSV or JSON, one of boxes, or the list of A2D."""
    videos = folder / "videos"
    if not videos.exists():
        for name in ("walk", "jump"):
            (videos / name).mkdir(parents=True)
            cv2.imwrite(str(videos / name / "1.png"), np.zeros((24, 32, 3), np.uint8))
    way = rng.integers(4)
    if way == 0:
        return _json_table(rng, folder)
    labels = [["video", "label", "split"], ["walk.mp4", "walk", "train"], ["jump", "jump", "test"]]
    if rng.random() < 0.5:
        labels += [["jump", "walk", "test"], ["none", "", "test"]]
    boxes = [["video", "tube", "frame", "x1", "y1", "x2", "y2"]]
    boxes += [["walk", "1", str(frame), "1", "2.5", "9", "9e0"] for frame in (0, 1, 4)]
    if rng.random() < 0.5:
        for row, label in zip(boxes, ("label", "walk", "", "jump"), strict=True):
            row.append(label)
    a2d = [["v1", "11", "0", "9", "240", "320", "70", "3", "0"], ["v2", "77", "0", "9", "240", "320", "70", "3", "1"]]
    rows = (labels, boxes, a2d)[way - 1]
    is_damaged = rng.random() < 0.3
    if not is_damaged:
        for _ in range(rng.choice([1, 1, 2])):
            _change_cells(rows, rng)
    data = _csv(rows)
    names = ("labels.csv", "boxes.csv", "videoset.csv")
    if way != 1:
        (folder / "labels.csv").write_bytes(_csv(labels))
    path = folder / names[way - 1]
    path.write_bytes(damaged(data, rng, is_text=True) if is_damaged else data)

    def read() -> None:
        if way == 3:
            collection = A2D(data_root=folder).read()
        else:
            options = {"boxes": path, "videos": videos} if way == 2 else {}
            collection = LabelTable(folder / "labels.csv", **options).read()
        _valid(collection)
        if not is_damaged:
            _compare_table(rows, collection, way)

    return Input(path, path.name if way != 2 else folder.name, read)


def _json_table(rng: np.random.Generator, folder: Path) -> Input:
    entries = [{"video": "a/b.mp4", "label": "walk", "split": "train"}, {"video": "c", "label": ["jump", "walk"]}]
    entries += [{"video": "c", "label": "run"}, {"video": "d", "label": [] if rng.random() < 0.5 else ""}]
    content = entries if rng.random() < 0.5 else {"a": "walk", "b": ["jump", "walk"], "c.mp4": "walk", "d": []}
    is_damaged = rng.random() < 0.3
    content = content if is_damaged else changed(content, rng, doubles=True)
    path = folder / "labels.json"
    data = as_json(content)
    path.write_bytes(damaged(data, rng, is_text=True) if is_damaged else data)

    def read() -> None:
        collection = LabelTable(path).read()
        _valid(collection)
        if not is_damaged:
            said = json.loads(as_json(content), object_pairs_hook=_once)
            lines = said.items() if isinstance(said, dict) else [(entry["video"], entry["label"]) for entry in said]
            _compare_labels(collection, lines)

    return Input(path, path.name, read)


def _compare_labels(collection: VideoCollection, lines: Iterable[tuple[str, str | list[str]]]) -> None:
    """The videos and their labels are those of the lines of a table: one label, a list of them, or an empty text."""
    said: dict[str, list[str]] = {}
    for name, given in lines:
        labels = given if isinstance(given, list) else [given] if given else []
        said.setdefault(name.strip().removesuffix(".mp4"), []).extend(label.strip() for label in labels)
    _same("videos", [video.video for video in collection.videos], list(said))
    _same("labels", [_names(video, collection) for video in collection.videos], [sorted(of) for of in said.values()])


def _change_cells(rows: list[list[str]], rng: np.random.Generator) -> None:
    row = rows[rng.integers(len(rows))]
    way = rng.integers(6)
    odd = (*TEXTS, "nan", "inf", "1e300", "99999999999999999999", "-5", "3.0", "1,5", '"', "0x10")
    text = odd[rng.integers(len(odd))]
    if way < 3 and row:
        row[rng.integers(len(row))] = text
    elif way == 3 and row:
        del row[rng.integers(len(row))]
    elif way == 4:
        row.insert(rng.integers(len(row) + 1), text)
    else:
        rows.insert(rng.integers(len(rows) + 1), list(row))


def _csv(rows: Sequence[Sequence[str]]) -> bytes:
    file = io.StringIO(newline="")
    csv.writer(file).writerows(rows)
    return file.getvalue().encode(errors="surrogatepass")


def _compare_table(rows: Sequence[Sequence[str]], collection: VideoCollection, way: int) -> None:
    rows = [[cell.strip() for cell in row] for row in rows if row]
    if way == 3:
        rows = rows if rows[0][-1].isdigit() else rows[1:]
        assert all(len(row) == 9 for row in rows), "a row of another length"
        _same("videos", [(of.video, of.num_frames) for of in collection.videos], [(r[0], int(r[6])) for r in rows])
        assert not any("_" in row[column] for row in rows for column in (1, 4, 5, 6, 8)), rows
        return
    header, *rows = rows
    assert len({name for name in header if name}) == len([name for name in header if name]), f"a column twice: {header}"
    for row in rows:
        assert not any(row[len(header) :]), f"{row} has more cells than {header}"
    entries = [dict(zip(header, row, strict=False)) for row in rows]
    if way == 1:
        _compare_labels(collection, [(entry["video"], entry["label"]) for entry in entries])
        splits = {(e["video"].removesuffix(".mp4"), e.get("split", "train")) for e in entries}
        _same("splits", sorted((of.video, of.split) for of in collection.videos), sorted(splits))
    else:
        frames = sum(len(tube.marked_frames) for video in collection.videos for tube in video.tubes or ())
        _same("boxes", frames, len(entries))
        assert not any("_" in e[key] for e in entries for key in ("frame", "x1", "y1", "x2", "y2")), entries


# Pickles


def pickled(rng: np.random.Generator, folder: Path) -> Input:
    """The annotation of UCF101-24 or ACT's, as a pickle of any protocol."""
    is_act = bool(rng.integers(2))
    content = _act() if is_act else _pyannot()
    is_damaged = rng.random() < 0.3
    content = content if is_damaged else changed(content, rng, with_arrays=True)
    data = pickle.dumps(content, protocol=int(rng.integers(6)))
    path = folder / "annotation.pkl"
    path.write_bytes(damaged(data, rng) if is_damaged else data)

    def read() -> None:
        if is_act:
            collection = ACTPickle(path).read()
            _valid(collection)
            if not is_damaged:
                _compare_act(content, collection)
        else:
            videos = read_ucf101_annotation(path, CLASSES)
            _valid(VideoCollection("a", CLASSES, tuple(videos.values())))
            if not is_damaged and "gttubes" not in content:
                _compare_pyannot(content, videos)

    return Input(path, path.name, read)


def _pyannot() -> dict:
    boxes = np.array([[10, 20, 60, 90], [11, 20, 61, 90]], np.uint16)
    tubes = [{"label": 2, "sf": 1, "ef": 3, "boxes": boxes}]
    return {f"Biking/v_Biking_g0{group}": {"numf": 5, "label": 2, "annotations": tubes} for group in (1, 2)}


def _act() -> dict:
    rows = np.array([[1, 10, 20, 60, 90], [2, 11, 20, 61, 90]], np.float32)
    return {
        "labels": ["walk", "jump"],
        "train_videos": [["walk/1", "a/2"]],
        "test_videos": [["jump/1", "a/1"]],
        "nframes": {"walk/1": 5, "a/2": 4, "jump/1": 2, "a/1": 3},
        "resolution": dict.fromkeys(("walk/1", "a/2", "jump/1", "a/1"), (240, 320)),
        "gttubes": {"walk/1": {0: [rows], 1: [rows]}, "a/2": {1: [rows]}, "jump/1": {1: [rows, rows]}, "a/1": {}},
    }


def _compare_act(content: dict, collection: VideoCollection) -> None:
    _same("labels", list(collection.classes), list(content["labels"]))
    for video in collection.videos:
        _same("frames", video.num_frames, int(content["nframes"][video.video]))
        _same("size", video.size[::-1], tuple(int(side) for side in content["resolution"][video.video]))
        written = [(label, of) for label, all_of in content["gttubes"][video.video].items() for of in all_of]
        for tube, (label, rows) in zip(video.tubes, written, strict=True):
            _same("label", tube.label, int(label))
            _boxes_as_written(tube, np.asarray(rows)[:, 1:], "boxes")
        of_folder = [label for label, name in enumerate(collection.classes) if name == video.video.split("/")[0]]
        _same("labels", list(video.labels), sorted({*of_folder, *(int(label) for label, _ in written)}))


def _compare_pyannot(content: dict, videos: dict) -> None:
    _same("videos", list(videos), [str(name) for name in content])
    for video, entry in zip(videos.values(), content.values(), strict=True):
        _same("labels", video.labels, (int(entry["label"]),))
        for tube, of in zip(video.tubes, entry["annotations"], strict=True):
            rows = np.asarray(of["boxes"], np.float64)
            corners = np.hstack([rows[:, :2] - 1, rows[:, :2] + rows[:, 2:] - 1])
            _same("start", tube.start, int(of["sf"]))
            _boxes_as_written(tube, corners, "boxes")


# Matlab files


def matlab(rng: np.random.Generator, folder: Path) -> Input:
    """``finalAnnots.mat``, its predecessor, or a frame of A2D, which is HDF5."""
    if rng.random() < 0.3:
        return _a2d_frame(rng, folder)
    boxes = np.array([[10, 20, 60, 90], [11, 20, 61, 90]], np.float64)
    tube = {"sf": 2, "ef": 3, "class": 3, "boxes": boxes}
    variable, count = (("annot", "num_imgs"), ("videos", "num_images"))[rng.integers(2)]
    videos = [{"name": f"Biking/v_Biking_g0{group}", count: 5, "tubes": [dict(tube)]} for group in (1, 2)]
    is_damaged = rng.random() < 0.3
    content = {variable: videos} if is_damaged else changed({variable: videos}, rng, with_arrays=True)
    path = folder / "annotation.mat"
    compressed = bool(rng.integers(2))
    data = io.BytesIO()
    try:
        with warnings.catch_warnings(action="ignore"):
            savemat(data, {variable: _structs(content[variable])}, do_compression=compressed)
    except Exception:  # what Matlab has no type for
        is_damaged = True
        data = io.BytesIO()
        savemat(data, {variable: _structs(videos)}, do_compression=compressed)
    path.write_bytes(damaged(data.getvalue(), rng) if is_damaged else data.getvalue())

    def read() -> None:
        _valid(VideoCollection("a", CLASSES, tuple(read_ucf101_annotation(path, CLASSES).values())))

    return Input(path, path.name, read)


def _structs(value):
    """Lists of dictionaries with the same keys as Matlab's struct arrays."""
    if isinstance(value, dict):
        return {str(key)[:31]: _structs(inner) for key, inner in value.items()}
    if not isinstance(value, list) or not value or not all(isinstance(each, dict) and each for each in value):
        return value
    keys = list(value[0])
    array = np.zeros(len(value), [(str(key)[:31], object) for key in keys])
    for index, each in enumerate(value):
        for key in keys:
            array[index][str(key)[:31]] = _structs(each.get(key))
    return array


def _a2d_frame(rng: np.random.Generator, folder: Path) -> Input:
    content = {"reBBox": np.array([[1, 2, 9, 9.5], [3, 4, 20, 30]]).T, "id": np.array([[11.0, 77.0]])}
    is_damaged = rng.random() < 0.3
    content = content if is_damaged else changed(content, rng, with_arrays=True)
    path = folder / "00001.mat"
    with h5py.File(path, "w") as file, suppress(AttributeError):
        for name, value in content.items():
            try:
                file[name] = value
            except Exception:  # what HDF5 has no type for
                with suppress(Exception):
                    file.create_group(name)
    if is_damaged:
        path.write_bytes(damaged(path.read_bytes(), rng))

    def read() -> None:
        boxes, labels = read_a2d_frame(path)
        assert boxes.shape == (len(labels), 4), boxes.shape
        assert np.isfinite(boxes).all()
        assert all(type(label) is int and 11 <= label <= 79 for label in labels), labels

    return Input(path, path.name, read)


# Stores


def store(rng: np.random.Generator, folder: Path) -> Input:
    """A video of a store of tubes or of detections, or a manifest."""
    kind = (TubeStore, DetectionStore)[rng.integers(2)]
    fingerprint = Fingerprint({"detector": {"type": "A"}})
    (folder / "manifest.json").unlink(missing_ok=True)
    (folder / "video.npz").unlink(missing_ok=True)
    opened = kind(folder, fingerprint)
    opened.create()
    boxes = np.array([[0, 0, 10, 10], [1, 0, 11, 10]], np.float32)
    tubes = (Tube(0, boxes, [0.5, 0.25], 0.5, 0), Tube(2, boxes, [0.5, 0.75], 0.625, 1))
    found = [Detections(boxes, [0.5, 0.25], [0, 1]), Detections.empty(), Detections(boxes[:1], [0.5], [1])]
    value = Proposals(tubes, 4, (32, 24)) if kind is TubeStore else found
    arrays = opened._to_arrays(value)
    if rng.random() < 0.25:
        return _manifest(rng, folder, kind)
    is_damaged = rng.random() < 0.3
    contents = arrays if is_damaged else changed(arrays, rng, with_arrays=True)
    path = folder / "video.npz"
    if isinstance(contents, dict):
        data = npz({f"{name}" or "x": np.asarray(_as_object(of)) for name, of in contents.items()})
    else:
        data = io.BytesIO()
        np.save(data, _as_object(contents))
        data = data.getvalue()
    path.write_bytes(damaged(data, rng) if is_damaged else data)

    def read() -> None:
        loaded = opened.load("video")
        if kind is TubeStore:
            assert opened.num_tubes("video") == len(loaded.tubes)
            assert opened.frame_size("video") == loaded.size
            _whole(loaded.size, loaded.num_frames)
            for tube in loaded.tubes:
                _valid_tube(tube, 2**40, loaded.num_frames)
        assert_same = zip(opened._to_arrays(loaded).items(), (contents[name] for name in arrays), strict=True)
        for (name, read_back), written in () if is_damaged else assert_same:
            assert np.array_equal(read_back, np.asarray(written).astype(read_back.dtype).reshape(read_back.shape)), name
            assert np.asarray(written).dtype.kind == read_back.dtype.kind, f"{name}: {np.asarray(written).dtype}"

    return Input(path, path.name, read)


def _as_object(value):
    try:
        return np.asarray(value)
    except (ValueError, OverflowError):
        return np.array(repr(value))


def _manifest(rng: np.random.Generator, folder: Path, kind: type) -> Input:
    path = folder / "manifest.json"
    content = {"content": kind.content, "made_by": {"actorsup": "0.4", "detector": {"type": "A", "threshold": 0.5}}}
    is_damaged = rng.random() < 0.3
    data = json.dumps(content).encode() if is_damaged else as_json(changed(content, rng, doubles=True))
    path.write_bytes(damaged(data, rng, is_text=True) if is_damaged else data)
    (folder / "video.npz").touch()

    def read() -> None:
        fingerprint = Fingerprint(content["made_by"]) if rng.random() < 0.5 else None
        opened = kind(folder, fingerprint)
        said = json.loads(path.read_bytes().decode("utf-8-sig"), object_pairs_hook=_once)
        assert said["content"] == kind.content, said
        if fingerprint is not None:
            assert said["made_by"] == content["made_by"], said
        assert opened.videos() == ["video"]

    return Input(path, folder.name, read)


# Checkpoints


def checkpoint(rng: np.random.Generator, folder: Path) -> Input:
    """A checkpoint as training writes it, or weights alone, for a model of one layer."""
    MMLogger.get_current_instance().setLevel("ERROR")
    model = torch.nn.Linear(2, 3)
    weights = {"weight": np.arange(6, dtype=np.float32).reshape(3, 2), "bias": np.ones(3, np.float32)}
    meta = {
        "epoch": 3,
        "seed": 7,
        "cfg": "model = dict(type='Linear', head=dict(type='Head'))\n",
        "dataset_meta": {"dataset": "pets", "classes": ["walk", "jump"]},
        "experiment_name": "x",
    }
    content = {"state_dict": weights, "meta": meta} if rng.random() < 0.8 else weights
    is_damaged = rng.random() < 0.35
    content = content if is_damaged else changed(content, rng, with_arrays=True)
    path = folder / "epoch_3.pth"
    data = io.BytesIO()
    torch.save(_as_tensors(content), data, _use_new_zipfile_serialization=rng.random() < 0.8)
    path.write_bytes(damaged(data.getvalue(), rng) if is_damaged else data.getvalue())
    config = Config({"model": {"type": "Linear", "head": {"type": "Head"}}})

    def read() -> None:
        found = load_checkpoint(model, str(path), "the model")
        assert isinstance(found, dict), found
        read_twice = torch.load(path, weights_only=False)
        require_fit(str(path), read_twice, model, config, ["walk", "jump"])
        if not is_damaged:
            state = content.get("state_dict", content)
            for name, value in model.state_dict().items():
                written = np.asarray(state[name])
                assert written.dtype.kind == "f", f"{name}: {written.dtype}"
                assert np.array_equal(value.numpy(), written.astype(np.float32), equal_nan=True), name
            if "state_dict" in content and content.get("meta"):
                classes = (content["meta"].get("dataset_meta") or {}).get("classes")
                assert classes is None or list(classes) == ["walk", "jump"], classes

    return Input(path, path.name, read)


def _as_tensors(content):
    """Arrays of numbers as tensors, of others as they are."""
    if isinstance(content, dict):
        return {key: _as_tensors(value) for key, value in content.items()}
    if isinstance(content, np.ndarray) and content.dtype.kind in "iufcb" and content.dtype.isnative:
        return torch.from_numpy(content.copy())
    return content


# Predictions and the other results that a report shows


def predictions(rng: np.random.Generator, folder: Path) -> Input:
    """One of the files of a work directory, or a localization."""
    if rng.random() < 0.3:
        return _localization(rng, folder)
    files = _results(folder)
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("".join(json.dumps(row) + "\n" for row in content) if name[0] == "2" else
                                   json.dumps(content))  # fmt: skip
    likely = ["predictions.json"] * 4
    name = str(rng.choice([*likely, *files]))
    is_damaged = rng.random() < 0.3
    content = files[name] if is_damaged else changed(files[name], rng, doubles=True)
    lines = content if name[0] == "2" and isinstance(content, list) else [content]
    data = b"\n".join(map(as_json, lines))
    path = folder / name
    path.write_bytes(damaged(data, rng, is_text=True) if is_damaged else data)
    renders = rng.random() < 0.01

    def read() -> None:
        run = Run.read(folder)
        if run.predictions is not None:
            _valid_predictions(run.predictions)
        if renders:
            page = render_page([run], Limits(num_videos=0))
            for part in page.split('<script type="application/json"')[1:]:
                json.loads(part.split(">", 1)[1].split("</script>")[0], parse_constant=_no_constant)

    return Input(path, path.name, read)


def _no_constant(name: str) -> None:
    raise AssertionError(f"{name} in the JSON of a page, which a browser refuses")


def _results(folder: Path) -> dict[str, dict | list]:
    boxes = [[4.0, 16.0, 24.0, 36.0], [6.0, 16.0, 26.0, 36.0]]
    entries = [
        {
            "path": str(folder / "absent.avi"),
            "video": f"video_{number}",
            "labels": labels,
            "video_scores": [0.25, 0.75],
            "overlap": 0.5,
            "tubes": [{"tube": 0, "score": -0.1, "start": 3, "label": number % 2, "boxes": boxes}],
            "true_tubes": [{"start": 0, "label": number % 2, "boxes": boxes}],
        }
        for number, labels in enumerate(([0], [0, 1], [], None))
    ]
    false = {"tube": 1, "class": 0, "rank": 1, "score": -0.7, "reason": "background", "true_tube": None}
    row = {"number": 1, "share": 0.5, "mAP gain": 0.25, "among the best": 1}
    return {
        "predictions.json": {"measured": "a.pth", "classes": ["walk", "jump"], "reader": None, "videos": entries},
        "test_metrics.json": {
            "measured": "a.pth",
            "metrics": {"mAP@0.5": 0.5},
            "tables": {
                "mAP by protocol": [{"IoU": "0.5", "act": 0.5}],
                "AP by class, act": [{"class": name, "num_ground_truth": 2, "AP@0.5": 0.5} for name in ("walk", "x")],
            },
        },
        "diagnosis.json": {
            "diagnoses": [
                {
                    "threshold": 0.5,
                    "true_tubes": [{"true tubes": name, **row} for name in ("found", "all missed")],
                    "false_detections": [{"false detections": name, **row} for name in ("background", "all")],
                    "videos": {
                        "video_0": {"true_tubes": [{"class": 0, "reason": "found"}], "false_detections": [false]}
                    },
                }
            ]
        },
        "proposal_metrics.json": {
            "color/siamese": {
                "store": "tubes",
                "curves": [{"store": "s", "curve": "number@0.5", "x": x, "recall": x / 4} for x in (1.0, 2.0)],
            }
        },
        "20260101_000000/vis_data/scalars.json": [
            *({"loss": 1 / step, "step": step} for step in (1, 2)),
            {"mAP@0.5": 0.25, "step": 1},
        ],
    }


def _valid_predictions(content: dict) -> None:
    num_classes = len(content["classes"])
    assert all(isinstance(name, str) for name in content["classes"])
    names = [entry["video"] for entry in content["videos"]]
    assert len(set(names)) == len(names), "a video twice"
    for entry in content["videos"]:
        assert isinstance(entry["path"], str)
        assert all(type(label) is int and 0 <= label < num_classes for label in entry["labels"] or ()), entry
        assert entry["overlap"] is None or 0 <= entry["overlap"] <= 1, entry
        scores = entry["video_scores"]
        assert scores is None or (len(scores) == num_classes and _plain_numbers(scores)), scores
        assert scores is None or np.isfinite(scores).all(), scores
        for tube in (*entry["tubes"], *entry["true_tubes"]):
            assert type(tube["start"]) is type(tube["label"]) is int, tube
            assert tube["start"] >= 0, tube
            assert 0 <= tube["label"] < num_classes, tube
            assert all(_plain_numbers(box) for box in tube["boxes"]), tube
            assert np.isfinite(np.array(tube["boxes"], float)).all(), tube
        assert all(math.isfinite(math.exp(tube["score"])) for tube in entry["tubes"]), entry


def _localization(rng: np.random.Generator, folder: Path) -> Input:
    boxes = [[4.0, 16.0, 24.0, 36.0], [6.0, 16.0, 26.0, 36.0]]
    tube = {"action": "walk", "label": 0, "score": 0.5, "actor": "person", "track": 0, "start": 3, "boxes": boxes}
    tubes = [{**tube, "rank": rank, "box_scores": [0.5, 0.25]} for rank in (1, 2)]
    content = {"video": "a", "start": 0, "num_frames": 9, "size": [32, 24], "classes": ["walk", "x"], "tubes": tubes}
    is_damaged = rng.random() < 0.3
    content = content if is_damaged else changed(content, rng, doubles=True)
    path = folder / "clip.json"
    data = as_json(content)
    path.write_bytes(damaged(data, rng, is_text=True) if is_damaged else data)

    def read() -> None:
        found: Localization = load_localization(path)
        assert isinstance(found.video, str)
        _whole(found.size, found.num_frames + 1)
        assert type(found.start) is int, found.start
        assert all(isinstance(name, str) for name in found.classes), found.classes
        for each in found.tubes:
            _valid_tube(each.tube, len(found.classes), found.start + found.num_frames)
            assert type(each.rank) is type(each.track) is int, (each.rank, each.track)
            assert isinstance(each.actor, str), each.actor
        if not is_damaged:
            said = json.loads(as_json(content), object_pairs_hook=_once)
            for each, of in zip(found.tubes, said["tubes"], strict=True):
                _same("start", each.tube.start, of["start"])
                _same("label", each.tube.label, of["label"])
                _same("score", each.tube.score, of["score"])
                _boxes_as_written(each.tube, of["boxes"], "boxes")
        if rng.random() < 0.05:
            save_localization(folder / "again.json", found)

    return Input(path, path.name, read)


# Options


def options(rng: np.random.Generator, folder: Path) -> Input:
    """What stands behind ``--cfg-options``."""
    good = ("model.head.num_classes=5", "a=[1,2,3]", "b=(0.5,'x')", "c.d=None", 'e="[1,2]"', "f=[(a,1),(b,2)]")
    given = good[rng.integers(len(good))]
    for _ in range(rng.choice([1, 1, 2, 4])):
        place = int(rng.integers(len(given) + 1))
        odd = ("[", "]", "(", ")", ",", "'", '"', "=", ".", " ", "{", *TEXTS)
        given = given[:place] + odd[rng.integers(len(odd))] + given[place + int(rng.integers(2)) :]
    path = folder / "options.txt"
    path.write_bytes(given.encode(errors="surrogatepass"))

    def read() -> None:
        settings = parse_options([given])
        assert list(settings) == [given.partition("=")[0]], settings
        Config({"a": 1}).merge_from_dict({"x": next(iter(settings.values()))})

    return Input(path, "--cfg-options", read)


def folder_list(rng: np.random.Generator, folder: Path) -> Input:
    """The list of videos for testing of a folder of classes."""
    for name in ("walk/1", "walk/2", "jump/1"):
        (folder / "videos" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "videos" / f"{name}.mp4").touch()
    lines = ["walk/1.mp4", "jump/1"]
    _change_line(lines, rng)
    data = "\n".join(lines).encode(errors="surrogatepass")
    path = folder / "test.txt"
    path.write_bytes(damaged(data, rng, is_text=True) if rng.random() < 0.3 else data)
    return Input(path, path.name, lambda: _valid(VideoFolder(folder / "videos", test_list=path).read()))


def lists(rng: np.random.Generator, folder: Path) -> Input:
    """Any list of videos."""
    return (folder_list if rng.random() < 0.2 else split_list)(rng, folder)


# Exports of annotation tools


def cvat_export(rng: np.random.Generator, folder: Path) -> Input:
    """An XML file of a task, some in an archive: texts and attributes changed, or bytes."""
    boxes = [[10, 20, 60.5, 90], [11, 20, 61, 90], [12, 21, 62, 91.25]]
    tubes = (Tube(2, boxes, [1, 1, 1], 1.0, 0), Tube(3, boxes[:1], [1], 1.0, 1))
    video = LabelledVideo("task", "train", (0, 1), 9, (320, 240), tubes)
    write_cvat(folder, VideoCollection("x", ("walk", "jump"), (video,)))
    path = folder / "task.xml"
    text = path.read_text()
    is_damaged = rng.random() < 0.3
    for match in (
        [] if is_damaged else rng.permutation(list(re.finditer(r'(?<==")[^"]*(?=")|(?<=>)[^<>]+(?=<)', text)))[:1]
    ):
        odd = str(rng.choice([*TEXTS, *map(str, (0, -1, 1.5, 9, 2**22, 2**63, 10**30, "nan", "inf", "1e39"))]))
        odd = "".join(each for each in escape(odd, {'"': "&quot;"}) if not "\ud800" <= each <= "\udfff")
        text = text[: match.start()] + odd + text[match.end() :]
    data = damaged(text.encode(), rng, is_text=True) if is_damaged else text.encode()
    path.write_bytes(data)
    if rng.random() < 0.2:
        path = folder / "task.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("annotations.xml", data)
        if rng.random() < 0.5:
            path.write_bytes(damaged(path.read_bytes(), rng))
    return Input(path, path.name, lambda: _valid(CVAT(path).read()))


def label_studio_export(rng: np.random.Generator, folder: Path) -> Input:
    """Tasks as JSON: values changed, or bytes."""
    sequence = [
        {"frame": frame, "enabled": frame != 5, "x": frame, "y": 10, "width": 20, "height": 50.5, "rotation": 0}
        for frame in (2, 5, 8)
    ]
    value = {"framesCount": 9, "sequence": sequence, "labels": ["walk"]}
    result = [{"id": "a", "type": "videorectangle", "value": value}]
    annotations = [{"was_cancelled": False, "ground_truth": False, "result": result}]
    tasks = [
        {"id": 4, "data": {"video": "/data/upload/1/a.mp4"}, "annotations": annotations},
        {"id": 5, "data": {"video": "b.mp4", "video_name": "walk/b", "split": "test"}, "annotations": annotations},
    ]
    is_damaged = rng.random() < 0.3
    data = as_json(tasks if is_damaged else changed(tasks, rng, doubles=True))
    path = folder / "export.json"
    path.write_bytes(damaged(data, rng, is_text=True) if is_damaged else data)
    return Input(path, path.name, lambda: _valid(LabelStudio(path).read()))


def exports(rng: np.random.Generator, folder: Path) -> Input:
    """An export of either tool."""
    return (cvat_export if rng.random() < 0.5 else label_studio_export)(rng, folder)


PARSERS = {
    "annotation": annotation,
    "export": exports,
    "list": lists,
    "table": table,
    "pickle": pickled,
    "mat": matlab,
    "store": store,
    "checkpoint": checkpoint,
    "predictions": predictions,
    "options": options,
}
GOAL = "an error of ours that names what it is of, or a valid result"
FAULTS = tuple(Fault(f"parser-{name}", GOAL, partial(attempt, make), ATTEMPTS) for name, make in PARSERS.items())
