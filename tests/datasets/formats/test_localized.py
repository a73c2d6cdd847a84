import numpy as np
import pytest

from actorsup.datasets.formats import Localized
from actorsup.errors import InputError
from actorsup.io.localizations import save_localization
from actorsup.structures import ActionTube, Localization, Tube

CLASSES = ("run", "jump")


def found(video: str, *scores: float, start: int = 0, classes: tuple[str, ...] = CLASSES) -> Localization:
    """Tubes of the classes in turn."""
    tubes = [
        ActionTube(
            rank, classes[rank % 2], "person", 3, Tube(start + 2, [[1, 2, 3, 4]] * 2, [0.7, 0.1], score, rank % 2)
        )
        for rank, score in enumerate(scores, start=1)
    ]
    return Localization(video, start, 10, (64, 48), classes, tubes)


def test_what_was_found_is_an_annotation(tmp_path):
    save_localization(tmp_path / "a.json", found("a", 0.9, 0.5, 0.1))
    save_localization(tmp_path / "walk" / "b.json", found("b", 0.1))
    collection = Localized(tmp_path, min_score=0.3, split="test").read()
    assert (collection.classes, collection.splits) == (CLASSES, ("test",))
    first, second = collection.videos
    assert (first.video, first.labels, first.num_frames, first.size) == ("a", (0, 1), 10, (64, 48))
    assert [(tube.start, tube.label, tube.score, tube.annotated) for tube in first.tubes] == [
        (2, 1, 1.0, None),
        (2, 0, 1.0, None),
    ]
    np.testing.assert_array_equal(first.tubes[0].scores, [1, 1])
    assert (second.video, second.labels, second.tubes) == ("walk/b", (), ())


def test_one_file_is_enough_and_classes_of_several_models_are_joined(tmp_path):
    save_localization(tmp_path / "a.json", found("a", 0.9))
    assert [video.video for video in Localized(tmp_path / "a.json").read().videos] == ["a"]
    save_localization(tmp_path / "b.json", found("b", 0.9, classes=("jump", "sit")))
    collection = Localized(tmp_path).read()
    assert collection.classes == ("run", "jump", "sit")
    assert [video.labels for video in collection.videos] == [(1,), (2,)]


def test_what_is_no_localization_of_a_whole_video_is_named(tmp_path):
    with pytest.raises(InputError, match=r"holds no \.json of `actorsup localize`"):
        Localized(tmp_path).read()
    save_localization(tmp_path / "a.json", found("a", 0.9, start=64))
    with pytest.raises(InputError, match=r"a\.json: begins at frame 64 of a stream"):
        Localized(tmp_path).read()
    save_localization(tmp_path / "a.json", found("a", 0.9))
    save_localization(tmp_path / "b.json", found("a", 0.9))
    with pytest.raises(InputError, match=r"b\.json: video a: was there before"):
        Localized(tmp_path).read()
    (tmp_path / "b.json").write_text("{}")
    with pytest.raises(InputError, match=r"b\.json: not a localization as `actorsup localize` writes them"):
        Localized(tmp_path).read()
