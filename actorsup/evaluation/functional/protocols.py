"""The named protocols of the literature for average precision."""

from dataclasses import dataclass

from actorsup.errors import InputError

from .tube_iou import OverlapRule

MATCHINGS = ("best_unmatched", "best_of_all")


@dataclass(frozen=True)
class Protocol:
    """One definition of average precision: how tubes overlap, which match, and what is summed.

    Under every protocol tubes are matched greedily by descending score, each true tube once.

    Args:
        overlap: how the overlap of two tubes is measured.
        strict: whether a match needs an overlap ``>`` the threshold; otherwise ``>=`` suffices.
        matching: the true tube of its class and video that a detection is compared with: ``best_unmatched``, the one
            it overlaps best of those not matched yet; ``best_of_all``, the one it overlaps best, and if that is taken
            already the detection is false.
        envelope: whether precision is made monotonous and summed as steps (PASCAL VOC, all points); otherwise the
            trapezoid under the raw curve, which starts at precision 1 and recall 0.

    Raises:
        ValueError: if the matching is unknown.
    """

    overlap: OverlapRule
    strict: bool
    matching: str
    envelope: bool

    def __post_init__(self) -> None:
        if self.matching not in MATCHINGS:
            raise ValueError(f"matching must be one of {', '.join(MATCHINGS)}, got {self.matching!r}")


PROTOCOLS: dict[str, Protocol] = {
    # Kalogeiton et al., Action tubelet detector, ICCV 2017; the evaluation that MOC (Li et al., ECCV 2020) shares.
    "act": Protocol(
        overlap=OverlapRule(detection_offset=1, ground_truth_offset=1),
        strict=False,
        matching="best_unmatched",
        envelope=False,
    ),
    # Singh et al., Online real-time multiple spatiotemporal action localisation and prediction, ICCV 2017: its Matlab
    # evaluation, after PASCAL VOC's. Pixels are added to detections alone: a tube does not overlap itself wholly.
    "voc": Protocol(
        overlap=OverlapRule(detection_offset=1, single_frame_counts=False),
        strict=True,
        matching="best_unmatched",
        envelope=True,
    ),
    # Li et al., MultiSports, ICCV 2021; mmaction2 has the same, but for a defect that gives every detection of a tube
    # the score of the last one.
    "multisports": Protocol(
        overlap=OverlapRule(single_frame_counts=False),
        strict=False,
        matching="best_of_all",
        envelope=True,
    ),
    # Köpüklü et al., You only watch once, 2019: its video-mAP.
    "yowo": Protocol(
        overlap=OverlapRule(detection_offset=1, ground_truth_offset=1, single_frame_counts=False),
        strict=False,
        matching="best_unmatched",
        envelope=True,
    ),
    # No publication's: `act` but for the temporal IoU. Are the boxes right where both tubes are?
    "spatial": Protocol(
        overlap=OverlapRule(detection_offset=1, ground_truth_offset=1, spatial_only=True),
        strict=False,
        matching="best_unmatched",
        envelope=False,
    ),
}


def average_precision_protocol(name: str) -> Protocol:
    """The protocol of that name; an unknown one is an :class:`InputError` that lists the known ones."""
    if name not in PROTOCOLS:
        raise InputError(
            f"unknown protocol {name!r} of average precision: choose one of {', '.join(sorted(PROTOCOLS))}"
        )
    return PROTOCOLS[name]
