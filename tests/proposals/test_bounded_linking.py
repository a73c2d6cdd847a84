"""Linkers make the same tubes of frames that come and go as of an array of all frames."""

import numpy as np
import pytest
import torch

from actorsup.io import VideoFrames, open_video
from actorsup.registry import LINKERS
from actorsup.structures import Detections
from tests.conftest import moving_square, write_video

TRACKER = {
    "type": "SiameseTracker",
    "network": {
        "type": "SiameseNetwork",
        "backbone": {"type": "TorchvisionEncoder", "name": "squeezenet1_1", "node": "features.4"},
        "correlation": {"type": "CrossCorrelation", "normalized": True},
    },
    "num_scales": 1,
}
CONFIGS = [
    {"type": "ViterbiLinker"},
    {"type": "SiameseLinker", "tracker": TRACKER, "max_tubes": 3},
    {"type": "UnlinkedDetections"},
    {"type": "RandomTubes"},
]


@pytest.mark.parametrize("config", CONFIGS, ids=lambda config: config["type"])
def test_tubes_do_not_depend_on_how_many_frames_are_held(tmp_path, config):
    video = open_video(write_video(tmp_path / "video.avi", moving_square(14)))
    expected = video.read_all()
    detections = [
        Detections([[4 + 2 * index, 16, 24 + 2 * index, 36], [60, 2, 80, 22]], [0.5 + 0.03 * (index == 6), 0.4], [0, 0])
        for index in range(len(expected))
    ]
    with torch.random.fork_rng():
        torch.manual_seed(0)
        linker = LINKERS.build(config)
    tubes = [
        linker.link(frames, detections) for frames in (expected, VideoFrames(video, memory=4 * expected[0].nbytes))
    ]
    assert len(tubes[0]) == len(tubes[1]) >= 2
    for ours, theirs in zip(*tubes, strict=True):
        np.testing.assert_array_equal(ours.boxes, theirs.boxes)
        np.testing.assert_array_equal(ours.scores, theirs.scores)
