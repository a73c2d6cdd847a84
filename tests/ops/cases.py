"""What the tests of the pooling share."""

import torch

from actorsup.ops import actor_roi_pool3d

STRIDE = 16
HEIGHT, WIDTH = 4, 6  # feature cells: the input is 64×96 pixels


def random_case(seed=0, num_videos=2, num_frames=3, num_tubes=5, channels=3, dtype=torch.float64, margin=0.0):
    """Features, tubes that stay ``margin`` pixels inside of the frame (negative: that may leave it), video index."""
    generator = torch.Generator().manual_seed(seed)
    size = torch.tensor([WIDTH, HEIGHT, WIDTH, HEIGHT], dtype=torch.float64) * STRIDE
    corners = torch.rand((num_tubes, num_frames, 2, 2), generator=generator, dtype=torch.float64)
    corners = corners.sort(dim=2).values.flatten(2)
    features = torch.randn((num_videos, num_frames, channels, HEIGHT, WIDTH), generator=generator, dtype=dtype)
    video_index = torch.randint(num_videos, (num_tubes,), generator=generator)
    return features, margin + corners * (size - 2 * margin), video_index


def pool(features, tubes, video_index, output_size=(3, 2), weights=None):
    return actor_roi_pool3d(features, tubes, video_index, output_size, 1 / STRIDE, weights)


def in_memory_order(tensor, order):
    """The same values with axes laid out in another order in memory."""
    return tensor.permute(order).contiguous().permute([order.index(axis) for axis in range(tensor.ndim)])


def channels_last(features):
    """As an encoder in ``torch.channels_last`` gives them."""
    return in_memory_order(features, (0, 1, 3, 4, 2))
