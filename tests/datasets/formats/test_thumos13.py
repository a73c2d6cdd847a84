import pytest

from actorsup.datasets.formats import THUMOS13, VideoCollection, VideosFile, write_videos_file
from actorsup.errors import InputError

from ..conftest import pyannot_entry, write_pickle

BIKING = "Biking/v_Biking_g0{}_c01"


def convert_thumos13(annotation, train_list, test_list) -> VideoCollection:
    return THUMOS13(annotation, split_lists={"train": train_list, "test": test_list}).read()


def test_what_is_listed_is_there_and_what_is_not_is_named(tmp_path):
    annotation = {BIKING.format(number): pyannot_entry(2) for number in (1, 2, 9)}
    write_pickle(tmp_path / "a.pkl", annotation)
    (tmp_path / "train.txt").write_text(f"{BIKING.format(1)}.avi 3\n{BIKING.format(3)}.avi 3\n")
    (tmp_path / "test.txt").write_text(f"{BIKING.format(2)}.avi\n")
    collection = convert_thumos13(tmp_path / "a.pkl", tmp_path / "train.txt", tmp_path / "test.txt")
    videos = collection.videos
    assert [(video.video, video.split, video.labels) for video in videos] == [
        (BIKING.format(1), "train", (2,)),
        (BIKING.format(3), "train", (2,)),
        (BIKING.format(2), "test", (2,)),
    ]
    assert (len(videos[0].tubes), videos[1].tubes, videos[0].size) == (1, None, (320, 240))
    assert collection.notes == (
        f"1 videos have no annotation in {tmp_path / 'a.pkl'}: {BIKING.format(3)}",
        f"1 annotated videos are in no list and left out: {BIKING.format(9)}",
    )
    with pytest.raises(InputError, match=rf"video {BIKING.format(1)} is in the list of 'train' too"):
        convert_thumos13(tmp_path / "a.pkl", tmp_path / "train.txt", tmp_path / "train.txt")


@pytest.mark.parametrize(
    ("name", "num_annotated", "num_tubes", "num_test_tubes"),
    [("pyannot.pkl", (2284, 910), 4458, 1315), ("finalAnnots.mat", (2284, 910), 4458, 1315)],
)
def test_the_real_dataset_has_its_published_numbers(
    data_root, tmp_path, name, num_annotated, num_tubes, num_test_tubes
):
    root = data_root / "thumos13"
    lists = (root / "splits" / "trainlist01.txt", root / "splits" / "testlist01.txt")
    converted = convert_thumos13(root / name, *lists)
    write_videos_file(tmp_path / "a.json.gz", converted)
    collection = VideosFile(tmp_path / "a.json.gz").read()
    assert (collection.splits, len(collection.classes)) == (("train", "test"), 24)
    by_split = {split: [video for video in collection.videos if video.split == split] for split in collection.splits}
    assert [len(by_split[split]) for split in ("train", "test")] == [2293, 914]
    assert tuple(sum(video.tubes is not None for video in videos) for videos in by_split.values()) == num_annotated
    assert sum(len(video.tubes or ()) for video in collection.videos) == num_tubes
    assert sum(len(video.tubes or ()) for video in by_split["test"]) == num_test_tubes
    (note,) = converted.notes
    assert note.startswith("13 videos have no annotation")
    assert note.count("/v_") == 13
