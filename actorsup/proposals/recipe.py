"""What a config says about proposals: which detector, which linker, and where their results are kept."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from actorsup.errors import InputError
from actorsup.io import DetectionStore, Fingerprint, TubeStore

REQUIRED = {"root", "detector", "detectors", "linker", "linkers"}


@dataclass(frozen=True)
class ProposalRecipe:
    """One detector and one linker, chosen by name from those that a config offers.

    Detections are kept in ``root/<detector>/detections`` and the tubes of each linker beside them, so that linkers
    share detections and can be compared.

    Args:
        root: folder of the stores.
        detector_name: the chosen detector's name.
        detector: its config.
        linker_name: the chosen linker's name.
        linker: its config.
        reader: config of the video reader; None chooses by what a path is.
    """

    root: Path
    detector_name: str
    detector: dict
    linker_name: str
    linker: dict
    reader: dict | None = None

    @classmethod
    def from_config(cls, settings: Mapping, reader: Mapping | None = None) -> "ProposalRecipe":
        """Read the ``proposals`` of a config; ``reader`` is the one that its data sets use.

        ``dict(root=..., detector='name', detectors=dict(name=..., ...), linker='name', linkers=dict(name=..., ...))``

        Raises:
            InputError: if a part is missing or unknown, or a chosen name is not offered.
        """
        if settings.keys() != REQUIRED:
            raise InputError(f"the config's proposals need {sorted(REQUIRED)}, got {sorted(settings.keys())}")
        chosen = {}
        for part in ("detector", "linker"):
            name, offered = settings[part], settings[f"{part}s"]
            if name not in offered:
                raise InputError(f"proposals.{part}={name!r}: proposals.{part}s of the config offers {sorted(offered)}")
            chosen[part] = _plain(offered[name])
        names = {"detector_name": settings["detector"], "linker_name": settings["linker"]}
        return cls(Path(settings["root"]), **names, **chosen, reader=_plain(reader))

    @property
    def detections(self) -> DetectionStore:
        """The store of this detector's detections."""
        return DetectionStore(self.root / self.detector_name / "detections", self._fingerprint(detector=self.detector))

    @property
    def tubes(self) -> TubeStore:
        """The store of the tubes that this linker made of this detector's detections."""
        fingerprint = self._fingerprint(detector=self.detector, linker=self.linker)
        return TubeStore(self.root / self.detector_name / f"tubes_{self.linker_name}", fingerprint)

    def _fingerprint(self, **parts: dict) -> Fingerprint:
        return Fingerprint.of(**parts) if self.reader is None else Fingerprint.of(reader=self.reader, **parts)


def _plain(value):
    """Dicts and lists of a config as builtin ones."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value
