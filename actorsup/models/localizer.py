"""The model (Section 3.2)."""

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from mmengine.model import BaseModel
from mmengine.registry import Registry
from torch import Tensor, nn

from actorsup.errors import InputError
from actorsup.registry import MODELS, POST_PROCESSING
from actorsup.structures import TubeBatch, VideoSample

from .encoders import recompute_blocks
from .post_processing import frame_window, post_process

PRECISIONS = ("bfloat16", "float32")


@MODELS.register_module()
class ActorLocalizer(BaseModel):
    """Encodes frames, pools a feature for every tube, classifies the tubes. Its parts are configs or modules.

    Args:
        encoder: an :class:`actorsup.models.encoders.Encoder`.
        pooling: a :class:`TubePooling`, such as :class:`ActorRoIPool3D`.
        head: an :class:`actorsup.models.heads.TubeHead`, or several as :class:`actorsup.models.heads.EnsembleHead`.
        data_preprocessor: None: :class:`VideoDataPreprocessor` with ImageNet's mean and deviation.
        post_processing: :class:`PostProcessing` steps in their order. The paper has none.
        precision: what the encoder computes in: ``bfloat16``, by autocast, ``float32``, or None: as all else, which is
            float32 without ``--amp``. Its maps are float32 for pooling and head if it is given.
        checkpointing: the encoder's blocks keep their inputs alone for the backward pass, which computes the rest
            again: much less memory for a third more time (:func:`actorsup.models.encoders.recompute_blocks`).
    """

    def __init__(
        self,
        encoder: dict | nn.Module,
        pooling: dict | nn.Module,
        head: dict | nn.Module,
        data_preprocessor: dict | nn.Module | None = None,
        post_processing: Sequence[dict | Callable] = (),
        precision: str | None = None,
        checkpointing: bool = False,
    ) -> None:
        super().__init__(_build(data_preprocessor or {"type": "VideoDataPreprocessor"}))
        if precision not in (None, *PRECISIONS):
            raise InputError(f"precision must be {' or '.join(PRECISIONS)}, or None, got {precision!r}")
        self.encoder = _build(encoder)
        self.precision = precision
        if checkpointing:
            recompute_blocks(self.encoder)
        self.pooling = _build(pooling)
        self.head = _build(head)
        self.post_processing = [_build(step, POST_PROCESSING) for step in post_processing]
        self.frame_window = frame_window(self.post_processing)

    def forward(
        self, inputs: Tensor, data_samples: Sequence[VideoSample], mode: str = "tensor"
    ) -> dict[str, Tensor] | list[VideoSample] | Tensor:
        """Normalised frames ``(B, N, 3, H, W)`` and samples with tubes in pixels of these, in one of three modes.

        ``loss`` gives losses and what is logged beside them, ``predict`` the samples with their scores, ``tensor`` the
        logits ``(P, K)`` of all tubes of the batch, in the order of the videos. Where the samples have
        ``frame_features``, these are pooled, and the frames are not looked at: only the device of ``inputs`` counts.

        Raises:
            InputError: in ``loss`` mode, if a label that the head learns from is missing or not among the classes.
            ValueError: if some samples have ``frame_features`` and others do not.
        """
        if mode not in ("loss", "predict", "tensor"):
            raise ValueError(f"mode must be 'loss', 'predict' or 'tensor', got {mode!r}")
        labels = self._labels(data_samples).to(inputs.device) if mode == "loss" else None
        tubes = TubeBatch.from_samples(data_samples, inputs.device)
        at_maps = tubes.at_maps(self.encoder.temporal_stride)
        frame_features = _stored_features(data_samples, at_maps)  # (P, N', C, Y, X)
        if frame_features is None:
            maps = self._maps(inputs)  # (B, N', C, H', W')
            pooled = self.pooling(maps, at_maps, self.encoder.stride)
        else:
            pooled = self.pooling.over_time(frame_features, at_maps.weights)

        if mode == "loss":
            return self.head.loss(pooled, tubes, labels)
        if mode == "predict":
            scores = self.head.predict(pooled, tubes)
            if self.frame_window is not None:
                if frame_features is None:
                    frame_features = self.pooling.of_frames(maps, at_maps, self.encoder.stride)
                frame_scores = self._frame_scores(frame_features, at_maps, inputs.shape[1])
                scores = [(*of_video, of_frames) for of_video, of_frames in zip(scores, frame_scores, strict=True)]
            samples = [sample.with_scores(*of_video) for sample, of_video in zip(data_samples, scores, strict=True)]
            return [post_process(sample, self.post_processing) for sample in samples]
        return self.head(pooled)

    @torch.no_grad()
    def frame_features(self, inputs: Tensor, data_samples: Sequence[VideoSample]) -> Tensor:
        """What a ``VideoSample`` keeps as ``frame_features``, ``(P, N', C, Y, X)``, of all tubes of a batch."""
        tubes = TubeBatch.from_samples(data_samples, inputs.device).at_maps(self.encoder.temporal_stride)
        return self.pooling.of_frames(self._maps(inputs), tubes, self.encoder.stride)

    def score_video(self, frames: Tensor, tubes: Tensor, weights: Tensor) -> tuple[Tensor, ...]:
        """What ``predict`` says of one video, of tensors alone: this is what is exported.

        Frames are ``(N, 3, H, W)`` uint8, RGB, tubes ``(P, N, 4)`` in pixels of these, weights ``(P, N)`` say how much
        each frame counts for each tube. Returns the scores ``(P, K)`` that rank the tubes, float64, the video's
        probabilities ``(K,)`` and, if a step of ``post_processing`` asks for them, the log-odds ``(P, N, K)`` of the
        tubes around every frame.
        """
        inputs = self.data_preprocessor({"inputs": [frames], "data_samples": [None]})["inputs"]
        batch = TubeBatch(tubes, weights, torch.zeros_like(weights[:, 0], dtype=torch.int64), 1)
        at_maps = batch.at_maps(self.encoder.temporal_stride)
        frame_features = self.pooling.of_frames(self._maps(inputs), at_maps, self.encoder.stride)
        (scores,) = self.head.predict(self.pooling.over_time(frame_features, at_maps.weights), batch)
        if self.frame_window is None:
            return scores
        return *scores, *self._frame_scores(frame_features, at_maps, inputs.shape[1])

    def _maps(self, inputs: Tensor) -> Tensor:
        if self.precision is None:
            return self.encoder.encode(inputs)
        with torch.autocast(inputs.device.type, torch.bfloat16, enabled=self.precision == "bfloat16"):
            return self.encoder.encode(inputs).float()

    def _frame_scores(self, frame_features: Tensor, tubes: TubeBatch, num_frames: int) -> list[Tensor]:
        """The head's log-odds for the tubes of each video around every sampled frame, ``(P_b, N, K)``.

        Of an encoder with a stride in time, those of the map that a frame belongs to, with as many whole maps beside it
        as the window has room for.
        """
        stride = self.encoder.temporal_stride
        beside = self.frame_window // 2 // stride
        window = 2 * beside + 1
        features = F.pad(frame_features, (0, 0, 0, 0, 0, 0, beside, beside)).unfold(1, window, 1)
        weights = F.pad(tubes.weights, (beside, beside)).unfold(1, window, 1)  # (P, N', W)
        pooled = self.pooling.over_time(features.movedim(-1, 2).flatten(0, 1), weights.flatten(0, 1))
        scores = self.head.log_odds_alone(pooled).unflatten(0, tubes.weights.shape)
        scores = scores.repeat_interleave(stride, dim=1)[:, :num_frames]
        return tubes.by_video(scores)

    def _labels(self, data_samples: Sequence[VideoSample]) -> Tensor:
        """The labels that the head learns from, checked by name: ``(B, K)`` bool of videos, ``(P,)`` int64 of tubes."""
        if self.head.learns_from_tubes:
            return torch.cat([self._tube_labels(sample) for sample in data_samples])
        shown = torch.zeros((len(data_samples), self.head.num_classes), dtype=torch.bool)
        for row, sample in zip(shown, data_samples, strict=True):
            self._check_labels(sample)
            row[list(sample.labels)] = True
        return shown

    def _check_labels(self, sample: VideoSample) -> None:
        labels, num_classes = sample.labels, self.head.num_classes
        if labels is None or not all(0 <= label < num_classes for label in labels):
            raise InputError(
                f"{sample.video}: its labels are {labels}, but training needs 0 to {num_classes - 1} (num_classes of "
                f"the head is {num_classes})"
            )
        if self.head.takes_one_label and len(labels) != 1:
            raise InputError(
                f"{sample.video}: has {len(labels) or 'no'} labels, and {type(self.head).__name__} takes one a video: "
                "give it multi_label=True, or take another head, such as OnlineRefinementHead (docs/annotation.md)"
            )

    def _tube_labels(self, sample: VideoSample) -> Tensor:
        labels, num_classes = sample.tube_labels, self.head.num_classes
        if labels is None:
            raise InputError(
                f"{sample.video}: its tubes have no labels, and {type(self.head).__name__} learns from them: give "
                "the training dataset true_tubes=True and an ann_file, and its pipeline LabelTubes"
            )
        if not all(-1 <= label < num_classes for label in labels.tolist()):
            raise InputError(
                f"{sample.video}: its tubes have the labels {labels.tolist()}, but training needs -1 to "
                f"{num_classes - 1} (num_classes of the head is {num_classes})"
            )
        return labels


def _stored_features(samples: Sequence[VideoSample], at_maps: TubeBatch) -> Tensor | None:
    """The stored features ``(P, N', C, Y, X)`` of all tubes of a batch, float32; None where the samples have none."""
    stored = [sample.frame_features for sample in samples]
    if all(features is None for features in stored):
        return None
    num_maps = at_maps.weights.shape[1]
    for sample in samples:
        if sample.frame_features is None:
            raise ValueError(f"{sample.video}: has no frame_features, and other videos of its batch have")
        if sample.frame_features.shape[1] != num_maps:
            raise ValueError(
                f"{sample.video}: has frame_features of {sample.frame_features.shape[1]} maps, and the encoder gives "
                f"{num_maps} of {len(sample.frame_indices)} frames"
            )
    return torch.cat(stored).to(at_maps.weights.device, non_blocking=True).float()


def _build(part: dict | Callable, registry: Registry = MODELS) -> Callable:
    return registry.build(part) if isinstance(part, dict) else part
