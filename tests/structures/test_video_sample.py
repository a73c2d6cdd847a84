import numpy as np
import pytest
import torch

from actorsup.structures import RankedTubes, Tube, TubeBatch, VideoSample, tube_iou

TUBE = Tube(0, [[0, 0, 1, 1]], [1], 1, 0)


def test_ranked_tubes_each_come_from_a_proposal():
    with pytest.raises(ValueError, match="2 tubes come from as many proposals, got 1"):
        RankedTubes((TUBE, TUBE), np.zeros((2, 3)), np.zeros(1, int))


def test_tubes_that_are_no_detection_of_any_class_can_be_left_out():
    scores = np.array([[-np.inf, 0.1], [-np.inf, -np.inf], [0.2, 0.3]])
    kept = RankedTubes((TUBE,) * 3, scores, np.array([4, 5, 6])).without_undetected()
    assert len(kept.tubes) == 2
    assert kept.scores.tolist() == [[-np.inf, 0.1], [0.2, 0.3]]
    assert kept.proposals.tolist() == [4, 6]


def test_tubes_of_a_batch_overlap_as_tubes_do():
    rng = np.random.default_rng(0)
    corners = rng.uniform(0, 60, (5, 8, 2))
    boxes = np.concatenate([corners, corners + rng.uniform(20, 60, (5, 8, 2))], axis=2).astype(np.float32)
    covered = [(0, 8), (2, 6), (5, 8), (0, 3), (1, 8)]
    tubes = [Tube(a, of_tube[a:b], np.ones(b - a), 1, 0) for (a, b), of_tube in zip(covered, boxes, strict=True)]
    weights = torch.tensor([[float(a <= frame < b) for frame in range(8)] for a, b in covered])
    batch = TubeBatch(torch.tensor(boxes), weights, torch.tensor([0, 0, 1, 1, 1]), num_videos=2)
    for chosen in ([True] * 5, [True, True, False, False, False]):
        expected = tube_iou(*[[tube for tube, one in zip(tubes, chosen, strict=True) if one]] * 2)
        torch.testing.assert_close(
            batch.overlaps(torch.tensor(chosen)).double(), torch.tensor(expected), atol=1e-6, rtol=0
        )


def test_empty_boxes_overlap_nothing():
    batch = TubeBatch(torch.zeros(2, 3, 4), torch.ones(2, 3), torch.zeros(2, dtype=torch.int64), num_videos=1)
    assert not batch.overlaps(torch.ones(2, dtype=torch.bool)).any()


@pytest.mark.parametrize("shape", [(1, 2, 3, 5), (2, 2, 3, 5, 5), (1, 3, 3, 5, 5)])
def test_stored_features_are_of_every_tube_and_frame(shape):
    def sample(features):
        tubes, mask = torch.zeros(1, 2, 4), torch.ones(1, 2, dtype=bool)
        return VideoSample("jump/01", np.arange(2), tubes, mask, proposals=(TUBE,), frame_features=features)

    assert sample(torch.zeros(1, 2, 3, 5, 5)).frame_features is not None
    with pytest.raises(
        ValueError, match=r"jump/01: 1 proposals and 2 frames need frame_features of shape \(1, 2 or fewer, C, Y"
    ):
        sample(torch.zeros(shape))


def test_tubes_at_the_times_of_maps_are_means_over_the_frames_that_count():
    boxes = torch.arange(5.0)[None, :, None] + torch.tensor([0.0, 10, 20, 30])  # (1, 5, 4): moves by a pixel a frame
    weights = torch.tensor([[1.0, 1, 0, 1, 0], [0, 0, 1, 1, 1]])
    batch = TubeBatch(boxes.repeat(2, 1, 1), weights, torch.tensor([0, 1]), num_videos=2)
    maps = batch.at_maps(2)
    # Maps of frames 0 and 1, 2 and 3, and 4 alone.
    assert maps.weights.tolist() == [[1, 0.5, 0], [0, 1, 0.5]]
    assert maps.boxes[0, :2, 0].tolist() == [0.5, 3]
    assert maps.boxes[1, 1:, 1].tolist() == [12.5, 14]
    assert maps.boxes.isfinite().all()
    assert (maps.num_videos, maps.video_index.tolist()) == (2, [0, 1])
    assert batch.at_maps(1) is batch
    assert TubeBatch(boxes[:0], weights[:0], torch.zeros(0, dtype=int), 1).at_maps(2).boxes.shape == (0, 3, 4)


def test_every_frame_that_counts_is_worth_the_same_in_maps_as_in_frames():
    """Pooling maps that repeat in time, each for its frames, is pooling the frames."""
    generator = torch.Generator().manual_seed(0)
    weights = (torch.rand(6, 7, generator=generator) > 0.4).float()
    features = torch.rand(6, 3, generator=generator)  # of 3 maps
    batch = TubeBatch(torch.zeros(6, 7, 4), weights, torch.zeros(6, dtype=int), num_videos=1)
    of_maps = batch.at_maps(3).weights
    of_frames = features.repeat_interleave(3, dim=1)[:, :7]
    expected = (weights * of_frames).sum(dim=1) / weights.sum(dim=1)
    torch.testing.assert_close((of_maps * features).sum(dim=1) / of_maps.sum(dim=1), expected)
