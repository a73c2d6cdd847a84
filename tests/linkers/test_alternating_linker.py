import numpy as np
import pytest

from actorsup.errors import InputError
from actorsup.linkers import AlternatingLinker, Linker
from actorsup.proposals import ProposalConfig
from actorsup.registry import LINKERS
from actorsup.structures import Detections, Tube


@LINKERS.register_module()
class GivenTubes(Linker):
    """Tubes that stand still: ``(x1, first frame, number of frames, label)``, each 10 pixels wide."""

    def __init__(self, tubes):
        self.tubes = tubes

    def link(self, frames, detections):
        return [Tube.still([x, 0, x + 10, 10], num, start, 0.5, label) for x, start, num, label in self.tubes]


def link(*tubes, **options):
    linkers = [{"type": "GivenTubes", "tubes": of_linker} for of_linker in tubes]
    linker = LINKERS.build({"type": "AlternatingLinker", "linkers": linkers, **options})
    made = linker.link(np.zeros((10, 20, 200, 3), np.uint8), [Detections.empty()] * 10)
    return [(tube.boxes[0, 0], tube.start, len(tube), tube.label) for tube in made]


A, B, C, D, E = ((x, 0, 10, 0) for x in (0, 20, 40, 60, 80))


def test_linkers_take_turns_until_there_are_enough():
    assert link([A, B, C], [D, E]) == [A, D, B, E, C]
    assert link([A, B, C], [D, E], max_tubes=3) == [A, D, B]
    assert link([], []) == []


def test_what_was_there_before_is_left_out_by_its_overlap_in_space_and_time():
    near = (2, 0, 10, 0)  # IoU 8 / 12
    half = (0, 0, 5, 0)  # 5 of 10 frames
    assert link([A], [near, half]) == [A, near, half]
    assert link([A], [near, half], overlap_threshold=0.6) == [A, half]
    assert link([A], [near, half], overlap_threshold=0.5) == [A]
    assert link([A], [A, (0, 0, 10, 1)]) == [A, (0, 0, 10, 1)]  # another actor's


def test_wrong_settings_are_refused():
    for options in ({"max_tubes": 0}, {"overlap_threshold": 0}):
        with pytest.raises(InputError, match="expected two linkers or more, max_tubes >= 1 and 0 < overlap_threshold"):
            link([A], [B], **options)
    with pytest.raises(InputError, match=r"got 1, 20 and 0\.7"):
        AlternatingLinker([{"type": "GivenTubes", "tubes": []}])


def test_the_device_reaches_the_trackers_of_its_linkers():
    tracker = {"type": "SiameseTracker", "network": {}}
    linker = {
        "type": "AlternatingLinker",
        "linkers": [{"type": "ViterbiLinker"}, {"type": "SiameseLinker", "tracker": tracker}],
    }
    settings = {"root": "r", "detector": "d", "detectors": {"d": {"type": "ActorDetector"}}, "linker": "l"}
    config = ProposalConfig.from_config({**settings, "linkers": {"l": linker}}).on_device("cpu")
    assert config.linker["linkers"][1]["tracker"]["device"] == "cpu"
    assert "device" not in config.linker["linkers"][0]
    assert "device" not in tracker
