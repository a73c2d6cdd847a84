"""Linking by the trackers of Ultralytics: the extra `ultralytics`, which is under the AGPL."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
import torch

from actorsup.errors import InputError
from actorsup.registry import LINKERS
from actorsup.structures import Detections, Tube

from .linker import Linker, frame_size
from .tracker_linker import Track, tubes_of_tracks


@LINKERS.register_module()
class UltralyticsLinker(Linker):
    """Tubes are the tracks that a tracker of Ultralytics makes of the detections, each actor category by itself.

    Boxes, scores and order of the tubes are as ``TrackerLinker``'s. The frames are read only if the tracker estimates
    how the camera moves (``gmc_method``, which BoT-SORT and TrackTrack do), or looks at the actors (``with_reid``).

    Args:
        tracker: ``'botsort'`` or another of Ultralytics' names (``bytetrack``, ``ocsort``, ``deepocsort``,
            ``fasttrack``, ``tracktrack``); or a ``.yaml`` file of settings, as Ultralytics takes it.
        settings: of the tracker, by their names in such a file; what neither has is Ultralytics' default.
        max_tubes: the best so many.
        min_length: tubes of fewer frames are dropped.

    Raises:
        InputError: if the package is not installed, there is no such tracker or setting, or re-identification is asked
            for without the file of its model.
    """

    def __init__(
        self, tracker: str = "botsort", settings: Mapping | None = None, max_tubes: int = 20, min_length: int = 5
    ) -> None:
        if max_tubes < 1 or min_length < 1:
            raise InputError(
                f"UltralyticsLinker: expected max_tubes >= 1 and min_length >= 1, got {max_tubes} and {min_length}"
            )
        self.max_tubes = max_tubes
        self.min_length = min_length
        try:
            import lap  # noqa: F401 (without it, Ultralytics would install it by itself)

            with _undisturbed():
                from ultralytics.trackers.track import TRACKER_MAP
                from ultralytics.utils import ROOT, YAML, IterableSimpleNamespace
        except ImportError as error:
            raise InputError("UltralyticsLinker needs ultralytics: pip install 'actorsup[ultralytics]'") from error
        given = dict(settings or {})
        if tracker.endswith((".yaml", ".yml")):
            try:
                given = {**YAML.load(tracker), **given}
            except Exception as error:  # of the file, or of YAML
                raise InputError(f"UltralyticsLinker: {tracker} cannot be read: {error}") from error
            name = given.get("tracker_type")
        else:
            name = tracker
        if name not in TRACKER_MAP:
            raise InputError(f"UltralyticsLinker: the tracker must be one of {', '.join(TRACKER_MAP)}, got {name!r}")
        defaults = YAML.load(ROOT / f"cfg/trackers/{name}.yaml")
        if unknown := sorted(given.keys() - defaults.keys()):
            raise InputError(f"UltralyticsLinker: {name} has no setting {unknown[0]!r}; it has {', '.join(defaults)}")
        self.settings = IterableSimpleNamespace(**{**defaults, **given, "tracker_type": name})
        reads = vars(self.settings)
        if reads.get("with_reid") and not Path(str(reads["model"])).is_file():
            raise InputError(
                f"UltralyticsLinker: with_reid needs the file of its model, got model={reads['model']!r}; there are no "
                "features of a detector here, and nothing is downloaded"
            )
        self._reads_frames = bool(reads.get("with_reid")) or reads.get("gmc_method") not in (None, "none", "None")
        self._create = TRACKER_MAP[name]

    def link(self, frames: Sequence[np.ndarray], detections: Sequence[Detections]) -> list[Tube]:
        """See ``Linker.link``."""
        frame_size(frames, detections)  # raises where they do not belong together
        return tubes_of_tracks(detections, lambda found: self._tracks(frames, found), self.min_length, self.max_tubes)

    def _tracks(self, frames: Sequence[np.ndarray], detections: Sequence[Detections]) -> list[Track]:
        from ultralytics.engine.results import Boxes

        tracker, tracks, image = self._create(self.settings), {}, None
        size = frame_size(frames, detections)[::-1]
        for frame, found in enumerate(detections):
            if self._reads_frames:
                image = cv2.cvtColor(frames[frame], cv2.COLOR_RGB2BGR)
            rows = np.concatenate([found.boxes, found.scores[:, None], np.zeros((len(found), 1))], axis=1)
            for row in tracker.update(Boxes(rows.astype(np.float32), size), image):
                tracks.setdefault(int(row[4]), []).append((frame, int(row[-1])))
        return list(tracks.values())


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Undo what importing Ultralytics does to other libraries."""
    threads, save, printing = cv2.getNumThreads(), torch.save, np.get_printoptions()
    try:
        yield
    finally:
        cv2.setNumThreads(threads)
        torch.save = save
        np.set_printoptions(**printing)
