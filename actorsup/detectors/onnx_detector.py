"""Detectors exported to ONNX, run by onnxruntime: the extra `onnx`."""

import ast
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import torch
from torch import Tensor
from torchvision.ops import batched_nms, box_convert

from actorsup.device import pick_device
from actorsup.errors import InputError
from actorsup.registry import DETECTORS

from .detector import Detector, Found

NUMBERS = {"tensor(float)": np.float32, "tensor(float16)": np.float16, "tensor(uint8)": np.uint8}
LAYOUTS = ("boxes", "detr", "yolo")
FITS = ("letterbox", "corner", "stretch", "none")


class Placement(NamedTuple):
    """Where a frame lies in the model's input: its pixels times ``scale`` (x, y), moved by ``offset`` (x, y)."""

    scale: tuple[float, float]
    offset: tuple[int, int]

    def undo(self, boxes: Tensor) -> Tensor:
        """Boxes ``(D, 4)`` of the input as boxes of the frame."""
        return (boxes - boxes.new_tensor([*self.offset, *self.offset])) / boxes.new_tensor([*self.scale, *self.scale])


@DETECTORS.register_module()
class OnnxDetector(Detector):
    """Detects actors with any detector in an ONNX file that takes images and nothing else.

    What the file says is read from it: whether its input is ``(B, 3, H, W)``, ``(B, H, W, 3)`` or, as torchvision's
    detectors are exported, ``(3, H, W)``, its size, its kind of numbers, and whether it takes several frames at once.

    Args:
        model: the ``.onnx`` file.
        layout: what it gives of each frame:

            * ``'boxes'``: boxes ``(D, 4)`` ``x1, y1, x2, y2`` in pixels of the input, scores ``(D,)`` and labels
              ``(D,)``; or boxes ``(D, 5)`` with the score as fifth and labels; or ``(D, 6)`` with both. Torchvision's
              detectors, mmdet's by mmdeploy, and those of the YOLO family that suppress by themselves.
            * ``'detr'``: boxes ``(D, 4)``, centre, width and height as shares of the input, and logits ``(D, K)``, or
              ``(D, K + 1)`` with "nothing" as last: DETR and those after it, as transformers names them.
            * ``'yolo'``: one array ``(N, 5 + K)`` or ``(N, 4 + K)``, or the same transposed: centre, width and height
              in pixels of the input, perhaps the score of there being a thing, and those of the categories. They are
              suppressed here.
        outputs: names of the outputs in the order of ``layout``; None: all of the file's, told apart by shape and
            kind of numbers.
        categories: the name of each label, in order, the background's too where labels count it; None: what the
            ``names`` in the file's metadata are, which Ultralytics writes.
        size: ``(width, height)`` of the input, where the file leaves it open.
        fit: how a frame gets that size: ``'letterbox'``, scaled and padded evenly around it; ``'corner'``, scaled into
            the upper left corner and padded; ``'stretch'``, both sides scaled; ``'none'``, as it is.
        padding: the padding's value, of 255.
        mean: taken from each channel's pixels of 0 to 255.
        std: what they are then divided by.
        bgr: whether the channels are blue, green, red.
        nms_threshold: IoU above which, of two boxes of one category, the weaker is suppressed (``'yolo'``).
        actors: category names to keep; a detection's label is the index in this list.
        score_threshold: detections below are dropped.
        max_per_frame: the best-scoring ones are kept; None keeps all.
        batch_size: frames that are run together, where the file takes several.
        device: where the model runs; None takes the GPU where there is one and onnxruntime can use it.

    Raises:
        InputError: if onnxruntime is not installed, the file cannot be read or has another input, a setting that it
            needs is missing, or what it gives is not as ``layout`` says.
    """

    def __init__(
        self,
        model: str,
        layout: str,
        outputs: Sequence[str] | None = None,
        categories: Sequence[str] | None = None,
        size: tuple[int, int] | None = None,
        fit: str = "letterbox",
        padding: int = 114,
        mean: Sequence[float] = (0.0, 0.0, 0.0),
        std: Sequence[float] = (255.0, 255.0, 255.0),
        bgr: bool = False,
        nms_threshold: float = 0.65,
        actors: Sequence[str] = ("person",),
        score_threshold: float = 0.05,
        max_per_frame: int | None = 100,
        batch_size: int = 8,
        device: str | None = None,
    ) -> None:
        super().__init__(actors, score_threshold, max_per_frame, batch_size)
        if layout not in LAYOUTS or fit not in FITS:
            expected = f"layout one of {', '.join(LAYOUTS)} and fit one of {', '.join(FITS)}"
            raise InputError(f"OnnxDetector: expected {expected}; got {layout!r} and {fit!r}")
        self.model, self.layout, self.fit, self.padding = str(model), layout, fit, padding
        self.mean, self.std = np.array(mean, np.float32), np.array(std, np.float32)
        self.bgr, self.nms_threshold = bgr, nms_threshold
        self.session = _open(self.model, device)
        self._read_input(size)
        self._read_outputs(outputs)
        if categories is None:
            categories = self._own_categories()
        self.num_categories = len(categories)
        self.know(categories)
        self.find([np.zeros((64, 64, 3), np.uint8)])  # what does not fit fails now, not in every video

    def _read_input(self, size: tuple[int, int] | None) -> None:
        """Take layout, size and kind of numbers of the input."""
        image, *others = self.session.get_inputs()
        if others:
            raise InputError(f"OnnxDetector: {self.model} takes {others[0].name!r} beside images; export it without")
        shape = list(image.shape)
        self.channels_last = shape[-1:] == [3] and shape[-3:-2] != [3]
        if len(shape) not in (3, 4) or not (self.channels_last or shape[-3] == 3 or not isinstance(shape[-3], int)):
            raise InputError(f"OnnxDetector: {self.model} takes {shape}, expected images (B, 3, H, W) or (B, H, W, 3)")
        if image.type not in NUMBERS:
            raise InputError(f"OnnxDetector: {self.model} takes {image.type}, expected one of {', '.join(NUMBERS)}")
        self.numbers = NUMBERS[image.type]
        if self.numbers is np.uint8 and not ((self.mean == 0).all() and (self.std == 1).all()):
            raise InputError(f"OnnxDetector: {self.model} takes whole numbers; give mean=(0, 0, 0) and std=(1, 1, 1)")
        self.has_batch = len(shape) == 4
        if self.has_batch and isinstance(shape[0], int) and shape[0] > 1:
            raise InputError(
                f"OnnxDetector: {self.model} takes {shape[0]} frames at once; export it for 1 or any number"
            )
        self.takes_many = self.has_batch and not isinstance(shape[0], int)
        height, width = shape[-3:-1] if self.channels_last else shape[-2:]
        fixed = (width, height) if isinstance(width, int) and isinstance(height, int) else None
        if size is not None and fixed is not None and tuple(size) != fixed:
            raise InputError(
                f"OnnxDetector: {self.model} takes frames of {fixed} (width, height), size is {tuple(size)}"
            )
        self.size = fixed or (tuple(size) if size is not None else None)
        if self.size is None and self.fit != "none":
            raise InputError(f"OnnxDetector: {self.model} takes frames of any size; give `size`, or fit='none'")
        if fixed is not None and self.fit == "none":
            raise InputError(f"OnnxDetector: {self.model} takes frames of {fixed} (width, height) only; choose a fit")
        self.input_name = image.name

    def _read_outputs(self, outputs: Sequence[str] | None) -> None:
        """Take the names of the outputs."""
        names = [output.name for output in self.session.get_outputs()]
        if outputs is not None and (unknown := [name for name in outputs if name not in names]):
            raise InputError(f"OnnxDetector: {self.model} has no output {unknown[0]!r}; it has {', '.join(names)}")
        self.are_named, self.outputs = outputs is not None, list(outputs or names)

    def _own_categories(self) -> list[str]:
        """The names in the file's metadata: a dictionary by label, or a list."""
        names = self.session.get_modelmeta().custom_metadata_map.get("names")
        try:
            names = ast.literal_eval(names or "")
            return [names[label] for label in range(len(names))]
        except (ValueError, SyntaxError, LookupError, TypeError) as error:
            raise InputError(f"OnnxDetector: {self.model} does not name its categories; give `categories`") from error

    def find(self, frames: list[np.ndarray]) -> list[Found]:
        """See ``Detector.find``."""
        read = {"boxes": self._boxes, "detr": self._detr, "yolo": self._yolo}[self.layout]
        together = len(frames) if self.takes_many else 1
        found = []
        for first in range(0, len(frames), together):
            images, placements = zip(*map(self._place, frames[first : first + together]), strict=True)
            batch = np.stack(images) if self.has_batch else images[0]
            arrays = [torch.from_numpy(array) for array in self.session.run(self.outputs, {self.input_name: batch})]
            is_batched = max(array.ndim for array in arrays) == 3
            if not is_batched and len(images) > 1:
                raise self._unlike(arrays, "a first axis of the frames; give batch_size=1")
            height, width = images[0].shape[:2] if self.channels_last else images[0].shape[1:]
            for index, placement in enumerate(placements):
                of_frame = [array[index] for array in arrays] if is_batched else arrays
                boxes, scores, labels = read(of_frame, (width, height))
                found.append((placement.undo(boxes.float()), scores.float(), labels.long()))
        return found

    def _place(self, frame: np.ndarray) -> tuple[np.ndarray, Placement]:
        """The input that a frame becomes, without a batch axis, and where the frame lies in it."""
        height, width = frame.shape[:2]
        placement = Placement((1.0, 1.0), (0, 0))
        if self.fit != "none":
            wide, high = self.size
            if self.fit == "stretch":
                new = (wide, high)
            else:
                ratio = min(wide / width, high / height)
                new = (max(1, round(width * ratio)), max(1, round(height * ratio)))
            left, top = ((wide - new[0]) // 2, (high - new[1]) // 2) if self.fit == "letterbox" else (0, 0)
            # Sides are whole pixels, so each axis has a scale of its own.
            placement = Placement((new[0] / width, new[1] / height), (left, top))
            canvas = np.full((high, wide, 3), self.padding, np.uint8)
            canvas[top : top + new[1], left : left + new[0]] = cv2.resize(frame, new, interpolation=cv2.INTER_LINEAR)
            frame = canvas
        if self.bgr:
            frame = frame[..., ::-1]
        image = ((frame - self.mean) / self.std).astype(self.numbers)
        return np.ascontiguousarray(image if self.channels_last else image.transpose(2, 0, 1)), placement

    def _boxes(self, arrays: list[Tensor], size: tuple[int, int]) -> Found:
        expected = "boxes (D, 4), scores (D,) and labels (D,); boxes with scores (D, 5) and labels (D,); or all (D, 6)"
        # Boxes have an axis more, labels are whole numbers.
        order = range(len(arrays))
        if not self.are_named:
            order = sorted(order, key=lambda index: (-arrays[index].ndim, not arrays[index].is_floating_point()))
        boxes, *others = (arrays[index] for index in order)
        if boxes.ndim != 2 or (boxes.shape[1], len(others)) not in ((4, 2), (5, 1), (6, 0)):
            raise self._unlike(arrays, expected)
        scores = others[0] if boxes.shape[1] == 4 else boxes[:, 4]
        labels = others[-1] if others else boxes[:, 5]
        if scores.shape != boxes.shape[:1] or labels.shape != boxes.shape[:1] or not scores.is_floating_point():
            raise self._unlike(arrays, expected)
        if len(others) == 2 and not self.are_named and labels.is_floating_point():
            raise self._unlike(arrays, "labels that are whole numbers, unless `outputs` says which they are")
        if len(labels) and labels.max() >= self.num_categories:
            found = f"gives the label {int(labels.max())}, `categories` are {self.num_categories}"
            raise InputError(f"OnnxDetector: {self.model} {found}; name them all")
        return boxes[:, :4], scores, labels

    def _detr(self, arrays: list[Tensor], size: tuple[int, int]) -> Found:
        expected = f"boxes (D, 4) and logits (D, {self.num_categories}) or (D, {self.num_categories + 1})"
        if len(arrays) != 2:
            raise self._unlike(arrays, expected)
        boxes, logits = arrays
        if not self.are_named and boxes.shape[-1] == logits.shape[-1]:
            raise self._unlike(arrays, "boxes that can be told from logits; give `outputs`")
        if not self.are_named and boxes.shape[-1] != 4:
            boxes, logits = logits, boxes
        num_extra = logits.shape[-1] - self.num_categories
        if boxes.shape[1:] != (4,) or logits.shape[:-1] != boxes.shape[:1] or num_extra not in (0, 1):
            raise self._unlike(arrays, expected)
        logits = logits.float()
        probabilities = logits.softmax(dim=1)[:, :-1] if num_extra else logits.sigmoid()
        scores, labels = probabilities.max(dim=1)
        return box_convert(boxes.float(), "cxcywh", "xyxy") * boxes.new_tensor([*size, *size]), scores, labels

    def _yolo(self, arrays: list[Tensor], size: tuple[int, int]) -> Found:
        (found, *others), counts = arrays, (4 + self.num_categories, 5 + self.num_categories)
        expected = f"one array with {counts[0]} or {counts[1]} numbers a box"
        if others or found.ndim != 2 or (found.shape[0] in counts) == (found.shape[1] in counts):
            raise self._unlike(arrays, expected)
        found = (found.T if found.shape[0] in counts else found).float()
        of_categories = found[:, -self.num_categories :]
        if found.shape[1] == counts[1]:
            of_categories = of_categories * found[:, 4:5]
        scores, labels = of_categories.max(dim=1)
        keep = scores >= self.score_threshold
        boxes, scores, labels = box_convert(found[keep, :4], "cxcywh", "xyxy"), scores[keep], labels[keep]
        kept = batched_nms(boxes, scores, labels, self.nms_threshold)
        return boxes[kept], scores[kept], labels[kept]

    def _unlike(self, arrays: list[Tensor], expected: str) -> InputError:
        given = ", ".join(f"{name} {tuple(array.shape)}" for name, array in zip(self.outputs, arrays, strict=True))
        return InputError(
            f"OnnxDetector: {self.model} gives {given}; layout {self.layout!r} expects {expected}. Choose another "
            "layout, or name what it has by `outputs`"
        )


def _open(model: str, device: str | None):
    """The session of a file, on a device and with as many threads as torch has."""
    try:
        import onnxruntime
    except ImportError as error:
        raise InputError("OnnxDetector needs onnxruntime: pip install 'actorsup[onnx]'") from error
    if not Path(model).is_file():
        raise InputError(f"OnnxDetector: model {model}: no such file")
    chosen, has_cuda = pick_device(device), "CUDAExecutionProvider" in onnxruntime.get_available_providers()
    if device is not None and chosen.type == "cuda" and not has_cuda:
        raise InputError(f"OnnxDetector: device {device!r}: this onnxruntime has no CUDA; install onnxruntime-gpu")
    providers = ["CPUExecutionProvider"]
    if chosen.type == "cuda" and has_cuda:
        providers.insert(0, ("CUDAExecutionProvider", {"device_id": chosen.index or 0}))
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(model, options, providers=providers)
    except Exception as error:  # onnxruntime raises what it likes
        raise InputError(f"OnnxDetector: model {model} cannot be used: {str(error).strip()}") from error
