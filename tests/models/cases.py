"""Small videos with tubes for the tests of the model."""

import numpy as np
import torch

from actorsup.structures import Tube, VideoSample

OWN_SCORES = {"type": "TubeRanking"}
VGG16_MODEL = {
    "type": "ActorLocalizer",
    "encoder": {"type": "VGG16Encoder"},
    "pooling": {"type": "ActorRoIPool3D", "output_size": (5, 5)},
    "head": {"type": "TopKAttentionHead", "num_classes": 4, "in_channels": 512, "topk": 1, "ranking": OWN_SCORES},
    "data_preprocessor": {"type": "VideoDataPreprocessor"},
}


def small_sample(video="jump/01", num_tubes=3, num_frames=2, labels=(1,), size=(64, 48), tube_labels=None):
    """A sample whose tubes lie side by side and stand still."""
    width, height = size
    edges = torch.linspace(0, width, num_tubes + 1)
    boxes = torch.stack([edges[:-1], torch.zeros(num_tubes), edges[1:], torch.full((num_tubes,), height)], dim=1)
    proposals = tuple(Tube(0, box[None].repeat(num_frames, 1).numpy(), np.ones(num_frames), 1.0, 0) for box in boxes)
    return VideoSample(
        video=video,
        frame_indices=np.arange(num_frames),
        tubes=boxes[:, None].repeat(1, num_frames, 1),
        frame_mask=torch.ones(num_tubes, num_frames, dtype=torch.bool),
        labels=labels,
        proposals=proposals,
        tube_labels=None if tube_labels is None else torch.tensor(tube_labels, dtype=torch.int64),
    )


def small_frames(num_frames=2, size=(64, 48), seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(256, (num_frames, 3, size[1], size[0]), dtype=torch.uint8, generator=generator)
