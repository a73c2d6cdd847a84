"""Weakly supervised detection: two layers that classify and select, and their online refinement."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from actorsup.models.ranking import VideoScores
from actorsup.registry import MODELS
from actorsup.structures import TubeBatch

from .aggregations import smooth_maximum
from .tube_head import TubeHead, binary_cross_entropy, log_odds_of, log_probabilities

SMALLEST_PROBABILITY = 1e-6
SHARPNESS = 3.0  # of smooth maxima over the tubes of a video: between their mean and the best of them


@MODELS.register_module()
class TwoStreamHead(TubeHead):
    """Classifies each tube and, by a layer of its own, selects among the video's tubes for each class.

    A tube's score for a class is the softmax over the classes of its logits, times the softmax over the video's tubes
    of what the second layer gives; the class's probability in the video is the sum over the tubes. The loss is the
    binary cross-entropy of these probabilities, added up over the classes: a tube shows one class, a video any number,
    but where its tubes are all alike the probabilities of its classes add up to 1.
    From "Weakly Supervised Deep Detection Networks" (Bilen and Vedaldi, CVPR 2016), Eq. 2 and 3.

    Args:
        classification_weight: of ``loss_classification``, cross-entropy of the smooth maximum over the tubes of the
            classifying layer's logits with the labels, all of them alike; with ``multi_label`` binary cross-entropy of
            each class. Without it (0, as published) the two layers can settle early on somebody who is in the video by
            chance, and results differ much from seed to seed.
    """

    def __init__(self, num_classes: int, in_channels: int, classification_weight: float = 0.0, **common) -> None:
        super().__init__(num_classes, in_channels, **common)
        self.selector = nn.Linear(self.num_features, num_classes)
        self.classification_weight = classification_weight

    @property
    def takes_one_label(self) -> bool:
        """False: the loss is of each class by itself."""
        return False

    def aggregate(self, tube_logits: Tensor, features: Tensor) -> Tensor:
        """Log-odds of each class."""
        selected = self.selector(features).float().softmax(dim=0)
        classified = tube_logits.softmax(dim=1) if self.num_classes > 1 else tube_logits.sigmoid()
        probabilities = (classified * selected).sum(dim=0)
        return probabilities.clamp(SMALLEST_PROBABILITY, 1 - SMALLEST_PROBABILITY).logit()

    def log_odds(self, tube_logits: Tensor) -> Tensor:
        """Against the other classes, ``(P, K)`` float64; of one class alone the logits."""
        return log_odds_of(tube_logits) if self.num_classes > 1 else tube_logits.double()

    def score_tubes(self, tube_logits: Tensor, features: Tensor) -> Tensor:
        """Logarithms ``(P, K)`` float64 of the products."""
        return F.logsigmoid(self.log_odds(tube_logits)) + F.log_softmax(self.selector(features).double(), dim=0)

    def score_video(self, video_logits: Tensor) -> Tensor:
        """Logarithms ``(…, K)`` float64 of a video's probabilities, each class by itself."""
        return F.logsigmoid(video_logits.double())

    def video_loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Binary cross-entropy, the sum over the classes, the mean over the videos."""
        return binary_cross_entropy(logits, labels)

    def further_losses(
        self, tube_logits: Tensor, features: Tensor, tubes: TubeBatch, masks: Tensor, labels: Tensor
    ) -> dict[str, Tensor]:
        """``loss_classification``."""
        if not self.classification_weight:
            return {}
        logits = torch.stack([smooth_maximum(tube_logits[mask], SHARPNESS) for mask in masks])
        if self.multi_label:
            return {"loss_classification": self.classification_weight * binary_cross_entropy(logits, labels)}
        shares = labels.float() / labels.sum(dim=1, keepdim=True).clamp(min=1)  # a video of no class has none
        return {"loss_classification": self.classification_weight * F.cross_entropy(logits, shares)}


@MODELS.register_module()
class OnlineRefinementHead(TwoStreamHead):
    """Two streams, and layers that learn from what those before them find, with a class for background.

    In each video the tube that the layer before scores highest for a label, and those that overlap it, show the
    action; the others are background. The cross-entropy of a tube counts by the score of the best one that it overlaps
    most; in a video of no class, where all are background, by 1. Tubes are scored by the mean of the layers' logits;
    what a video shows is said by the two streams, which alone learn from videos that do not show it. From "Multiple
    Instance Detection Network with Online Instance Classifier Refinement" (Tang et al., CVPR 2017), Algorithm 2, Eq. 4.

    Args:
        num_refinements: layers; as published.
        min_overlap: of tubes that show the action too, above, with the best one; as published.
    """

    def __init__(
        self, num_classes: int, in_channels: int, num_refinements: int = 3, min_overlap: float = 0.5, **common
    ) -> None:
        super().__init__(num_classes, in_channels, **common)
        if num_refinements < 1:
            raise ValueError(f"num_refinements must be at least 1, got {num_refinements}")
        self.min_overlap = min_overlap
        layers = [nn.Linear(self.num_features, 1 + num_classes) for _ in range(num_refinements)]
        self.refinements = nn.ModuleList(layers)

    def further_losses(
        self, tube_logits: Tensor, features: Tensor, tubes: TubeBatch, masks: Tensor, labels: Tensor
    ) -> dict[str, Tensor]:
        """``loss_refinement``, the sum over the layers, the mean over the videos; and the two streams' own."""
        losses = super().further_losses(tube_logits, features, tubes, masks, labels)
        refined = [layer(features).float() for layer in self.refinements]
        loss = tube_logits.new_zeros(())
        for mask, shown in zip(masks, labels, strict=True):
            overlaps, (shown,) = tubes.overlaps(mask), shown.nonzero(as_tuple=True)
            scores = self.score_tubes(tube_logits[mask], features[mask])[:, shown].exp().detach()  # (P, L)
            for layer in refined:
                logits = layer[mask]
                targets, weights = self._pseudo_labels(scores, overlaps, shown)
                loss = loss + (weights * F.cross_entropy(logits, targets, reduction="none")).mean()
                scores = logits.detach().softmax(dim=1)[:, shown + 1]
        return losses | {"loss_refinement": loss / len(labels)}

    def _pseudo_labels(self, scores: Tensor, overlaps: Tensor, shown: Tensor) -> tuple[Tensor, Tensor]:
        """What the tubes of one video show, 0 is background, and how much each counts, ``(P,)``.

        From their scores ``(P, L)`` for the ``L`` classes that the video shows, whose numbers are ``shown``.
        """
        if not len(shown):
            return overlaps.new_zeros(len(scores), dtype=torch.int64), overlaps.new_ones(len(scores))
        best_scores, best = scores.max(dim=0)
        order = best_scores.argsort(descending=True, stable=True)  # of equal overlaps that with the surer one counts
        near, nearest = overlaps[:, best[order]].max(dim=1)
        targets = torch.where(near > self.min_overlap, shown[order][nearest] + 1, 0)
        weights = best_scores[order][nearest]
        for place in order.flip(0):  # of empty boxes the overlap with themselves is 0
            targets[best[place]], weights[best[place]] = shown[place] + 1, best_scores[place]
        return targets, weights.float()

    def scores(self, tube_logits: Tensor, features: Tensor) -> VideoScores:
        """Of tubes those of the refinements, whose odds leave background out; of the video the two streams'."""
        logits = self._refined(features)
        of_video = super().scores(tube_logits, features).video
        return VideoScores(log_probabilities(logits)[:, 1:], self.log_odds(logits[:, 1:] - logits[:, :1]), of_video)

    def log_odds_alone(self, pooled: Tensor) -> Tensor:
        """Against the other classes and background, ``(P, K)`` float64."""
        return log_odds_of(self._refined(self.features(pooled)))[:, 1:]

    def forward(self, pooled: Tensor) -> Tensor:
        """Logits ``(P, K)`` of tubes above those of background."""
        logits = self._refined(self.features(pooled)).float()
        return logits[:, 1:] - logits[:, :1]

    def _refined(self, features: Tensor) -> Tensor:
        """Mean logits ``(P, 1 + K)`` float64 of the refinements; background's come first."""
        return torch.stack([layer(features).double() for layer in self.refinements]).mean(dim=0)
