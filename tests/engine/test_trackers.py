"""``tools/eval_tracker.py``, run as a user runs it, with a tracker of the user's own."""

import csv
import json

import cv2
import numpy as np
import pytest

from actorsup.engine import load_config
from actorsup.engine.trackers import evaluate_trackers, follow
from actorsup.errors import InputError
from actorsup.registry import DATASETS, TRACKERS
from actorsup.trackers.training_data import TrackingSequence
from tests.toy import REPOSITORY, run_tool
from tests.trackers.training_data.layouts import square_boxes, write_sequence

PARTS = '''
import numpy as np

from actorsup.registry import TRACKERS
from actorsup.trackers import Tracker


@TRACKERS.register_module()
class RedTracker(Tracker):
    """Where the frame is red, plus an offset."""

    def __init__(self, offset=0):
        self.offset = offset

    def init(self, image, boxes):
        self.update(image)

    def add(self, image, boxes):
        raise NotImplementedError

    def update(self, image):
        rows, columns = np.nonzero(image[..., 0] > 170)
        box = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
        return np.array([box], np.float32) + self.offset, np.ones(1)
'''
CONFIG = """
custom_imports = dict(imports=["user_trackers"])
trackers = dict(
    exact=dict(type="RedTracker"),
    beside=dict(type="RedTracker", offset=10),
    mil=dict(type="OpenCVTracker", kind="MIL"),
)
sequences = dict(squares=dict(type="SequenceFolder", root="{root}/sequences"))
"""


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    root = tmp_path_factory.mktemp("trackers")
    write_sequence(root / "sequences" / "long", 9)
    write_sequence(root / "sequences" / "short", 4, frames="img")
    (root / "user_trackers.py").write_text(PARTS)
    config = root / "config.py"
    config.write_text(CONFIG.format(root=root))
    return root, config, run_tool("eval_tracker", config, "--out", "out", "--show-dir", "sheets", root=root)


def test_the_tool_prints_and_keeps_the_numbers_of_every_tracker(measured):
    root, _, output = measured
    assert output.returncode == 0, output.stderr[-3000:]
    metrics = json.loads((root / "out" / "tracker_metrics.json").read_text())
    assert list(metrics) == ["exact", "beside", "mil"]
    assert metrics["exact"]["mean"]["mean_iou"] == 1
    # Ten pixels right and down of 20×20: a quarter in common, 100 of 700; centres 14.1 px apart.
    beside = metrics["beside"]
    assert beside["sequences"]["squares/short"]["mean_iou"] == pytest.approx(100 / 700)
    assert beside["sequences"]["squares/short"]["frames"] == 3  # the first box was given
    precision = beside["curves"]["precision"]
    assert np.interp([14, 15], precision["thresholds"], precision["values"]).tolist() == [0, 1]
    assert f"{metrics['mil']['mean']['mean_iou']:.4f}" in output.stdout
    assert "squares/long" in output.stdout


def test_the_csv_has_a_row_a_tracker_and_sequence(measured):
    rows = list(csv.DictReader((measured[0] / "out" / "tracker_metrics.csv").open()))
    assert [(row["tracker"], row["sequence"]) for row in rows] == [
        (tracker, f"squares/{name}") for tracker in ("exact", "beside", "mil") for name in ("long", "short")
    ]
    assert float(rows[2]["mean_iou"]) == pytest.approx(1 / 7)


def test_pictures_are_drawn_of_every_sequence_and_the_curves(measured):
    root = measured[0]
    assert sorted(path.name for path in (root / "sheets" / "squares").iterdir()) == ["long.png", "short.png"]
    assert cv2.imread(str(root / "sheets" / "squares" / "long.png")).shape == (3 * 64, 6 * 96, 3)
    assert cv2.imread(str(root / "sheets" / "squares" / "short.png")).shape == (3 * 64, 3 * 96, 3)
    assert cv2.imread(str(root / "out" / "tracker_curves.png")).std() > 10


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("trackers.exact.type=NoTracker", "NoTracker"),
        ("trackers.exact.speed=3", "speed"),
        ("sequences.squares.root=absent", "absent: no such folder"),
        ("trackers=None", "has no trackers = "),
    ],
)
def test_a_mistake_in_the_config_is_one_message(measured, option, message):
    root, config, _ = measured
    output = run_tool("eval_tracker", config, "--cfg-options", option, root=root)
    assert (output.returncode, message in output.stderr) == (2, True), output.stderr
    assert "Traceback" not in output.stderr


def test_several_processes_and_sources_that_are_none_are_refused(measured, tmp_path, monkeypatch):
    root, path, _ = measured
    monkeypatch.syspath_prepend(root)
    config = load_config(path, work_dir=tmp_path, launcher="pytorch")
    with pytest.raises(InputError, match="measured in one process"):
        evaluate_trackers(config)
    config = load_config(path, work_dir=tmp_path)
    config.sequences = {"videos": {"type": "AnnotatedVideos", "data_root": "absent", "lazy_init": True}}
    with pytest.raises(InputError, match=r"sequences\.videos: AnnotatedVideos holds no tracking sequences"):
        evaluate_trackers(config)


@pytest.mark.parametrize(
    ("source", "name", "expected"),
    [
        ("thumos13", "BasketballDunk/v_BasketballDunk_g17_c03_tube0", 0.59),
        ("thumos13", "Basketball/v_Basketball_g01_c02_tube0", 0.66),
        ("vot2015", "vot15_bag", 0.80),
    ],
)
def test_nanotrack_scores_what_was_measured_without_this_package(data_root, source, name, expected):
    config = load_config(REPOSITORY / "configs" / "trackers" / "opencv_and_siamese_clips.py")
    sequence = next(one for one in DATASETS.build(config.sequences[source]) if one.name == name)
    assert follow(TRACKERS.build(config.trackers.nanotrack), sequence).scores.mean_iou == pytest.approx(
        expected, abs=0.01
    )


class Recorder:
    """Notes what it is shown, and answers with a box that is nowhere."""

    def __init__(self):
        self.started, self.seen = [], []

    def init(self, image, boxes):
        self.started.append((int(image[0, 0, 0]), boxes.tolist()))

    def update(self, image):
        self.seen.append(int(image[0, 0, 0]))
        return np.array([[0, 0, 1, 1]]), np.ones(1)


def test_a_tracker_starts_on_the_first_true_box_and_stops_after_the_last():
    boxes = square_boxes(8)
    boxes[[0, 1, 4, 7]] = np.nan
    frames = [np.full((64, 96, 3), index, np.uint8) for index in range(8)]
    tracker = Recorder()
    track = follow(tracker, TrackingSequence("square", frames, boxes))
    assert tracker.started == [(2, [boxes[2].tolist()])]
    assert tracker.seen == [3, 4, 5, 6]
    assert (track.scores.num_frames, track.num_updates) == (3, 4)
    assert track.seconds > 0
    assert np.isnan(track.boxes).all(axis=1).tolist() == [True, True, *[False] * 5, True]
    np.testing.assert_array_equal(track.boxes[2], boxes[2])


def test_one_true_box_alone_is_refused():
    boxes = np.full((3, 4), np.nan)
    boxes[1] = square_boxes(1)
    with pytest.raises(InputError, match="square: only frame 1 is annotated"):
        follow(Recorder(), TrackingSequence("square", [np.zeros((64, 96, 3), np.uint8)] * 3, boxes))
