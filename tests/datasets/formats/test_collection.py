"""What a collection says of videos of several classes and of none, and how it chooses among them."""

import pytest

from actorsup.datasets.formats import LabelledVideo, VideoCollection
from actorsup.datasets.formats.reading import tube_of_frames

CLASSES = ("walk", "jump", "run")
BOX = [[0, 0, 9, 9]]


def video(name: str, labels, tubes=None, split="train") -> LabelledVideo:
    """A video of these labels; ``tubes`` are the labels of its true tubes, None where it is not annotated."""
    marked = tubes if tubes is None else tuple(tube_of_frames([0], BOX, label) for label in tubes)
    return LabelledVideo(name, split, labels, 9, (32, 24), marked)


COLLECTION = VideoCollection(
    "mixed",
    CLASSES,
    (
        video("a", (0,)),
        video("b", (0, 2), [0, 2, 2]),
        video("c", (), []),
        video("d", (1,), [1], split="test"),
        video("e", (1, 2), [1, 2], split="test"),
        video("f", (), split="test"),
    ),
    class_actors=("cat", "dog", "cow"),
)


def test_a_video_is_counted_for_each_of_its_classes_and_once_in_all():
    rows = {row.pop("class"): list(row.items()) for row in COLLECTION.counts()}
    keys = [f"{split}: {what}" for split in ("train", "test") for what in ("videos", "annotated", "tubes")]
    assert rows == {
        "walk": list(zip(keys, [2, 1, 1, 0, 0, 0], strict=True)),
        "jump": list(zip(keys, [0, 0, 0, 2, 2, 2], strict=True)),
        "run": list(zip(keys, [1, 1, 2, 1, 1, 1], strict=True)),
        "all": list(zip(keys, [3, 2, 3, 3, 2, 3], strict=True)),
    }


def test_chosen_classes_keep_videos_of_any_of_them_and_of_none():
    chosen = COLLECTION.with_classes(["run", "walk"])
    assert (chosen.classes, chosen.class_actors) == (("run", "walk"), ("cow", "cat"))
    assert {one.video: one.labels for one in chosen.videos} == {"a": (1,), "b": (0, 1), "c": (), "e": (0,), "f": ()}
    tubes = {one.video: one.tubes and [tube.label for tube in one.tubes] for one in chosen.videos}
    assert tubes == {"a": None, "b": [1, 0, 0], "c": (), "e": [0], "f": None}
    assert [one.video for one in COLLECTION.with_classes(["jump"]).videos] == ["c", "d", "e", "f"]


def remarks(*videos: LabelledVideo) -> list[str]:
    """Without those about splits."""
    return [text for text in VideoCollection("x", CLASSES, videos).remarks() if "split" not in text]


def test_videos_of_several_classes_and_of_none_are_remarked():
    assert [text for text in COLLECTION.remarks() if "split" not in text] == [
        "2 videos show several classes; heads of one softmax need multi_label=True: b, e",
        "2 videos show none of the classes; heads of one softmax need multi_label=True: c, f",
    ]
    assert remarks(video("a", (0,)), video("b", (2,), [2, 2])) == []


@pytest.mark.parametrize(
    ("labels", "tubes", "strange"), [((0,), [0, 1, 2], 2), ((0, 1), [0, 1, 2], 1), ((0, 1), [0], 0), ((), [], 0)]
)
def test_tubes_of_classes_that_are_no_label_of_their_video_are_remarked(labels, tubes, strange):
    said = [text for text in remarks(video("a", labels, tubes)) if "training learns" in text]
    assert said == [
        f"1 videos have tubes, {strange} in all, of classes that are not among their labels; training learns from the "
        "labels: a"
    ] * bool(strange)
