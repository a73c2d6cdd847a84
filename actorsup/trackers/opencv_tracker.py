"""Trackers of OpenCV behind the seam of ours."""

import ctypes
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np

from actorsup.errors import InputError
from actorsup.registry import TRACKERS
from actorsup.structures import clip_boxes

from .tracker import Tracker, check_targets

# Each kind, and the shortest side of a target: MIL draws features until they have 9 pixels, for ever if none has.
SMALLEST_SIDES = {"MIL": 8, "Nano": 1}


@TRACKERS.register_module()
class OpenCVTracker(Tracker):
    """One ``cv2`` tracker a target.

    Boxes are rounded to whole pixels, as OpenCV needs them. A lost target keeps its last box, with score 0, and is
    looked for again in the next frame. MIL cannot start on a target that fills the frame or is under 8 pixels wide or
    high: it is lost from the start. Starting MIL seeds C's ``rand()``, which the whole process shares.

    Args:
        kind: ``'MIL'`` (Babenko et al., CVPR 2009: a boosted appearance model; fixed size, score 1 where found) or
            ``'Nano'`` (NanoTrack, a trained Siamese network).
        backbone: for ``'Nano'``, the ``.onnx`` file of its backbone.
        head: for ``'Nano'``, the ``.onnx`` file of its neck and head.
    """

    def __init__(self, kind: str, backbone: str | Path | None = None, head: str | Path | None = None) -> None:
        if kind not in SMALLEST_SIDES:
            raise InputError(f"OpenCVTracker: kind must be one of {', '.join(SMALLEST_SIDES)}, got {kind!r}")
        files = {"backbone": backbone, "head": head}
        for name, path in files.items():
            if (path is None) == (kind == "Nano"):
                raise InputError(f"OpenCVTracker: {name} is the file of kind 'Nano' alone, {kind!r} got {path}")
            if path is not None and not Path(path).is_file():
                raise InputError(f"OpenCVTracker: {name} {path}: no such file; obtain NanoTrack's .onnx files")
        self.kind = kind
        self.files = {name: str(path) for name, path in files.items()}
        if kind == "Nano":
            self._create()  # files that cannot be used are found now

    def init(self, image: np.ndarray, boxes: np.ndarray) -> None:
        """See ``Tracker.init``."""
        self._targets, self._boxes = [], np.zeros((0, 4), np.float32)
        self.add(image, boxes)

    def add(self, image: np.ndarray, boxes: np.ndarray) -> None:
        """See ``Tracker.add``."""
        boxes = clip_boxes(check_targets(boxes), image.shape[1::-1])
        bgr = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
        self._targets += [self._start(bgr, box) for box in boxes]
        self._boxes = np.concatenate([self._boxes, boxes])

    def update(self, image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """See ``Tracker.update``."""
        bgr = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
        scores = np.zeros(len(self._targets), np.float32)
        for index, target in enumerate(self._targets):
            found, (left, top, width, height) = target.update(bgr) if target else (False, (0, 0, 0, 0))
            box = clip_boxes(np.array([left, top, left + width, top + height], np.float32), image.shape[1::-1])
            if found and (box[2:] > box[:2]).all():
                self._boxes[index] = box
                scores[index] = target.getTrackingScore() if self.kind == "Nano" else 1
        return self._boxes.copy(), scores

    def _create(self):
        if self.kind == "MIL":
            return cv2.TrackerMIL.create()
        parameters = cv2.TrackerNano.Params()
        parameters.backbone, parameters.neckhead = self.files["backbone"], self.files["head"]
        try:
            return cv2.TrackerNano.create(parameters)
        except cv2.error as error:
            raise InputError(f"OpenCVTracker: {', '.join(self.files.values())}: cannot be used: {error}") from error

    def _start(self, bgr: np.ndarray, box: np.ndarray):
        """A tracker of the target in this box, cut to the frame; None where OpenCV cannot be started on it."""
        left, top, right, bottom = (int(side) for side in np.rint(box))
        if min(right - left, bottom - top) < SMALLEST_SIDES[self.kind]:
            return None
        target = self._create()
        # MIL draws features from C's rand() and OpenCV's generator, which can be set but not read, and each thread has
        # its own: another thread leaves the caller's alone.
        ctypes.CDLL(None).srand(0)
        with ThreadPoolExecutor(1, initializer=cv2.setRNGSeed, initargs=(0,)) as thread:
            try:
                thread.submit(target.init, bgr, (left, top, right - left, bottom - top)).result()
            except cv2.error:
                return None
        return target
