import json

import numpy as np
import pytest

from actorsup.structures import ActionTube, Localization, Tube

CLASSES = ("run", "jump")


def found(rank: int = 1, label: int = 0, score: float = 0.5, start: int = 2) -> ActionTube:
    tube = Tube(start, [[1.25, 2, 3, 4], [1.1, 2, 3, 4.5]], [0.7, 0.1], score, label)
    return ActionTube(rank, CLASSES[label], "person", 3, tube)


def localization(*tubes: ActionTube) -> Localization:
    return Localization("video", 0, 10, (64, 48), CLASSES, tubes)


def test_json_gives_back_every_number():
    original = localization(found(1, 1, 1 / 3), found(2))
    values = json.loads(json.dumps(original.as_dict()))
    restored = Localization.from_dict(values)
    assert restored.as_dict() == values == original.as_dict()
    np.testing.assert_array_equal(restored.tubes[0].tube.boxes, original.tubes[0].tube.boxes)
    assert (restored.size, restored.classes, restored.tubes[0].score) == ((64, 48), CLASSES, 1 / 3)


def test_boxes_are_given_by_their_frames():
    assert found().boxes_by_frame.keys() == {2, 3}
    assert found().boxes_by_frame[2] == [1.25, 2, 3, 4]


def test_the_best_are_the_first_of_a_score():
    tubes = localization(found(1, score=0.9), found(2, score=0.5), found(3, score=0.1))
    assert [each.rank for each in tubes.best(top=2).tubes] == [1, 2]
    assert [each.rank for each in tubes.best(min_score=0.5).tubes] == [1, 2]
    assert tubes.best(top=0).tubes == ()


def test_what_does_not_agree_is_refused():
    with pytest.raises(ValueError, match="rank 1 is in frames 9 to 10, 0 to 9 were looked at"):
        localization(found(start=9))
    with pytest.raises(ValueError, match="label 1 and action 'run'"):
        localization(ActionTube(1, "run", "person", 0, found(label=1).tube))
    with pytest.raises(ValueError, match="rank 1 follows 1"):
        localization(found(1), found(1))
