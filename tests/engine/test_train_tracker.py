"""A tracker is trained by the command that trains everything else, and its checkpoint tracks."""

import json

import numpy as np
import torch

from actorsup.trackers import SiameseTracker
from tests.toy import REPOSITORY, run_tool

NETWORK = {
    "type": "SiameseNetwork",
    "backbone": {"type": "UnpaddedThinNet", "channels": [8, 8, 8, 8, 8, 8]},
    "correlation": {"type": "CrossCorrelation", "normalized": True, "trainable": True, "scale": 10.0},
}
CONFIG = """
_base_ = ["{repository}/configs/siamese_small_generated.py"]
model = dict(network=dict(backbone=dict(channels=[8, 8, 8, 8, 8, 8])))
loader = dict(num_workers=0, batch_size=2, dataset=dict(num_pairs=8, num_textures=6))
train_dataloader = loader
val_dataloader = loader
train_cfg = dict(max_iters=3, val_interval=3)
default_hooks = dict(logger=dict(interval=1))
"""


def test_training_on_generated_pairs_gives_a_checkpoint_that_tracks(tmp_path):
    config = tmp_path / "tiny.py"
    config.write_text(CONFIG.format(repository=REPOSITORY))
    output = run_tool("train", config, "--work-dir", tmp_path / "work", root=tmp_path)
    assert output.returncode == 0, output.stderr[-3000:]

    lines = next((tmp_path / "work").glob("*/vis_data/scalars.json")).read_text().splitlines()
    losses = [json.loads(line)["loss"] for line in lines]
    assert len(losses) == 4  # three iterations, one validation
    assert np.isfinite(losses).all()

    whole = tmp_path / "work" / "iter_3.pth"
    (published,) = (tmp_path / "work").glob("iter_3-*.pth")
    assert torch.load(published, weights_only=True).keys() == {"state_dict"}
    frame = np.random.default_rng(0).integers(0, 255, (80, 100, 3), dtype=np.uint8)
    for checkpoint in (whole, published):
        tracker = SiameseTracker(NETWORK, checkpoint=str(checkpoint), device="cpu")
        tracker.init(frame, np.array([[30, 20, 60, 60]], np.float32))
        boxes, scores = tracker.update(frame)
        assert boxes.shape == (1, 4)
        assert 0 <= scores[0] <= 1


def test_missing_sequences_are_one_message(tmp_path):
    output = run_tool("train", REPOSITORY / "configs" / "siamese_vgg16_alov.py", root=tmp_path)
    assert output.returncode == 2
    assert "data/alov: no such folder" in output.stderr
    assert "Traceback" not in output.stderr
