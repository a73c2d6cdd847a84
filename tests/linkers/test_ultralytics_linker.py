import sys

import cv2
import numpy as np
import pytest
import torch

from actorsup.errors import InputError
from actorsup.linkers import UltralyticsLinker
from actorsup.registry import LINKERS
from actorsup.structures import Detections

TRACKERS = ("bytetrack", "botsort", "ocsort", "deepocsort", "fasttrack", "tracktrack")
WALL = cv2.resize(
    np.random.default_rng(0).integers(0, 255, (12, 40, 3), dtype=np.uint8), (400, 120), interpolation=cv2.INTER_CUBIC
)


@pytest.fixture
def installed(tmp_path_factory, monkeypatch):
    """Ultralytics, which does not look for a network and writes no settings into the user's home."""
    monkeypatch.setenv("YOLO_OFFLINE", "1")
    monkeypatch.setenv("YOLO_CONFIG_DIR", str(tmp_path_factory.mktemp("settings")))
    pytest.importorskip("lap", reason="the extra `ultralytics` is not installed")
    threads, save, printing = cv2.getNumThreads(), torch.save, np.get_printoptions()
    linker = LINKERS.build({"type": "UltralyticsLinker"})
    assert (cv2.getNumThreads(), torch.save, np.get_printoptions()) == (threads, save, printing)
    return linker


def walker(frame, left=0.0, speed=3.0, top=10.0):
    """A box of 20×40 pixels that moves by ``speed`` a frame."""
    x = left + speed * frame
    return [x, top, x + 20, top + 40]


class Unread(list):
    """Frames of which only the first is looked at, for its size."""

    def __getitem__(self, index):
        assert index == 0
        return super().__getitem__(index)


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize("tracker", TRACKERS)
def test_two_that_pass_each_other_have_a_tube_each_and_the_surer_comes_first(tracker):
    first, second = [walker(t) for t in range(20)], [walker(t, left=120, speed=-3, top=60) for t in range(20)]
    detections = [Detections([first[t], second[t]], [0.8, 0.9], [4, 4]) for t in range(20)]
    tubes = UltralyticsLinker(tracker).link([WALL[:, :200]] * 20, detections)
    assert [(tube.start, tube.end, tube.label) for tube in tubes] == [(0, 20, 4)] * 2
    np.testing.assert_array_equal(tubes[0].boxes, np.float32(second))
    np.testing.assert_array_equal(tubes[1].boxes, np.float32(first))
    assert [tube.score for tube in tubes] == pytest.approx([0.9, 0.8])


@pytest.mark.usefixtures("installed")
def test_botsort_follows_still_actors_while_the_camera_jerks():
    pans = [0] * 10 + [16] * 10  # by most of an actor's width
    frames = [WALL[:, pan : pan + 200] for pan in pans]
    detections = [Detections([walker(0, left=100 - pan)], [0.9], [0]) for pan in pans]
    assert [len(tube) for tube in UltralyticsLinker("botsort").link(frames, detections)] == [20]
    lost = UltralyticsLinker("botsort", {"gmc_method": "none"}).link(Unread(frames), detections)
    assert sorted(len(tube) for tube in lost) == [9, 10]  # the second track begins with its second detection


@pytest.mark.usefixtures("installed")
def test_settings_are_those_of_a_file_and_of_the_call(tmp_path):
    detections = [Detections([walker(t)], [0.9 if t < 10 else 0.15], [0]) for t in range(20)]
    frames = Unread([WALL] * 20)
    file = tmp_path / "mine.yaml"
    file.write_text("tracker_type: bytetrack\ntrack_low_thresh: 0.2\n")
    lengths = [
        [len(tube) for tube in UltralyticsLinker(tracker, settings).link(frames, detections)]
        for tracker, settings in (("bytetrack", None), (str(file), None), (str(file), {"track_low_thresh": 0.1}))
    ]
    assert lengths == [[20], [10], [20]]


@pytest.mark.usefixtures("installed")
def test_gaps_categories_and_short_tubes_are_as_of_the_other_trackers():
    detections = [
        Detections.empty() if t in (8, 9) else Detections([walker(t)], [0.9], [0 if t < 16 else 1]) for t in range(20)
    ]
    frames = Unread([WALL] * 20)
    (tube,) = UltralyticsLinker("bytetrack").link(frames, detections)
    assert (tube.start, tube.end, tube.label) == (0, 16, 0)
    np.testing.assert_allclose(tube.boxes, [walker(t) for t in range(16)], atol=1e-4)
    assert len(UltralyticsLinker("bytetrack", min_length=2).link(frames, detections)) == 2
    assert len(UltralyticsLinker("bytetrack", min_length=2, max_tubes=1).link(frames, detections)) == 1
    assert UltralyticsLinker("bytetrack").link(frames, [Detections.empty()] * 20) == []


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"tracker": "sort"}, "must be one of bytetrack, botsort, .*, got 'sort'"),
        ({"tracker": "absent.yaml"}, r"absent\.yaml cannot be read"),
        ({"settings": {"gmc": "none"}}, "botsort has no setting 'gmc'; it has tracker_type, "),
        ({"settings": {"with_reid": True}}, "needs the file of its model, got model='auto'"),
        ({"max_tubes": 0}, "expected max_tubes >= 1"),
        ({"min_length": 0}, "min_length >= 1"),
    ],
)
def test_wrong_settings_are_refused(options, message):
    with pytest.raises(InputError, match=message):
        UltralyticsLinker(**options)


@pytest.mark.parametrize("package", ["lap", "ultralytics"])
def test_a_missing_package_is_named(package, monkeypatch):
    for module in [name for name in sys.modules if name.split(".")[0] == package] + [package]:
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(InputError, match=r"pip install 'actorsup\[ultralytics\]'"):
        UltralyticsLinker()
