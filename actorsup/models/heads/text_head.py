"""Classes by words: a tube shows the action whose text it is near to in a joint space of pictures and texts."""

import math
from collections.abc import Mapping, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from actorsup.errors import InputError
from actorsup.models.joint_space import JointModel, Prototypes
from actorsup.models.ranking import Ranking
from actorsup.registry import MODELS

from .aggregations import with_background
from .tube_head import Grid, TubeHead, log_odds_of, log_probabilities

TEMPLATES = ("{}", "a photo of {}.", "a video of {}.")


@MODELS.register_module()
class TextHead(TubeHead):
    """Scores tubes by the cosine of their features and the prototypes of texts; it needs no training to begin with.

    A logit is ``scale · cosine + bias``, where the scale is one over the temperature. Features are the means over the
    grid. With texts of ``background`` it is the logit above theirs (their log-sum-exp), which makes background one more
    class of the softmax, or what a sigmoid compares with. A video's logit for a class is the mean of the ``topk``
    highest among its tubes.

    Before :meth:`init_weights`, which training and :class:`actorsup.apis.ActionInferencer` call, the prototypes are
    random; testing a checkpoint takes those that are in it, and no text is read.

    Args:
        classes: names of the actions, K of them.
        in_channels: D, the channels of the joint space.
        texts: config of a :class:`actorsup.models.JointModel`, whose text tower embeds prompts and is then let go; or
            the file of :class:`actorsup.models.Prototypes`, of all names in ``classes`` and ``background``.
        templates: of the prompts, ``{}`` stands for the action; their embeddings are averaged.
        phrases: what stands for an action in the templates, where that is not its name: ``dict(Biking="a person riding
            a bike")``.
        background: what a tube shows that shows none of the actions, such as ``("a person",)``, in the same templates.
        roi_size: ``(Y, X)`` of the pooled features.
        topk: tubes that speak for a video.
        temperature: of the softmax; None is that with which the model of the texts was trained (CLIP's is 0.01).
        learned: what training changes: ``prototypes`` of the actions, ``temperature``, both or nothing.
        ranking, multi_label: as of :class:`TubeHead`. ``multi_label`` is what SigLIP, with its bias, was trained for.

    Raises:
        InputError: if an action is named twice or not at all, a template has no ``{}``, or a setting is out of range.
    """

    takes_words = True

    def __init__(
        self,
        classes: Sequence[str],
        in_channels: int,
        texts: dict | JointModel | str,
        templates: Sequence[str] = TEMPLATES,
        phrases: Mapping[str, str] | None = None,
        background: Sequence[str] = (),
        roi_size: Grid = (1, 1),
        topk: int = 1,
        temperature: float | None = None,
        learned: Sequence[str] = ("prototypes", "temperature"),
        ranking: dict | Ranking | None = None,
        multi_label: bool = False,
    ) -> None:
        names = (*classes, *background)
        if not len(classes) or len(set(names)) < len(names) or not all(isinstance(name, str) for name in names):
            raise InputError(f"TextHead: classes and background are texts, each given once; got {list(names)}")
        if not len(templates) or any(template.count("{}") != 1 for template in templates):
            raise InputError(f"TextHead: a template has one {{}} in the place of the action; got {list(templates)}")
        if topk < 1 or (temperature is not None and temperature <= 0):
            raise InputError(f"TextHead: topk is from 1 on, temperature above 0; got {topk} and {temperature}")
        if unknown := set(learned) - {"prototypes", "temperature"}:
            raise InputError(f"TextHead: learned is of prototypes and temperature, got {sorted(unknown)[0]!r}")
        super().__init__(len(classes), in_channels, roi_size, ranking=ranking, multi_label=multi_label)
        self.classes, self.background = tuple(classes), tuple(background)
        self.texts, self.templates, self.phrases = texts, tuple(templates), phrases
        self.topk, self.temperature = topk, temperature
        self.classifier = CosineClassifier(len(classes), len(background), in_channels)
        self.classifier.prototypes.requires_grad_("prototypes" in learned)
        self.classifier.log_scale.requires_grad_("temperature" in learned)

    def init_weights(self) -> None:
        """Make or read the prototypes.

        Raises:
            InputError: if the model of the texts, the file or a prototype in it is missing or of another size, or if
                there is nothing to compare with: one action, no background, and no bias.
        """
        names = (*self.classes, *self.background)
        if isinstance(self.texts, str):
            found = Prototypes.load(self.texts)
        else:
            texts = MODELS.build(self.texts) if isinstance(self.texts, dict) else self.texts
            found = texts.prototypes(names, self.templates, self.phrases)
        embeddings, channels = found.of(names), self.pooled_shape[0]
        if embeddings.shape[1] != channels:
            raise InputError(
                f"TextHead: its texts have {embeddings.shape[1]} channels, and model.head.in_channels is {channels}: "
                "texts and pictures need to be embedded by one model"
            )
        if len(names) == 1 and not found.bias:
            raise InputError(
                f"TextHead: {names[0]!r} is compared with nothing, and its score would say nothing: name a second "
                "action, or background=('a person',)"
            )
        scale = found.scale if self.temperature is None else 1 / self.temperature
        self.classifier.set(embeddings, scale, found.bias)
        self.is_init = True

    def features(self, pooled: Tensor) -> Tensor:
        """The means ``(P, D)`` over the grid of pooled features ``(P, D, Y, X)``."""
        return super().features(pooled).unflatten(1, (self.pooled_shape[0], -1)).mean(dim=2)

    def aggregate(self, tube_logits: Tensor, features: Tensor) -> Tensor:
        """Mean of the highest logits of each class."""
        return tube_logits.topk(torch.sym_min(self.topk, tube_logits.shape[0]), dim=0).values.mean(dim=0)

    def log_odds(self, tube_logits: Tensor) -> Tensor:
        """Of each class against the others and background, or with ``multi_label`` against background."""
        if self.multi_label or not self.background:
            return super().log_odds(tube_logits)
        return log_odds_of(with_background(tube_logits))[:, 1:]

    def video_loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        """As of :class:`TubeHead`, with background in the softmax."""
        if self.multi_label or not self.background:
            return super().video_loss(logits, labels)
        return F.cross_entropy(with_background(logits), labels.int().argmax(dim=1) + 1)

    def _log_probabilities(self, logits: Tensor) -> Tensor:
        if self.multi_label or not self.background:
            return super()._log_probabilities(logits)
        return log_probabilities(with_background(logits))[..., 1:]


class CosineClassifier(nn.Module):
    """Logits ``(P, K)`` of features ``(P, D)``, ``scale · cosine + bias`` with K prototypes, above background's."""

    def __init__(self, num_classes: int, num_background: int, in_channels: int) -> None:
        super().__init__()
        self.prototypes = nn.Parameter(F.normalize(torch.randn(num_classes, in_channels), dim=1))
        self.log_scale = nn.Parameter(torch.zeros(()))
        self.register_buffer("background", F.normalize(torch.randn(num_background, in_channels), dim=1))
        self.register_buffer("bias", torch.zeros(()))

    @torch.no_grad()
    def set(self, embeddings: Tensor, scale: float, bias: float) -> None:
        """Take the prototypes ``(K + K', D)``, background's at the end."""
        of_classes, of_background = embeddings.split([len(self.prototypes), len(self.background)])
        self.prototypes.copy_(of_classes)
        self.background.copy_(of_background)
        self.log_scale.fill_(math.log(scale))
        self.bias.fill_(bias)

    def forward(self, features: Tensor) -> Tensor:
        """Float32: differences of cosines are small, and half precision would round them off."""
        with torch.autocast(features.device.type, enabled=False):
            directions = F.normalize(features.float(), dim=1)
            scale = self.log_scale.exp()
            logits = scale * directions @ F.normalize(self.prototypes, dim=1).T
            if not len(self.background):
                return logits + self.bias
            return logits - (scale * directions @ self.background.T).logsumexp(dim=1, keepdim=True)
