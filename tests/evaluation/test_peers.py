"""The numbers that the code of other projects gives for the scenes of scenes.py, and ours.

Each row was written down from a run of the peer's own functions, with the reading of files taken out; the boxes were
given in their layouts, frames numbered from 1. mAP is a fraction at .2, .5, .75 and, where the peer has them, over its
ranges of thresholds; of frames at .5 and .75, of keyframes at .5.
"""

import re
from dataclasses import dataclass, field

import numpy as np
import pytest

from actorsup.evaluation.functional import FrameBoxes, evaluate_frame_predictions, evaluate_predictions
from tests.toy import REPOSITORY

from .scenes import PEER_CLASSES, peer_frame_scene, peer_scene

TOLERANCE = 1e-6
KEYFRAMES = np.arange(0, 200, 5)


@dataclass(frozen=True)
class Peer:
    """A function of a peer, and what it gave for the scenes 0, 1 and 2."""

    protocol: str
    source: str  # repository, file, first digits of the commit
    names: tuple[str, ...]  # of the numbers
    numbers: tuple[tuple[float, ...], ...]
    options: dict = field(default_factory=dict)

    def ours(self, seed: int) -> list[float]:
        """The same by the package."""
        if "frame" not in self.names[0]:
            scene = peer_scene(seed)
            predictions = [(name, tubes, scores) for name, tubes, _, scores in scene]
            truth = {name: truth for name, _, truth, _ in scene}
            measure, thresholds = evaluate_predictions, (0.2, 0.5, 0.75)
        else:
            scene = peer_frame_scene(seed, sparse=self.protocol == "ava")
            predictions = [FrameBoxes.unlinked(name, *detected) for name, _, *detected in scene]
            truth = {name: truth for name, truth, *_ in scene}
            measure, thresholds = evaluate_frame_predictions, (0.5, 0.75)
        numbers, _ = measure(predictions, truth, PEER_CLASSES, thresholds, self.protocol, **self.options)
        return [numbers[name] for name in self.names]


TUBES = ("mAP@0.2", "mAP@0.5", "mAP@0.75")
FRAMES = ("frame_mAP@0.5", "frame_mAP@0.75")
PEERS = (
    Peer(
        "act",
        "MCG-NJU/MOC-Detector, src/ACT.py, 26ba317, without its NMS",
        (*TUBES, "mAP@0.5:0.95"),
        (
            (0.4401182532, 0.244693473, 0.0628665686, 0.082417585),
            (0.762735188, 0.4080846012, 0.0112887183, 0.0737855285),
            (0.5834186673, 0.2391277254, 0.0044356175, 0.0578526221),
        ),
    ),
    Peer(
        "act",
        "MCG-NJU/MOC-Detector, src/ACT.py, 26ba317, as shipped",
        (*TUBES, "mAP@0.5:0.95"),
        (
            (0.4743986428, 0.2058080882, 0.0625, 0.0696203113),
            (0.8143442273, 0.3186428249, 0.0, 0.0476670749),
            (0.6900166869, 0.1734528691, 0.002813197, 0.0432031006),
        ),
        {"nms": 0.3},
    ),
    Peer(
        "act",
        "gurkirt/3D-RetinaNet, modules/evaluation.py, 2a007ab",
        TUBES,
        (
            (0.4401182532, 0.244693473, 0.0628665686),
            (0.762735188, 0.4080845714, 0.0112887183),
            (0.5834186673, 0.2391277254, 0.004435617),
        ),
    ),
    Peer(
        "voc",
        "gurkirt/realtime-action-detection, online-tubes/eval, bbad466, in Octave 7.3",
        TUBES,
        (
            (0.4613628559, 0.2735750361, 0.0007331378),
            (0.7716524217, 0.4303162437, 0.0074272133),
            (0.609561673, 0.2704565793, 0.0088712339),
        ),
    ),
    Peer(
        "multisports",
        "MCG-NJU/MultiSports, evaluate_multisports.py, 5ffdc6a",
        (*TUBES, "mAP@0.05:0.45", "mAP@0.1:0.9", "mAP@0.5:0.95"),
        (
            (0.4613628559, 0.2626623377, 0.0632331378, 0.4228980221, 0.2446485641, 0.0856216067),
            (0.7601673789, 0.3631654098, 0.0074272133, 0.6760428975, 0.3632758865, 0.0754687011),
            (0.609561673, 0.3007141142, 0.0088712339, 0.5536895054, 0.2987093956, 0.0634555565),
        ),
    ),
    Peer(
        "multisports",
        "mmaction2 1.2.0, functional/multisports_utils.py",
        TUBES,
        (
            (0.4613628559, 0.2626623377, 0.0632331378),
            (0.7601673789, 0.3631654098, 0.0074272133),
            (0.609561673, 0.3007141142, 0.0088712339),
        ),
    ),
    Peer(
        "yowo",
        "yjh0410/YOWOv2, evaluator/cal_video_mAP.py, 4e9e13b",
        TUBES,
        (
            (0.4613619685, 0.2735745316, 0.0632329807),
            (0.771651377, 0.4291582684, 0.0182114984),
            (0.609560719, 0.3061651501, 0.0088712178),
        ),
    ),
    Peer(
        "act",
        "MCG-NJU/MOC-Detector, src/ACT.py, 26ba317",
        FRAMES,
        (
            (0.2447475046, 0.1011106595),
            (0.3995488286, 0.1200981811),
            (0.3061034679, 0.0724026933),
        ),
    ),
    Peer(
        "retinanet",
        "gurkirt/3D-RetinaNet, modules/evaluation.py, 2a007ab",
        FRAMES,
        (
            (0.2519116402, 0.0984518379),
            (0.4007521272, 0.1154827178),
            (0.306468457, 0.0753858089),
        ),
    ),
    Peer(
        "multisports",
        "MCG-NJU/MultiSports, evaluate_multisports.py, 5ffdc6a; mmaction2 1.2.0",
        FRAMES,
        (
            (0.2345767654, 0.092410566),
            (0.3941841327, 0.1152772539),
            (0.3064684541, 0.0753858123),
        ),
    ),
    Peer(
        "yowo",
        "yjh0410/YOWOv2, evaluator/cal_frame_mAP.py, 4e9e13b",
        FRAMES,
        (
            (0.2346851984, 0.1023141461),
            (0.3996138227, 0.127334922),
            (0.3190964714, 0.0810906821),
        ),
    ),
    Peer(
        "ava",
        "AVA's, in facebookresearch/SlowFast, utils/ava_evaluation, 31d2ea7",
        FRAMES[:1],
        ((0.2231179747,), (0.4052306859,), (0.3610933897,)),
        {"frames": {f"{PEER_CLASSES[index % 4]}/v_{index:02d}": KEYFRAMES for index in range(12)}},
    ),
    Peer(
        "ava",
        "mmaction2 1.2.0, functional/ava_utils.py",
        FRAMES[:1],
        ((0.2367507109,), (0.422213259,), (0.3871288396,)),
    ),
)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("peer", PEERS, ids=lambda peer: f"{peer.source}, {peer.names[0]}")
def test_numbers_equal_those_of_the_peer(peer, seed):
    np.testing.assert_allclose(peer.ours(seed), peer.numbers[seed], rtol=0, atol=TOLERANCE)


def test_the_table_of_the_documentation_has_these_numbers():
    text = (REPOSITORY / "docs" / "evaluation.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \| (.*?) \| (.*?) \| ([\d.]+) \| ([\d.]+) \| ([\d.e-]+) \|$", text, re.MULTILINE)
    assert rows == [peer_row(peer) for peer in PEERS]


def peer_row(peer: Peer) -> tuple[str, ...]:
    """Protocol, peer, what was measured, at .5 of scene 0 the peer's number and ours, the bound that all keep."""
    at = next(index for index, name in enumerate(peer.names) if name.endswith("@0.5"))
    kind = "frames" if "frame" in peer.names[0] else "tubes"
    if peer.protocol == "ava":
        kind = "keyframes, empty ones included" if peer.options else "keyframes"
    differences = [np.abs(np.subtract(peer.ours(seed), peer.numbers[seed])).max() for seed in range(3)]
    bound = next(f"1e-{digits}" for digits in (9, 8, 7, 6) if max(differences) <= 10**-digits)
    return peer.protocol, peer.source, kind, f"{peer.numbers[0][at]:.7f}", f"{peer.ours(0)[at]:.7f}", bound


# get_ava_performance.py, activitynet/ActivityNet, 1212804, whose read_csv keeps the best 50 rows of a keyframe: here 8.
@pytest.mark.parametrize(("seed", "of_peer"), [(0, 0.2177771665), (1, 0.3884533969), (2, 0.3509442627)])
def test_the_best_rows_of_a_keyframe_alone_as_ava_counts_them(seed, of_peer):
    scene = peer_frame_scene(seed, sparse=True)
    numbers, _ = evaluate_frame_predictions(
        [FrameBoxes.unlinked(name, *detected).best_of_frames(8) for name, _, *detected in scene],
        {name: truth for name, truth, *_ in scene},
        PEER_CLASSES,
        protocol="ava",
        frames={name: KEYFRAMES for name, *_ in scene},
    )
    assert numbers["frame_mAP@0.5"] == pytest.approx(of_peer, abs=TOLERANCE)


# Of scene 0 without the true tubes of the last of four classes, whose detections stay.
@pytest.mark.parametrize(
    ("protocol", "of_peer", "num_classes"),
    [
        ("multisports", 0.4869453463, 3),  # MultiSports and mmaction2 leave the class out
        ("act", 0.34690243, 4),  # 3D-RetinaNet counts 0, MOC too if the class has no detection
        ("yowo", 0.3652084457, 4),  # YOWOv2 counts 0
        ("voc", 0.36520900974, 4),  # Singh's too
    ],
)
def test_a_class_without_truth_is_left_out_of_the_mean_or_counts_0_for_peers(protocol, of_peer, num_classes):
    scene = peer_scene(0)
    truth = {name: [tube for tube in tubes if tube.label != 3] for name, _, tubes, _ in scene}
    predictions = [(name, tubes, scores) for name, tubes, _, scores in scene]
    numbers, _ = evaluate_predictions(predictions, truth, PEER_CLASSES, (0.2,), protocol)
    assert numbers["mAP@0.2"] * 3 / num_classes == pytest.approx(of_peer, abs=TOLERANCE)


def test_classes_that_multisports_excludes_are_an_option():
    classes = ("basketball save", *PEER_CLASSES[1:])
    scene = peer_scene(0)
    numbers, _ = evaluate_predictions(
        [(name, tubes, scores) for name, tubes, _, scores in scene],
        {name: truth for name, _, truth, _ in scene},
        classes,
        (0.2,),
        "multisports",
        excluded_classes=["basketball save"],
    )
    assert numbers["mAP@0.2"] == pytest.approx(0.36009996947, abs=TOLERANCE)  # MultiSports' own of these names
