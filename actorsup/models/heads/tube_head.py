"""The seam between tube features and action scores, and what all heads share."""

from abc import abstractmethod

import torch
import torch.nn.functional as F
from mmengine.model import BaseModule
from torch import Tensor, nn

from actorsup.errors import InputError
from actorsup.models.ranking import Ranking, RelativeRanking, VideoScores
from actorsup.registry import MODELS
from actorsup.structures import TubeBatch

Grid = tuple[int, int]  # (Y, X)


class TubeHead(BaseModule):
    """Classifies tubes and learns to from the labels of their videos (Section 3.2, "Actor classification").

    One fully connected layer gives every tube a logit for each of the K classes. Heads differ in how these become the
    logits of the video: a new one implements :meth:`aggregate`, and may override the other methods. After :meth:`loss`,
    ``predicted_classes`` are those of the videos with tubes, int64; None for heads that learn from tubes.

    Args:
        num_classes: K.
        in_channels: C of the pooled features.
        roi_size: ``(Y, X)`` of the pooled features.
        normalize: standardise each channel over the tubes that are trained on, before the layer; the paper does not.
        dropout: share of the features that a step of training leaves out; the paper's is 0.
        init_gain: of the layers' initialisation; the paper's is 1. Standardised features begin undecided with less.
        ranking: config of a :class:`actorsup.models.ranking.Ranking`, by which tubes of all videos are ranked for a
            class. The paper, which sorts them by "relevance for the predicted action class", leaves open what that is;
            None is :class:`RelativeRanking`, on evidence (docs/experiments.md).
        multi_label: videos and tubes show any number of the classes, each by itself: sigmoids, and binary cross-entropy
            added up over the classes. The paper's videos show one: False is the softmax over the classes. One class
            alone is always by itself.
    """

    learns_from_tubes = False  #: whether :meth:`loss` takes the labels of tubes, not those of videos
    takes_words = (
        False  #: whether the classes are told by ``classes``, texts, and :meth:`init_weights` is training enough
    )

    @property
    def takes_one_label(self) -> bool:
        """Whether a video that is learnt from must have one label, no more and no less."""
        return not self.multi_label

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        roi_size: Grid = (5, 5),
        normalize: bool = False,
        dropout: float = 0.0,
        init_gain: float = 1.0,
        ranking: dict | Ranking | None = None,
        multi_label: bool = False,
    ) -> None:
        # Section 4.2: "We initialize the weights of our action classification model with Xavier technique".
        xavier = {"type": "Xavier", "layer": "Linear", "distribution": "uniform", "gain": init_gain, "bias": 0.0}
        super().__init__(init_cfg=xavier)
        self.num_classes = num_classes
        self.multi_label = multi_label or num_classes == 1
        self.pooled_shape = (in_channels, *roi_size)
        self.predicted_classes: Tensor | None = None
        self.normalization = ChannelNormalization(in_channels) if normalize else nn.Identity()
        self.dropout = nn.Dropout(dropout)
        self.ranking = MODELS.build(ranking) if isinstance(ranking, dict) else ranking or RelativeRanking()
        if not isinstance(self.ranking, Ranking):
            raise ValueError(f"ranking must be a config such as dict(type='RelativeRanking'), got {ranking!r}")
        self.num_features = in_channels * roi_size[0] * roi_size[1]
        self.classifier = nn.Linear(self.num_features, num_classes)

    @abstractmethod
    def aggregate(self, tube_logits: Tensor, features: Tensor) -> Tensor:
        """Logits ``(K,)`` of one video from those ``(P, K)`` float32 and the features of its one or more tubes."""

    def forward(self, pooled: Tensor) -> Tensor:
        """Logits ``(P, K)`` of tubes from their features ``(P, C, Y, X)``."""
        return self.classifier(self.features(pooled))

    def features(self, pooled: Tensor) -> Tensor:
        """What the layers take, ``(P, C·Y·X)``, of pooled features ``(P, C, Y, X)``."""
        if pooled.shape[1:] != self.pooled_shape:
            raise InputError(
                f"the head expects features of shape {self.pooled_shape} of a tube, encoder and pooling give "
                f"{tuple(pooled.shape[1:])}: model.head.in_channels is the first number, roi_size the others"
            )
        return self.dropout(self.normalization(pooled).flatten(1))

    def scores(self, tube_logits: Tensor, features: Tensor) -> VideoScores:
        """What the ranking takes, of one video from its tubes' logits ``(P, K)`` float32 and features, if any."""
        video_logits = self.aggregate(tube_logits, features) if tube_logits.shape[0] else tube_logits.sum(dim=0)
        of_tubes = self.score_tubes(tube_logits, features)
        return VideoScores(of_tubes, self.log_odds(tube_logits), self.score_video(video_logits))

    def log_odds(self, tube_logits: Tensor) -> Tensor:
        """Of each class against the others, or with ``multi_label`` against all else: ``(P, K)`` float64."""
        return tube_logits.double() if self.multi_label else log_odds_of(tube_logits)

    def log_odds_alone(self, pooled: Tensor) -> Tensor:
        """Of each class against all else, ``(P, K)`` float64, of tubes that say nothing about each other."""
        return self.log_odds(self.forward(pooled).float())

    def score_tubes(self, tube_logits: Tensor, features: Tensor) -> Tensor:
        """Logarithms ``(P, K)`` float64 of the scores of one video's tubes, if any: of the probabilities of classes."""
        return self._log_probabilities(tube_logits)

    def score_video(self, video_logits: Tensor) -> Tensor:
        """Logarithms ``(…, K)`` float64 of a video's probabilities."""
        return self._log_probabilities(video_logits)

    def _log_probabilities(self, logits: Tensor) -> Tensor:
        return F.logsigmoid(logits.double()) if self.multi_label else log_probabilities(logits)

    def loss(self, pooled: Tensor, tubes: TubeBatch, labels: Tensor) -> dict[str, Tensor]:
        """``loss_action``, cross-entropy of the videos' softmax with their labels (Section 3.2); and ``top1_acc``.

        From the features ``(P, C, Y, X)`` of the tubes, and the videos' labels ``(B, K)`` bool, which classes each
        shows. Videos without tubes are left out; where no video has any, the loss is 0 and still depends on all
        parameters, as distributed training wants. ``top1_acc`` is the share of the videos whose best class is a label.
        """
        features = self.features(pooled)
        tube_logits, masks = self.classifier(features).float(), video_masks(tubes)
        has_tubes = masks.any(dim=1)
        masks, labels = masks[has_tubes], labels[has_tubes]
        of_videos = [self.aggregate(tube_logits[mask], features[mask]) for mask in masks]
        video_logits = torch.stack(of_videos) if of_videos else tube_logits
        self.predicted_classes = video_logits.detach().argmax(dim=1)
        if not of_videos:
            return {"loss_action": self._no_loss(tube_logits), "top1_acc": tube_logits.new_zeros(())}
        right = labels.gather(1, self.predicted_classes[:, None]).float().mean()
        losses = {"loss_action": self.video_loss(video_logits, labels), "top1_acc": right}
        return losses | self.further_losses(tube_logits, features, tubes, masks, labels)

    def further_losses(
        self, tube_logits: Tensor, features: Tensor, tubes: TubeBatch, masks: Tensor, labels: Tensor
    ) -> dict[str, Tensor]:
        """Losses beside ``loss_action``, named ``loss_…``; ``masks`` ``(B, P)`` say which tubes are whose, one or more.

        The logits are float32, ``(P, K)``; the labels bool, ``(B, K)``.
        """
        return {}

    def video_loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        """The loss of one or more videos with logits ``(B, K)`` and labels ``(B, K)`` bool.

        The cross-entropy of the softmax, or with ``multi_label`` of the sigmoids, added up over the classes.
        """
        if self.multi_label:
            return binary_cross_entropy(logits, labels)
        return F.cross_entropy(logits, labels.int().argmax(dim=1))

    def _no_loss(self, logits: Tensor) -> Tensor:
        """The sum of no terms: of the logits, which depend on the features, and of each parameter."""
        return logits.sum() + sum(parameter.flatten()[:0].sum() for parameter in self.parameters())

    def predict(self, pooled: Tensor, tubes: TubeBatch) -> list[tuple[Tensor, Tensor]]:
        """Of each video the scores ``(P_b, K)`` that rank its tubes, and its probabilities ``(K,)``.

        The scores are logarithms, float64; the probabilities of a video without tubes are all alike.
        """
        features = self.features(pooled)
        tube_logits = self.classifier(features).float()
        by_video = zip(tubes.by_video(tube_logits), tubes.by_video(features), strict=True)
        of_videos = [self.scores(*of_video) for of_video in by_video]
        return [(self.ranking(scores), scores.video.exp().float()) for scores in of_videos]


class ChannelNormalization(nn.BatchNorm2d):
    """Standardises each channel of ``(P, C, Y, X)`` over tubes and cells: batch norm with nothing to learn.

    Networks without normalisation give channels of very different magnitudes, on which the first steps of a linear
    layer overshoot. Fewer than two values a channel are standardised by what the tubes before them were.
    """

    def __init__(self, num_channels: int) -> None:
        super().__init__(num_channels, affine=False)

    def forward(self, pooled: Tensor) -> Tensor:
        """The same shape; float32."""
        if not self.training or pooled.numel() < 2 * self.num_features:
            return F.batch_norm(pooled.float(), self.running_mean, self.running_var, eps=self.eps)
        return super().forward(pooled.float())


def video_masks(tubes: TubeBatch) -> Tensor:
    """Which tubes are whose, ``(B, P)`` bool."""
    return tubes.video_index == torch.arange(tubes.num_videos, device=tubes.video_index.device)[:, None]


def binary_cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """Of logits and labels ``(B, K)``, each class by itself: the sum over the classes, the mean over the videos."""
    return F.binary_cross_entropy_with_logits(logits, labels.to(logits), reduction="sum") / len(labels)


def log_probabilities(logits: Tensor) -> Tensor:
    """Logarithm of the softmax over the classes, ``(…, K)`` float64, precise near probability 1 too.

    ``log_softmax`` rounds confident tubes to one score and loses their ranking. By way of the odds they stay apart.
    """
    return F.logsigmoid(log_odds_of(logits))


def log_odds_of(logits: Tensor) -> Tensor:
    """Logarithm ``(…, K)`` float64 of p / (1 − p) by the softmax over the classes: ``z − log Σ_other exp(z_other)``."""
    logits = logits.double()
    highest, best = logits.max(dim=-1, keepdim=True)
    # The others of a class that is not the best: the best, and the rest beside it, which cannot cancel its 1.
    rest = (logits - highest).exp().scatter(-1, best, 0)
    others = highest + (rest.sum(dim=-1, keepdim=True) - rest).log1p()
    of_best = logits.scatter(-1, best, -torch.inf).logsumexp(dim=-1, keepdim=True)
    return logits - others.scatter(-1, best, of_best)
