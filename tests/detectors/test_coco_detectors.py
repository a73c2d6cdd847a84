"""The detectors to choose from: what mmdet publishes, and that each sees frames as it was trained to."""

from pathlib import Path

import mmdet
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.fileio import load

from actorsup.detectors import ActorDetector
from actorsup.engine.config import load_config, proposal_config_of
from tests.detectors.checkpoints import save_random_weights
from tests.toy import REPOSITORY

DETECTORS = Config.fromfile(REPOSITORY / "configs/_base_/proposals/coco_detectors.py").proposals.detectors
OURS = "ssd300_inceptionv2"
# What the networks were trained with: colours in that order, mean, deviation, input size, colour of what is padded.
CAFFE_RGB = ("RGB", (123.675, 116.28, 103.53), (1, 1, 1))
TORCH_RGB = ("RGB", (123.675, 116.28, 103.53), (58.395, 57.12, 57.375))
TORCH_BGR = ("BGR", (103.53, 116.28, 123.675), (57.375, 57.12, 58.395))
PLAIN_BGR = ("BGR", (0, 0, 0), (1, 1, 1))
INPUTS = {
    "ssd300": (*CAFFE_RGB, 300, None),
    "ssdlite": (*TORCH_RGB, 320, None),
    "yolox_s": (*PLAIN_BGR, 640, 114),
    "rtmdet_tiny": (*TORCH_BGR, 640, 114),
    "rtmdet_s": (*TORCH_BGR, 640, 114),
    OURS: ("BGR", (104, 117, 128), (1, 1, 1), 300, None),
}


def test_every_published_checkpoint_is_the_one_that_mmdet_lists_for_the_config():
    for name in DETECTORS.keys() - {OURS}:
        detector = DETECTORS[name]
        config = "configs/" + detector.config.removeprefix("mmdet::")
        models = load(Path(mmdet.__file__).parent / ".mim" / Path(config).parent / "metafile.yml")["Models"]
        assert [model["Weights"] for model in models if model["Config"] == config] == [detector.checkpoint], name


def test_a_detector_is_chosen_by_its_name():
    for name in DETECTORS:
        config = load_config(REPOSITORY / "configs/actorsup_vgg16_thumos13.py", options={"proposals.detector": name})
        proposal_config = proposal_config_of(config)
        assert proposal_config.detector == {**DETECTORS[name], "actors": ("person",)}
        assert proposal_config.tubes.folder == Path(f"data/thumos13/proposals/{name}/tubes_siamese")


@pytest.mark.parametrize("name", sorted(DETECTORS))
def test_frames_reach_the_network_as_it_was_trained_and_boxes_find_back(name, tmp_path, monkeypatch):
    colors, mean, deviation, size, padding = INPUTS[name]
    config = DETECTORS[name].config
    if name == OURS:
        config = str(REPOSITORY / config)
    save_random_weights(config, tmp_path / "random.pth")
    detector = ActorDetector(config, str(tmp_path / "random.pth"), device="cpu", score_threshold=0.0)
    seen = []
    predict = detector.model.predict
    monkeypatch.setattr(detector.model, "predict", lambda *inputs: seen.append(inputs) or predict(*inputs))
    # Wide; red on the left, green on the right: what is stretched, reordered or flipped wrongly shows.
    frame = np.zeros((60, 120, 3), np.uint8)
    frame[:, :60, 0], frame[:, 60:, 1] = 200, 100
    (found,) = detector.detect([frame])

    def normalized(red: int, green: int, blue: int) -> torch.Tensor:
        color = (red, green, blue) if colors == "RGB" else (blue, green, red)
        return (torch.tensor(color, dtype=torch.float32) - torch.tensor(mean)) / torch.tensor(deviation)

    ((images, (sample,)),) = seen
    assert images.shape == (1, 3, size, size)
    bottom = normalized(200, 0, 0) if padding is None else normalized(padding, padding, padding)
    for row, column, expected in [
        (size // 4, size // 4, normalized(200, 0, 0)),
        (size // 4, -size // 4, normalized(0, 100, 0)),
        (-10, 10, bottom),
    ]:
        torch.testing.assert_close(images[0, :, row, column], expected, atol=1e-3, rtol=0)
    # mmdet divides boxes by this scale, and the frame's border then is the detections' border.
    assert sample.scale_factor == pytest.approx((size / 120, size / 60 if padding is None else size / 120))
    assert (found.boxes >= 0).all()
    assert (found.boxes <= [120, 60, 120, 60]).all()
