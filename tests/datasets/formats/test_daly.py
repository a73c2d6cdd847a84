import pickle

import numpy as np
import pytest

from actorsup.datasets.formats import DALY
from actorsup.errors import InputError


def keyframe(frame: int, *box: float) -> dict:
    """As Python 2 and numpy wrote it; pose and objects are not read."""
    return {"frameNumber": frame, "time": frame / 25, "boundingBox": np.array([box]), "pose": np.zeros((7, 6))}


def content() -> dict:
    drinks = {"beginTime": 0.1, "endTime": 2.0, "flags": {"isSmall": False}}
    drinks["keyframes"] = [keyframe(11, 0.1, 0.2, 0.5, 0.8), keyframe(21, 0.2, 0.2, 0.6, 0.8)]
    irons = {"beginTime": 0.1, "endTime": 2.0, "flags": {}, "keyframes": [keyframe(99, 0.1, 0.2, 0.5, 0.8)]}
    return {
        "labels": ["Drinking", "Ironing"],
        "joints": ["head"],
        "annot": {
            "a.mp4": {"suggestedClass": "Drinking", "annot": {"Drinking": [drinks], "Ironing": [irons]}},
            "b.mp4": {"suggestedClass": "Ironing", "annot": {}},
        },
        "metadata": {name: {"nbframes_ffmpeg": 50, "fps": 25.0} for name in ("a.mp4", "b.mp4")},
        "splits": [["a.mp4"]],
    }


@pytest.mark.parametrize("protocol", [2, 4])
def test_instances_are_sparse_tubes_from_keyframe_to_keyframe(tmp_path, protocol):
    (tmp_path / "daly1.1.0.pkl").write_bytes(pickle.dumps(content(), protocol=protocol))
    collection = DALY(data_root=tmp_path).read()
    first, second = collection.videos
    assert (first.video, first.split, first.labels, first.num_frames, first.size) == ("a", "test", (0, 1), 50, (1, 1))
    assert (second.video, second.split, second.labels, second.tubes) == ("b", "train", (), ())
    (tube,) = first.tubes
    assert tube.marked_frames.tolist() == [10, 20]
    assert np.allclose(tube.boxes_at([15]), [[0.15, 0.2, 0.55, 0.8]])
    assert collection.notes == ("1 instances have no keyframe with a box in the video, and no tube: a.mp4, Ironing 0",)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda found: found["splits"][0].append("c.mp4"), r"'splits' names c\.mp4, which 'annot' lacks"),
        (
            lambda found: found["annot"]["a.mp4"]["annot"].update(Sleeping=[]),
            r"video a\.mp4: action 'Sleeping' is none",
        ),
        (lambda found: found["metadata"].pop("a.mp4"), r"video a\.mp4: expected a dictionary with 'a\.mp4'"),
        (
            lambda found: found["annot"]["a.mp4"]["annot"]["Drinking"][0]["keyframes"][0].update(frameNumber=0),
            r"video a\.mp4: Drinking 0: .*ascending whole numbers from 1",
        ),
        (
            lambda found: found["annot"]["a.mp4"]["annot"]["Drinking"][0]["keyframes"][0].pop("boundingBox"),
            r"video a\.mp4: Drinking 0: expected a dictionary with 'boundingBox'",
        ),
        (lambda found: found.update(splits=[]), "'splits' is empty"),
    ],
)
def test_what_is_wrong_is_named(tmp_path, change, message):
    wrong = content()
    change(wrong)
    (tmp_path / "daly1.1.0.pkl").write_bytes(pickle.dumps(wrong))
    with pytest.raises(InputError, match=rf"daly1\.1\.0\.pkl: {message}"):
        DALY(data_root=tmp_path).read()
