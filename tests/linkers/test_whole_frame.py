import numpy as np
import pytest

from actorsup.linkers import WholeFrame
from actorsup.structures import Detections


@pytest.mark.parametrize("num_frames", [1, 5])
@pytest.mark.parametrize("found", [Detections.empty(), Detections([[0, 0, 5, 5]], [0.5], [2])], ids=["none", "one"])
def test_the_only_tube_is_the_whole_frame_throughout_the_video(num_frames, found):
    (tube,) = WholeFrame().link(np.zeros((num_frames, 64, 96, 3), np.uint8), [found] * num_frames)
    assert (tube.start, tube.label, tube.score) == (0, 0, 1)
    np.testing.assert_array_equal(tube.boxes, [[0, 0, 96, 64]] * num_frames)
