"""The seam between tube features and action scores, and what all heads share."""

from abc import abstractmethod

import torch
import torch.nn.functional as F
from mmengine.model import BaseModule
from torch import Tensor, nn

Grid = tuple[int, int]  # (Y, X)
RANKINGS = ("tube", "video")


class TubeHead(BaseModule):
    """Classifies tubes and learns to from the labels of their videos (Section 3.2, "Actor classification").

    One fully connected layer gives every tube a logit for each of the K classes. Heads differ in how these become the
    logits of the video: a new one implements :meth:`aggregate`, and may override the other methods. After :meth:`loss`,
    ``predicted_classes`` are those of the videos with tubes, int64; None for heads that learn from tubes.

    Args:
        num_classes: K.
        in_channels: C of the pooled features.
        roi_size: ``(Y, X)`` of the pooled features.
        ranking: the relevance by which tubes of all videos are ranked for a class, which the paper does not define.
            ``tube``: the class's probability, softmax over the tube's own logits. ``video``: that, times the class's
            probability in the tube's video.
    """

    learns_from_tubes = False  #: whether :meth:`loss` takes the labels of tubes, not those of videos

    def __init__(self, num_classes: int, in_channels: int, roi_size: Grid = (5, 5), ranking: str = "tube") -> None:
        # Section 4.2: "We initialize the weights of our action classification model with Xavier technique".
        super().__init__(init_cfg={"type": "Xavier", "layer": "Linear", "distribution": "uniform", "bias": 0.0})
        if ranking not in RANKINGS:
            raise ValueError(f"ranking must be one of {RANKINGS}, got {ranking!r}")
        self.num_classes = num_classes
        self.pooled_shape = (in_channels, *roi_size)
        self.predicted_classes: Tensor | None = None
        self.ranking = ranking
        self.classifier = nn.Linear(in_channels * roi_size[0] * roi_size[1], num_classes)

    @abstractmethod
    def aggregate(self, tube_logits: Tensor, pooled: Tensor) -> Tensor:
        """Logits ``(K,)`` of one video from those ``(P, K)`` float32 and the features of its one or more tubes."""

    def forward(self, pooled: Tensor) -> Tensor:
        """Logits ``(P, K)`` of tubes from their features ``(P, C, Y, X)``."""
        if pooled.shape[1:] != self.pooled_shape:
            raise ValueError(
                f"the head expects tube features of shape (num_tubes, {', '.join(map(str, self.pooled_shape))}), "
                f"got {tuple(pooled.shape)}: compare in_channels with the encoder and roi_size with the pooling"
            )
        return self.classifier(pooled.flatten(1))

    def score_tubes(self, tube_logits: Tensor, pooled: Tensor) -> Tensor:
        """Scores ``(P, K)`` float64 of one video's tubes, if any: the logarithm of the softmax over the classes."""
        return log_probabilities(tube_logits)

    def loss(self, pooled: Tensor, video_index: Tensor, labels: Tensor) -> dict[str, Tensor]:
        """``loss_action``, cross-entropy of the videos' softmax with their labels (Section 3.2); and ``top1_acc``.

        From the features ``(P, C, Y, X)`` of the tubes, the video ``(P,)`` of each, and the videos' labels ``(B,)``
        int64. Videos without tubes are left out; where no video has any, the loss is 0 and still depends on all
        parameters, as distributed training wants.
        """
        video_logits, masks = self._video_logits(self.forward(pooled).float(), pooled, video_index, len(labels))
        has_tubes = masks.any(dim=1)
        self.predicted_classes = video_logits[has_tubes].detach().argmax(dim=1)
        return self._cross_entropy(video_logits[has_tubes], labels[has_tubes], "top1_acc")

    def _cross_entropy(self, logits: Tensor, targets: Tensor, accuracy: str) -> dict[str, Tensor]:
        """The loss and the share of rows that are classified right; both 0 where there is no row."""
        if not len(targets):
            # The sum of no terms: of the logits, which depend on the features, and of each parameter.
            nothing = logits.sum() + sum(parameter.flatten()[:0].sum() for parameter in self.parameters())
            return {"loss_action": nothing, accuracy: logits.new_zeros(())}
        right = logits.argmax(dim=1) == targets
        return {"loss_action": F.cross_entropy(logits, targets), accuracy: right.float().mean()}

    def predict(self, pooled: Tensor, video_index: Tensor, num_videos: int) -> list[tuple[Tensor, Tensor]]:
        """Of each video the scores ``(P_b, K)`` that rank its tubes, and its probabilities ``(K,)``.

        The scores are logarithms, float64; the probabilities of a video without tubes are all alike.
        """
        tube_logits = self.forward(pooled).float()
        video_logits, masks = self._video_logits(tube_logits, pooled, video_index, num_videos)
        scores = [self.score_tubes(tube_logits[mask], pooled[mask]) for mask in masks]
        if self.ranking == "video":
            scores = [each + of_video for each, of_video in zip(scores, log_probabilities(video_logits), strict=True)]
        return list(zip(scores, video_logits.softmax(dim=1), strict=True))

    def _video_logits(
        self, tube_logits: Tensor, pooled: Tensor, video_index: Tensor, num_videos: int
    ) -> tuple[Tensor, Tensor]:
        """Logits ``(B, K)`` of the videos, 0 of one without tubes, and which tubes are whose, ``(B, P)`` bool."""
        masks = video_index == torch.arange(num_videos, device=video_index.device)[:, None]
        logits = [
            self.aggregate(tube_logits[mask], pooled[mask]) if mask.any() else tube_logits[mask].sum(dim=0)
            for mask in masks
        ]
        return torch.stack(logits), masks


def log_probabilities(logits: Tensor) -> Tensor:
    """Logarithm of the softmax over the classes, ``(…, K)`` float64, precise near probability 1 too.

    ``log_softmax`` rounds confident tubes to one score and loses their ranking. By way of the odds, ``log p =
    −log(1 + Σ_other exp(z_other − z))``, they stay apart.
    """
    logits = logits.double()
    highest, best = logits.max(dim=-1, keepdim=True)
    # The others of a class that is not the best: the best, and the rest beside it, which cannot cancel its 1.
    rest = (logits - highest).exp().scatter(-1, best, 0)
    others = highest + (rest.sum(dim=-1, keepdim=True) - rest).log1p()
    of_best = logits.scatter(-1, best, -torch.inf).logsumexp(dim=-1, keepdim=True)
    return F.logsigmoid(logits - others.scatter(-1, best, of_best))
