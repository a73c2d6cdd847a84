"""A predicted video for the tests of post-processing."""

import numpy as np
import torch

from actorsup.structures import RankedTubes, Tube, VideoSample


def still(box, start=0, num_frames=10, scores=None) -> Tube:
    return Tube(
        start, np.tile(np.float32(box), (num_frames, 1)), np.ones(num_frames) if scores is None else scores, 0.5, 0
    )


def predicted(
    tubes, scores, frame_indices=(0, 9), frame_mask=None, frame_scores=None
) -> tuple[VideoSample, RankedTubes]:
    """The sample, and its proposals with their scores."""
    num_tubes, num_frames = len(tubes), len(frame_indices)
    sample = VideoSample(
        video="a",
        frame_indices=np.array(frame_indices),
        tubes=torch.zeros(num_tubes, num_frames, 4),
        frame_mask=torch.ones(num_tubes, num_frames, dtype=torch.bool)
        if frame_mask is None
        else torch.tensor(frame_mask),
        proposals=tuple(tubes),
        tube_scores=np.array(scores, dtype=float),
        frame_scores=None if frame_scores is None else np.array(frame_scores, dtype=float),
    )
    return sample, sample.ranked_tubes
