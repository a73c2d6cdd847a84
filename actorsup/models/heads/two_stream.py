"""Weakly supervised detection: one layer says which class a tube shows, another which tube shows the class."""

import torch.nn.functional as F
from torch import Tensor, nn

from actorsup.registry import MODELS

from .tube_head import TubeHead, log_probabilities

SMALLEST_PROBABILITY = 1e-6


@MODELS.register_module()
class TwoStreamHead(TubeHead):
    """Classifies each tube and, by a layer of its own, selects among the video's tubes for each class.

    A tube's score for a class is the softmax over the classes of its logits, times the softmax over the video's tubes
    of what the second layer gives; the class's probability in the video is the sum over the tubes. The loss is the
    binary cross-entropy of these probabilities, added up over the classes. From "Weakly Supervised Deep Detection
    Networks" (Bilen and Vedaldi, CVPR 2016), Eq. 2 and 3.
    """

    def __init__(self, num_classes: int, in_channels: int, **common) -> None:
        super().__init__(num_classes, in_channels, **common)
        self.selector = nn.Linear(self.num_features, num_classes)

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
