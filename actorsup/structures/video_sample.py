"""What the model gets of one video, and what it gives back."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from .tube import Tube


@dataclass(frozen=True, eq=False)
class RankedTubes:
    """The tubes that a model predicts, to be ranked for every class.

    Args:
        tubes: ``Q`` tubes over all frames in pixels of the original frame.
        scores: ``(Q, K)``, by tube and class, ``-inf`` where a tube is no detection of a class; None before prediction.
        proposals: ``(Q,)``, which of the video's proposals each tube comes from.
    """

    tubes: tuple[Tube, ...]
    scores: np.ndarray | None
    proposals: np.ndarray

    def __post_init__(self) -> None:
        if len(self.proposals) != len(self.tubes):
            raise ValueError(f"{len(self.tubes)} tubes come from as many proposals, got {len(self.proposals)}")

    def without_undetected(self) -> "RankedTubes":
        """Without the tubes that are no detection of any class."""
        kept = np.flatnonzero((self.scores > -np.inf).any(axis=1))
        return RankedTubes(tuple(self.tubes[index] for index in kept), self.scores[kept], self.proposals[kept])


@dataclass(frozen=True, eq=False)
class VideoSample:
    """One video beside its ``N`` frames: ``P`` tubes at those frames, labels, and, after prediction, scores.

    Args:
        video: name of the video, unique in its dataset.
        frame_indices: ``(N,)``, the sampled frames, 0-based.
        tubes: ``(P, N, 4)`` float32, boxes in pixels of the resized frame that the model sees.
        frame_mask: ``(P, N)`` bool, the frames that count for each tube; at least one a tube.
        labels: action classes that the video shows, perhaps none; None where unknown.
        proposals: the ``P`` tubes over all frames in pixels of the original frame, in the order of ``tubes``.
        ground_truth: the true tubes, labelled with the action class, for evaluation only.
        tube_labels: ``(P,)`` int64, action class of each tube, −1 where it shows none; None unless fully supervised.
        frame_features: ``(P, N', C, Y, X)``, what the pooling gives of each tube in each frame alone, or in each map of
            an encoder with a stride in time, which the model takes in place of the frames; None where it is to encode
            them.
        tube_scores: ``(P, K)``, to rank tubes by, from the package's heads log-probabilities; None before prediction.
        video_scores: ``(K,)``, the video's probability of every class; None before prediction.
        frame_scores: ``(P, N, K)``, the log-odds of every class for every tube around each sampled frame,
            meaningless where the tube does not cover the frame; None unless post-processing asks for it.
        processed: the tubes that post-processing made of the proposals; None without.
    """

    video: str
    frame_indices: np.ndarray
    tubes: Tensor
    frame_mask: Tensor
    labels: tuple[int, ...] | None = None
    proposals: tuple[Tube, ...] = ()
    ground_truth: tuple[Tube, ...] = ()
    tube_labels: Tensor | None = None
    frame_features: Tensor | None = None
    tube_scores: np.ndarray | None = None
    video_scores: np.ndarray | None = None
    frame_scores: np.ndarray | None = None
    processed: RankedTubes | None = None

    def __post_init__(self) -> None:
        num_tubes, num_frames = len(self.proposals), len(self.frame_indices)
        if self.tubes.shape != (num_tubes, num_frames, 4) or self.frame_mask.shape != (num_tubes, num_frames):
            raise ValueError(
                f"{self.video}: {num_tubes} proposals and {num_frames} frames need tubes of shape "
                f"({num_tubes}, {num_frames}, 4) and frame_mask of shape ({num_tubes}, {num_frames}), "
                f"got {tuple(self.tubes.shape)} and {tuple(self.frame_mask.shape)}"
            )
        if not self.frame_mask.any(dim=1).all():
            raise ValueError(f"{self.video}: every tube must cover at least one of the sampled frames")
        if self.tube_labels is not None and self.tube_labels.shape != (num_tubes,):
            shape = tuple(self.tube_labels.shape)
            raise ValueError(f"{self.video}: {num_tubes} proposals need as many tube_labels, got {shape}")
        if self.frame_features is not None:
            shape = tuple(self.frame_features.shape)
            if len(shape) != 5 or shape[0] != num_tubes or not 1 <= shape[1] <= num_frames:
                raise ValueError(
                    f"{self.video}: {num_tubes} proposals and {num_frames} frames need frame_features of shape "
                    f"({num_tubes}, {num_frames} or fewer, C, Y, X), got {shape}"
                )

    @classmethod
    def of_predictions(
        cls, video: str, tubes: RankedTubes, ground_truth: tuple[Tube, ...] = (), **known
    ) -> "VideoSample":
        """What somebody predicts of a video, without anything that a model takes."""
        nothing = {
            "frame_indices": np.zeros(0, np.int64),
            "tubes": torch.zeros((0, 0, 4)),
            "frame_mask": torch.zeros((0, 0)),
        }
        return cls(video, **nothing, ground_truth=ground_truth, tube_scores=tubes.scores, processed=tubes, **known)

    @property
    def ranked_tubes(self) -> RankedTubes:
        """What the model predicts: the post-processed tubes, or the proposals with their scores."""
        if self.processed is not None:
            return self.processed
        return RankedTubes(self.proposals, self.tube_scores, np.arange(len(self.proposals)))

    def with_scores(
        self, tube_scores: Tensor, video_scores: Tensor, frame_scores: Tensor | None = None
    ) -> "VideoSample":
        """The same video with the model's scores ``(P, K)``, ``(K,)`` and ``(P, N, K)``."""
        scores = {"tube_scores": tube_scores, "video_scores": video_scores, "frame_scores": frame_scores}
        given = {name: of.detach().double().cpu().numpy() for name, of in scores.items() if of is not None}
        return replace(self, **given)


def predicted_class(video_scores: np.ndarray, has_tubes: bool) -> int | None:
    """The class of the highest of the scores ``(K,)``, of equal ones the lowest index.

    None where a video has no tubes and the scores are all alike: heads then have nothing to say.
    """
    if not has_tubes and np.ptp(video_scores) == 0:
        return None
    return int(np.argmax(video_scores))


@dataclass(frozen=True, eq=False)
class TubeBatch:
    """The tubes of a batch of videos, packed: their number differs from video to video.

    Args:
        boxes: ``(P, N, 4)``, the tubes of all videos one after the other, in pixels of the resized frames.
        weights: ``(P, N)``, how much each frame counts for each tube.
        video_index: ``(P,)`` int64, ascending, which video of the batch each tube belongs to.
        num_videos: number of videos, those without tubes included.
    """

    boxes: Tensor
    weights: Tensor
    video_index: Tensor
    num_videos: int

    @classmethod
    def from_samples(cls, samples: Sequence[VideoSample], device: torch.device | str) -> "TubeBatch":
        """Pack the tubes of the samples, in order."""
        counts = torch.tensor([len(sample.tubes) for sample in samples])
        return cls(
            boxes=torch.cat([sample.tubes for sample in samples]).to(device),
            weights=torch.cat([sample.frame_mask for sample in samples]).to(device, torch.float32),
            video_index=torch.repeat_interleave(torch.arange(len(samples)), counts).to(device),
            num_videos=len(samples),
        )

    def by_video(self, of_tubes: Tensor) -> list[Tensor]:
        """What belongs to the tubes of each video, ``B`` tensors ``(P_b, …)``, of ``(P, …)`` of all tubes."""
        if self.num_videos == 1:  # nothing is chosen, so that a model of one video can be exported
            return [of_tubes]
        return [of_tubes[self.video_index == video] for video in range(self.num_videos)]

    def overlaps(self, chosen: Tensor) -> Tensor:
        """Overlap ``(Q, Q)`` of the ``Q`` chosen tubes with each other, by their boxes at the sampled frames alone.

        As :func:`tube_iou`: the mean IoU over the frames that either covers, 0 where one does not. ``chosen`` is
        ``(P,)`` bool.
        """
        boxes, covers = self.boxes[chosen].transpose(0, 1), self.weights[chosen].transpose(0, 1) > 0  # (N, Q, …)
        corner, sides = boxes[..., :2], (boxes[..., 2:] - boxes[..., :2]).clamp(min=0)
        areas = sides.prod(dim=-1)
        first = torch.maximum(corner[:, :, None], corner[:, None])
        last = torch.minimum((corner + sides)[:, :, None], (corner + sides)[:, None])
        common = (last - first).clamp(min=0).prod(dim=-1)
        spatial = common / (areas[:, :, None] + areas[:, None] - common).clamp(min=torch.finfo(common.dtype).tiny)
        both, either = covers[:, :, None] & covers[:, None], covers[:, :, None] | covers[:, None]
        return (spatial * both).sum(dim=0) / either.sum(dim=0).clamp(min=1)

    def at_maps(self, temporal_stride: int) -> "TubeBatch":
        """The same tubes at the times of maps that stand for ``temporal_stride`` sampled frames each, ``(P, N', …)``.

        ``N' = ⌈N / temporal_stride⌉``: the last map may have fewer frames. A box is the mean of the boxes in the frames
        of its map that count, as much as each of them does, and a weight the sum of theirs, in units of a whole map:
        every frame that counts is worth the same. A map without such a frame has weight 0, and a box of no meaning.
        """
        if temporal_stride == 1:
            return self
        num_frames = self.boxes.shape[1]
        num_maps = -(-num_frames // temporal_stride)
        times = torch.arange(num_maps * temporal_stride, device=self.boxes.device).clamp(max=num_frames - 1)
        boxes = self.boxes[:, times].unflatten(1, (num_maps, temporal_stride))
        weights = F.pad(self.weights, (0, len(times) - num_frames)).unflatten(1, (num_maps, temporal_stride))
        sums = weights.sum(dim=2, keepdim=True)
        shares = torch.where(sums > 0, weights / sums.clamp(min=torch.finfo(sums.dtype).tiny), 1 / temporal_stride)
        return replace(self, boxes=(boxes * shares[..., None]).sum(dim=2), weights=sums[..., 0] / temporal_stride)

    def single_frames(self) -> tuple["TubeBatch", Tensor]:
        """Every tube in every frame as a tube of one frame, in a video of its own; and which of these, ``(P, N)``."""
        num_frames = self.boxes.shape[1]
        of_frame = self.video_index[:, None] * num_frames + torch.arange(num_frames, device=self.boxes.device)
        order = of_frame.flatten().argsort(stable=True)
        boxes = self.boxes.flatten(0, 1)[order, None]
        weights = torch.ones_like(boxes[..., 0])
        frames = TubeBatch(boxes, weights, of_frame.flatten()[order], self.num_videos * num_frames)
        return frames, order.argsort().reshape(of_frame.shape)
