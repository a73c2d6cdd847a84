"""A batch of tubes whose logits are known, for the tests of the heads."""

import torch

from actorsup.models.ranking import TubeRanking
from actorsup.structures import TubeBatch

# Logits of five tubes for two classes: the first three are of video 0, the others of video 2; video 1 has none.
LOGITS = torch.tensor([[3.0, 0.0], [1.0, 2.0], [-1.0, 4.0], [2.0, 2.0], [0.0, 6.0]])
VIDEO_INDEX = torch.tensor([0, 0, 0, 2, 2])


def tubes_of(video_index, num_videos):
    """Tubes of two frames, those of one video far from each other."""
    corners = 100.0 * torch.arange(len(video_index))[:, None, None].expand(-1, 2, 2)
    boxes = torch.cat([corners, corners + 10], dim=2)
    return TubeBatch(boxes, torch.ones(boxes.shape[:2]), torch.as_tensor(video_index), num_videos)


TUBES = tubes_of(VIDEO_INDEX, num_videos=3)


def shown(*labels, num_classes=2):
    """Which classes videos show, ``(B, K)``, from the label of each, or from several of them in a tuple."""
    of_videos = torch.zeros(len(labels), num_classes, dtype=torch.bool)
    for row, of_video in zip(of_videos, labels, strict=True):
        row[list(of_video) if isinstance(of_video, tuple) else [of_video]] = True
    return of_videos


def identity(head_type, ranking=None, **options):
    """A head whose logits are its input: two channels, one cell, the unit matrix; it ranks tubes by its own scores."""
    head = head_type(num_classes=2, in_channels=2, roi_size=(1, 1), ranking=ranking or TubeRanking(), **options)
    torch.nn.init.eye_(head.classifier.weight)
    torch.nn.init.zeros_(head.classifier.bias)
    return head


def pooled_logits(requires_grad=False):
    return LOGITS[:, :, None, None].clone().requires_grad_(requires_grad)
