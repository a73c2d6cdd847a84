"""Weakly supervised detection: two layers that classify and select, and their online refinement."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from actorsup.models.ranking import VideoScores
from actorsup.registry import MODELS
from actorsup.structures import TubeBatch

from .aggregations import smooth_maximum
from .tube_head import TubeHead, log_odds_of, log_probabilities

SMALLEST_PROBABILITY = 1e-6
SHARPNESS = 3.0  # of smooth maxima over the tubes of a video: between their mean and the best of them


@MODELS.register_module()
class TwoStreamHead(TubeHead):
    """Classifies each tube and, by a layer of its own, selects among the video's tubes for each class.

    A tube's score for a class is the softmax over the classes of its logits, times the softmax over the video's tubes
    of what the second layer gives; the class's probability in the video is the sum over the tubes. The loss is the
    binary cross-entropy of these probabilities, added up over the classes. From "Weakly Supervised Deep Detection
    Networks" (Bilen and Vedaldi, CVPR 2016), Eq. 2 and 3.

    Args:
        classification_weight: of ``loss_classification``, cross-entropy of the smooth maximum over the tubes of the
            classifying layer's logits. Without it (0, as published) the two layers can settle early on somebody who is
            in the video by chance, and results differ much from seed to seed.
    """

    def __init__(self, num_classes: int, in_channels: int, classification_weight: float = 0.0, **common) -> None:
        super().__init__(num_classes, in_channels, **common)
        self.selector = nn.Linear(self.num_features, num_classes)
        self.classification_weight = classification_weight

    def aggregate(self, tube_logits: Tensor, features: Tensor) -> Tensor:
        """Log-odds of each class."""
        selected = self.selector(features).float().softmax(dim=0)
        probabilities = (tube_logits.softmax(dim=1) * selected).sum(dim=0)
        return probabilities.clamp(SMALLEST_PROBABILITY, 1 - SMALLEST_PROBABILITY).logit()

    def score_tubes(self, tube_logits: Tensor, features: Tensor) -> Tensor:
        """Logarithms ``(P, K)`` float64 of the products."""
        return log_probabilities(tube_logits) + F.log_softmax(self.selector(features).double(), dim=0)

    def score_video(self, video_logits: Tensor) -> Tensor:
        """Logarithms ``(…, K)`` float64 of a video's probabilities, each class by itself."""
        return F.logsigmoid(video_logits.double())

    def video_loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Binary cross-entropy, the sum over the classes, the mean over the videos."""
        targets = F.one_hot(labels, self.num_classes).to(logits)
        return F.binary_cross_entropy_with_logits(logits, targets, reduction="sum") / len(labels)

    def further_losses(
        self, tube_logits: Tensor, features: Tensor, tubes: TubeBatch, masks: Tensor, labels: Tensor
    ) -> dict[str, Tensor]:
        """``loss_classification``."""
        if not self.classification_weight:
            return {}
        logits = torch.stack([smooth_maximum(tube_logits[mask], SHARPNESS) for mask in masks])
        return {"loss_classification": self.classification_weight * F.cross_entropy(logits, labels)}


@MODELS.register_module()
class OnlineRefinementHead(TwoStreamHead):
    """Two streams, and layers that learn from what those before them find, with a class for background.

    In each video the tube that the layer before scores highest for the label, and those that overlap it, show the
    action; the others are background. The cross-entropy of a layer counts in each video by the score of that tube.
    Tubes are scored by the mean of the layers' logits; what a video shows is said by the two streams, which alone learn
    from videos that do not show it. From "Multiple Instance Detection Network with Online Instance Classifier
    Refinement" (Tang et al., CVPR 2017), Algorithm 2, Eq. 4.

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
        for mask, label in zip(masks, labels, strict=True):
            overlaps = tubes.overlaps(mask)
            scores = self.score_tubes(tube_logits[mask], features[mask])[:, label].exp().detach()
            for layer in refined:
                logits, best = layer[mask], scores.argmax()
                shows_action = overlaps[best] > self.min_overlap
                shows_action[best] = True  # of empty boxes the overlap with themselves is 0
                targets = torch.where(shows_action, label + 1, 0)
                loss = loss + scores[best].float() * F.cross_entropy(logits, targets)
                scores = logits.detach().softmax(dim=1)[:, label + 1]
        return losses | {"loss_refinement": loss / len(labels)}

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
