"""The detector of the puppets, a torchvision network inside mmdet's SSD."""

import numpy as np
import pytest
import torch

from actorsup.detectors import TorchvisionBackbone
from actorsup.engine import load_config
from actorsup.errors import InputError
from actorsup.models.encoders import TorchvisionEncoder
from actorsup.proposals import ProposalConfig
from actorsup.registry import DETECTORS
from actorsup.structures import pairwise_iou
from actorsup.synthetic import ACTORS, WorldSettings
from actorsup.synthetic.drawing import make_textures
from actorsup.synthetic.script import write_still
from tests.toy import REPOSITORY

CHECKPOINT = REPOSITORY / "actorsup/detectors/checkpoints/ssd_shufflenet_puppets.pth"


@pytest.fixture(scope="module")
def detector():
    config = load_config(REPOSITORY / "configs/actorsup_shufflenet_puppets.py")
    return DETECTORS.build(ProposalConfig.from_config(config.proposals).detector)


def test_it_finds_most_actors_of_a_world_it_has_not_seen(detector):
    settings = WorldSettings(seed=12345)
    textures = make_textures(np.random.default_rng(12345), 40)
    scenes = [write_still(np.random.default_rng((12345, index)), textures, settings) for index in range(12)]
    found = list(detector.detect([next(scene.frames()) for scene in scenes]))
    assert detector.actors == ACTORS
    hits = []
    for scene, detections in zip(scenes, found, strict=True):
        for index, puppet in enumerate(scene.puppets):
            same = detections[detections.labels == ACTORS.index(puppet.body.actor)]
            overlaps = pairwise_iou(scene.boxes(index)[:1], same.boxes)
            hits.append(overlaps.max(initial=0) >= 0.5)
    assert len(hits) > 20
    assert np.mean(hits) > 0.6


def test_what_it_learnt_is_what_an_encoder_begins_with():
    encoder = TorchvisionEncoder(
        "shufflenet_v2_x0_5", "stage3", weights=str(CHECKPOINT), weights_prefix="backbone.body."
    )
    encoder.init_weights()
    state = torch.load(CHECKPOINT, weights_only=True)["state_dict"]
    for name, tensor in encoder.body.state_dict().items():
        if not name.endswith("num_batches_tracked"):
            assert torch.equal(tensor, state[f"backbone.body.{name}"])
    encoder.weights_prefix = "neck."
    with pytest.raises(InputError, match="does not fit shufflenet_v2_x0_5: it lacks 205 of 246 weights"):
        encoder.init_weights()


def test_maps_come_in_the_order_of_the_nodes():
    backbone = TorchvisionBackbone("shufflenet_v2_x0_5", ("stage2", "stage3"))
    maps = backbone(torch.zeros(2, 3, 64, 96))
    assert [tuple(of_node.shape) for of_node in maps] == [(2, 48, 8, 12), (2, 96, 4, 6)]
    with pytest.raises(InputError, match="cannot be cut at 'stage9'"):
        TorchvisionBackbone("shufflenet_v2_x0_5", ("stage9",))
    with pytest.raises(InputError, match="no classification model"):
        TorchvisionBackbone("shufflenet", ("stage2",))
