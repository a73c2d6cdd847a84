from actorsup.proposals import ProposalConfig, ProposalPipeline
from actorsup.registry import DETECTORS
from actorsup.structures import Detections


@DETECTORS.register_module()
class DeviceDetector:
    def __init__(self, device=None):
        self.device = device

    def detect(self, frames):
        return (Detections.empty() for _ in frames)


@DETECTORS.register_module()
class PlainDetector:
    def detect(self, frames):
        return (Detections.empty() for _ in frames)


def proposal_config(detector: str, linker: dict) -> ProposalConfig:
    settings = {"detectors": {"a": {"type": detector}}, "linkers": {"b": linker}}
    return ProposalConfig.from_config({"root": "root", "detector": "a", "linker": "b", **settings})


def test_parts_that_have_a_device_get_it_and_others_are_left():
    siamese = {"type": "SiameseLinker", "tracker": {"type": "SiameseTracker", "network": {}, "device": "cuda"}}
    moved = proposal_config("DeviceDetector", siamese).on_device("cpu")
    assert ProposalPipeline(moved).detector.device == "cpu"
    assert moved.linker["tracker"]["device"] == "cpu"
    plain = proposal_config("PlainDetector", {"type": "ViterbiLinker"})
    assert plain.on_device("cpu") == plain
    assert proposal_config("DeviceDetector", siamese).on_device(None).linker == siamese


def test_a_device_is_no_other_config():
    original = proposal_config("DeviceDetector", {"type": "ViterbiLinker"})
    assert original.on_device("cpu").tubes.fingerprint.differences(original.tubes.fingerprint) == []
