"""What a config says about proposals."""

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from mmengine.registry import Registry

from actorsup.errors import InputError
from actorsup.io import DetectionStore, Fingerprint, TubeStore
from actorsup.io.frames import DEFAULT_MEMORY
from actorsup.registry import DETECTORS, LINKERS, TRACKERS

REQUIRED = {"root", "detector", "detectors", "linker", "linkers"}
OPTIONAL = {"frame_memory"}


@dataclass(frozen=True)
class ProposalConfig:
    """One detector and one linker, chosen by name from those that a config offers.

    Linkers share the detections in ``root/<detector>/detections``, and keep their tubes beside them.
    """

    root: Path  # folder of the stores
    detector_name: str
    detector: Mapping  # its config
    linker_name: str
    linker: Mapping
    reader: Mapping | None = None  # config of the video reader; None chooses by what a path is
    frame_memory: int = DEFAULT_MEMORY // 2**20  # MiB of frames held; more or less decoding again, the same results

    @classmethod
    def from_config(cls, settings: Mapping, reader: Mapping | None = None) -> "ProposalConfig":
        """Read the ``proposals`` of a config, whose datasets use ``reader``.

        ``dict(root=..., detector='name', detectors=dict(name=..., ...), linker='name', linkers=dict(name=..., ...))``
        and perhaps ``frame_memory``.
        """
        if not REQUIRED <= settings.keys() <= REQUIRED | OPTIONAL:
            raise InputError(f"proposals need {sorted(REQUIRED)}, and take {sorted(OPTIONAL)}; got {sorted(settings)}")
        memory = settings.get("frame_memory", cls.frame_memory)
        if not isinstance(memory, int) or memory < 1:
            raise InputError(f"proposals.frame_memory is in MiB, a whole number above 0; got {memory!r}")
        chosen = {}
        for part in ("detector", "linker"):
            name, offered = settings[part], settings[f"{part}s"]
            if name not in offered:
                raise InputError(f"proposals.{part}={name!r}: proposals.{part}s of the config offers {sorted(offered)}")
            chosen |= {f"{part}_name": name, part: offered[name]}
        return cls(Path(settings["root"]), **chosen, reader=reader, frame_memory=memory)

    def on_device(self, device: str | None) -> "ProposalConfig":
        """With detector, linker and tracker on a device, where they have such an option; None: as they are."""
        if device is None:
            return self
        detector = _on_device(DETECTORS, self.detector, device)
        return replace(self, detector=detector, linker=_linker_on_device(self.linker, device))

    @property
    def detections(self) -> DetectionStore:
        """The store of the detections."""
        return DetectionStore(self.root / self.detector_name / "detections", self._fingerprint(detector=self.detector))

    @property
    def tubes(self) -> TubeStore:
        """The store of the tubes."""
        fingerprint = self._fingerprint(detector=self.detector, linker=self.linker)
        return TubeStore(self.root / self.detector_name / f"tubes_{self.linker_name}", fingerprint)

    def _fingerprint(self, **parts: Mapping) -> Fingerprint:
        return Fingerprint.of(**parts, **({} if self.reader is None else {"reader": self.reader}))


def existing_store(folder: str | Path) -> TubeStore:
    """The store of tubes in a folder, whatever made it."""
    store = TubeStore(folder)
    if not store.exists:
        raise InputError(f"{folder}: no store of tubes; `actorsup proposals` makes them")
    return store


def _linker_on_device(config: Mapping, device: str) -> Mapping:
    """With its tracker, or the linkers that it is made of."""
    linker = dict(_on_device(LINKERS, config, device))
    if "tracker" in linker:
        linker["tracker"] = _on_device(TRACKERS, linker["tracker"], device)
    if "linkers" in linker:
        linker["linkers"] = [_linker_on_device(part, device) for part in linker["linkers"]]
    return linker


def _on_device(registry: Registry, config: Mapping, device: str) -> Mapping:
    part = registry.get(config["type"])
    has_option = part is not None and "device" in inspect.signature(part).parameters
    return {**config, "device": device} if has_option else config
