"""Random numbers of OpenCV's C++ code that neither depend on what ran before nor change what runs after."""

import ctypes
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np

from actorsup.errors import InputError
from actorsup.registry import TRACKERS
from actorsup.structures import clip_boxes

from .tracker import Tracker

Result = TypeVar("Result")


def call_with_own_randomness(seed: int, function: Callable[..., Result], *arguments) -> Result:
    """Call a function of OpenCV whose random numbers start from a seed.

    OpenCV has one generator a thread, which can be set but not read: the call runs in a thread of its own. Some of its
    older code draws from C's ``rand()``, which a whole process shares: where the C library is glibc, ``rand()`` gets
    another state for the time of the call. Elsewhere its results depend on the calls before, as they do in OpenCV.
    """

    def call() -> Result:
        cv2.setRNGSeed(seed)
        with _c_rand(seed):
            return function(*arguments)

    with ThreadPoolExecutor(max_workers=1) as executor:
        return executor.submit(call).result()


@contextmanager
def _c_rand(seed: int) -> Iterator[None]:
    """A state of its own for C's ``rand()``, and the former one again afterwards."""
    library = ctypes.CDLL(None) if sys.platform == "linux" else None
    if not hasattr(library, "gnu_get_libc_version"):
        yield
        return
    library.initstate.argtypes = (ctypes.c_uint, ctypes.c_char_p, ctypes.c_size_t)
    library.initstate.restype = library.setstate.restype = ctypes.c_void_p
    library.setstate.argtypes = (ctypes.c_void_p,)
    state = ctypes.create_string_buffer(128)
    former = library.initstate(seed, state, len(state))
    try:
        yield
    finally:
        library.setstate(former)


KINDS = ("MIL", "Nano")
# MIL draws features until they have 9 pixels, for ever if the target is too small for one.
SMALLEST_SIDE = 8


@TRACKERS.register_module()
class OpenCVTracker(Tracker):
    """One ``cv2`` tracker a target.

    OpenCV takes and gives boxes in whole pixels: corners are rounded to the nearest, and what comes back is whole too.
    A target that is lost keeps its last box, with score 0, and is looked for again in the next frame. One that OpenCV
    cannot be started on is lost from the start: for MIL, if it fills the frame or is under 8 pixels wide or high.

    Args:
        kind: ``'MIL'`` (Babenko et al., CVPR 2009: a boosted appearance model learnt on the way; its size is fixed; it
            has no score, so that a target found has 1) or ``'Nano'`` (NanoTrack, a trained Siamese network).
        backbone: for ``'Nano'``, the ``.onnx`` file of its backbone.
        head: for ``'Nano'``, the ``.onnx`` file of its neck and head.
        seed: of the random numbers that MIL draws at the start; see ``call_with_own_randomness``.

    Raises:
        InputError: if the kind is unknown, or the files are missing, unreadable, or given to a kind without any.
    """

    def __init__(
        self, kind: str, backbone: str | Path | None = None, head: str | Path | None = None, seed: int = 0
    ) -> None:
        if kind not in KINDS:
            raise InputError(f"OpenCVTracker: kind must be one of {', '.join(KINDS)}, got {kind!r}")
        files = {"backbone": backbone, "head": head}
        for name, path in files.items():
            if (path is None) == (kind == "Nano"):
                raise InputError(f"OpenCVTracker: {name} is the file of kind 'Nano' alone, {kind!r} got {path}")
            if path is not None and not Path(path).is_file():
                raise InputError(f"OpenCVTracker: {name} {path}: no such file; obtain NanoTrack's .onnx files")
        self.kind = kind
        self.files = {name: str(path) for name, path in files.items()}
        self.seed = seed
        self._targets: list = []
        self._boxes = np.zeros((0, 4), np.float32)
        if kind == "Nano":
            self._create()  # files that cannot be used are found now

    def init(self, image: np.ndarray, boxes: np.ndarray) -> None:
        """See ``Tracker.init``."""
        self._targets, self._boxes = [], np.zeros((0, 4), np.float32)
        self.add(image, boxes)

    def add(self, image: np.ndarray, boxes: np.ndarray) -> None:
        """Take further targets, behind those that are there; arguments as of ``init``.

        Raises:
            ValueError: if a box has no positive width and height.
        """
        boxes = np.asarray(boxes, dtype=np.float32)
        if boxes.ndim != 2 or boxes.shape[1] != 4 or not (boxes[:, 2:] > boxes[:, :2]).all():
            raise ValueError(f"targets must be boxes (P, 4) of positive width and height, got {boxes.tolist()}")
        height, width = image.shape[:2]
        bgr = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
        self._targets += [self._start(bgr, box) for box in boxes]
        self._boxes = np.concatenate([self._boxes, clip_boxes(boxes, (width, height))])

    def update(self, image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """See ``Tracker.update``; scores are those of OpenCV."""
        height, width = image.shape[:2]
        bgr = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
        scores = np.zeros(len(self._targets), np.float32)
        for index, target in enumerate(self._targets):
            found, (left, top, box_width, box_height) = (False, (0, 0, 0, 0)) if target is None else target.update(bgr)
            box = clip_boxes(np.array([left, top, left + box_width, top + box_height], np.float32), (width, height))
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
        """A tracker of the target in this box; None where OpenCV cannot be started on it."""
        height, width = bgr.shape[:2]
        left, top, right, bottom = (int(side) for side in np.rint(clip_boxes(box, (width, height))))
        smallest = SMALLEST_SIDE if self.kind == "MIL" else 1
        if min(right - left, bottom - top) < smallest:
            return None
        target = self._create()
        try:
            call_with_own_randomness(self.seed, target.init, bgr, (left, top, right - left, bottom - top))
        except cv2.error:
            return None
        return target
