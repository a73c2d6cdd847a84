"""A model outside of PyTorch: what ``actorsup export`` wrote, run by onnxruntime."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from mmengine.model import BaseModel
from torch import Tensor

from actorsup.errors import InputError
from actorsup.registry import MODELS, POST_PROCESSING
from actorsup.structures import VideoSample

from .post_processing import frame_window, post_process

SUFFIX = ".onnx"
METADATA = "actorsup"  # key of the file's metadata, JSON
INPUTS = ("frames", "tubes", "weights")
OUTPUTS = ("tube_scores", "video_probabilities", "frame_scores")


def require_onnx(user: str, *packages: str) -> None:
    """Raise ``InputError`` unless these packages of the extra ``onnx`` are there, which ``user`` needs."""
    for package in packages:
        try:
            __import__(package)
        except ImportError as error:
            raise InputError(f"{user} needs {package}: pip install 'actorsup[onnx]'") from error


@MODELS.register_module()
class ExportedLocalizer(BaseModel):
    """An :class:`ActorLocalizer` that was exported to ONNX, in its place: it predicts the same, and does not learn.

    It takes what the original takes, and runs on the CPU, or on a GPU where onnxruntime has CUDA, with as many threads
    as torch. ``classes`` are the names of its classes; ``metadata`` is what the file says of itself (docs/export.md).

    Args:
        file: path of the ONNX file.
        post_processing: :class:`PostProcessing` steps in their order; they are no part of the file.

    Raises:
        InputError: if onnxruntime is not installed, the file is none of ``actorsup export``, or a step needs scores
            around every frame, which the file gives only if it was exported with such a step.
    """

    def __init__(self, file: str, post_processing: Sequence[dict | Callable] = ()) -> None:
        super().__init__()
        require_onnx(f"{type(self).__name__}", "onnxruntime")
        self.file = str(file)
        self.post_processing = [
            POST_PROCESSING.build(step) if isinstance(step, dict) else step for step in post_processing
        ]
        self._session = _open(self.file)
        self.metadata = _metadata(self.file, self._session)
        self.classes = tuple(self.metadata["classes"])
        window, given = frame_window(self.post_processing), self.metadata["frame_window"]
        if window not in (None, given):
            raise InputError(
                f"{self.file}: its post_processing looks at {window} frames around each, the file gives scores for "
                f"{given or 'none'}: export it again with that post_processing in the config"
            )

    def forward(self, inputs: Sequence[Tensor], data_samples: Sequence[VideoSample], mode: str = "predict"):
        """The samples with their scores, from frames ``(N, 3, H, W)`` uint8, RGB, of each video.

        Raises:
            InputError: if the mode is not ``predict``, or the file is for frames of another size.
        """
        if mode != "predict":
            raise InputError(f"{self.file}: an exported model predicts, and cannot be trained: mode {mode!r}")
        return [self._predict(frames, sample) for frames, sample in zip(inputs, data_samples, strict=True)]

    def _predict(self, frames: Tensor, sample: VideoSample) -> VideoSample:
        if len(sample.tubes):
            scores = self.run(frames.cpu().numpy(), sample.tubes.numpy(), sample.frame_mask.numpy())
        else:  # a graph has no branch for that
            num_classes = len(self.classes)
            scores = [np.zeros((0, num_classes)), np.array(self.metadata["probabilities_without_tubes"], np.float32)]
            scores += [np.zeros((0, len(frames), num_classes))] * (self.metadata["frame_window"] is not None)
        return post_process(sample.with_scores(*map(torch.from_numpy, scores)), self.post_processing)

    def run(self, frames: np.ndarray, tubes: np.ndarray, weights: np.ndarray) -> list[np.ndarray]:
        """What the file gives of one video with a tube or more: ``OUTPUTS``, as ``ActorLocalizer.score_video`` does.

        From frames ``(N, 3, H, W)`` uint8, RGB, tubes ``(P, N, 4)`` in pixels of these, and weights ``(P, N)``. Raises
        ``InputError`` if the file is for frames of another size.
        """
        expected = self._session.get_inputs()[0].shape
        if any(isinstance(ours, int) and ours != given for ours, given in zip(expected, frames.shape, strict=True)):
            number = "" if isinstance(expected[0], str) else f"{expected[0]} "
            raise InputError(
                f"{self.file}: takes {number}frames of {expected[3]}x{expected[2]} pixels, got {len(frames)} of "
                f"{frames.shape[3]}x{frames.shape[2]}: give the model what the config that it was exported with gives "
                "it, or export it with --any-size"
            )
        given = frames, tubes.astype(np.float32), weights.astype(np.float32)
        return self._session.run(None, dict(zip(INPUTS, given, strict=True)))


def _open(file: str):
    import onnxruntime

    if not Path(file).is_file():
        raise InputError(f"{file}: no such file; `actorsup export` writes it")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    options.log_severity_level = 3
    usable = [name for name in ("CUDAExecutionProvider", "CPUExecutionProvider") if name in _providers()]
    try:
        return onnxruntime.InferenceSession(file, options, providers=usable)
    except Exception as error:  # onnxruntime's own, one class for each of its codes
        raise InputError(f"{file}: onnxruntime cannot read it: {str(error).splitlines()[0]}") from error


def _providers() -> list[str]:
    import onnxruntime

    return onnxruntime.get_available_providers()


def _metadata(file: str, session) -> Mapping:
    text = session.get_modelmeta().custom_metadata_map.get(METADATA)
    if text is None:
        raise InputError(f"{file}: is no model that `actorsup export` wrote: it has no metadata {METADATA!r}")
    return json.loads(text)
