import numpy as np
import pytest

from actorsup.datasets import AnnotatedVideos
from actorsup.datasets.formats import DatasetFormat, LabelledVideo, VideoCollection
from actorsup.errors import InputError, StoreError
from actorsup.io import Fingerprint, Proposals, TubeStore
from actorsup.registry import DATASET_FORMATS, DATASETS

from .conftest import CLASSES, MADE_BY, NUM_FRAMES, SIZE, VIDEOS, make_tube

BASKETBALL, BIKING, WITHOUT_TUBES, NOT_ANNOTATED = VIDEOS


def listed(path) -> dict:
    return {"type": "THUMOS13", "split_lists": {"all": path}}


def test_training_samples_hold_labels_and_no_boxes_and_the_annotation_is_not_opened(thumos13, logged_warnings):
    dataset = thumos13.build(ann_file="does_not_exist.pkl")
    logged_warnings.clear()
    samples = [dataset[index] for index in range(len(dataset))]
    assert [sample["video"] for sample in samples] == [BASKETBALL, BIKING, NOT_ANNOTATED]
    assert [sample["labels"] for sample in samples] == dataset.labels == [(0,), (2,), (23,)]
    assert [sample["ground_truth"] for sample in samples] == [()] * 3
    assert dataset.ground_truth(0) == ()
    assert [len(sample["proposals"].tubes) for sample in samples] == [2, 1, 3]


def test_training_leaves_out_videos_without_a_tube_and_says_so_once(thumos13, logged_warnings):
    dataset = thumos13.build()
    (warning,) = logged_warnings
    assert "1 of 4 videos have no tube" in warning
    assert WITHOUT_TUBES in warning
    assert WITHOUT_TUBES not in dict(dataset.videos())
    assert dataset.videos_without_tubes == (WITHOUT_TUBES,)
    logged_warnings.clear()


def test_training_with_true_tubes_has_those_of_testing_and_leaves_out_what_either_does(thumos13, logged_warnings):
    training = thumos13.build(ann_file="pyannot.pkl", true_tubes=True)
    testing = thumos13.build(ann_file="pyannot.pkl", test_mode=True)
    assert "no annotation of 1 of 4 videos" in logged_warnings[0]
    assert "1 of 3 videos have no tube" in logged_warnings[1]
    logged_warnings.clear()
    assert [video for video, _ in training.videos()] == [BASKETBALL, BIKING]
    for index in range(2):
        (tube,), (expected,) = training[index]["ground_truth"], testing[index]["ground_truth"]
        np.testing.assert_array_equal(tube.boxes, expected.boxes)
        assert (tube.start, tube.label) == (expected.start, expected.label)
        np.testing.assert_array_equal(training.ground_truth(index)[0].boxes, tube.boxes)


def test_training_keeps_videos_without_a_proposal_where_true_tubes_are_added(thumos13, logged_warnings):
    pipeline = [*PIPELINE[:2], {"type": "AddTrueTubes"}, *PIPELINE[2:]]
    dataset = thumos13.build(pipeline=pipeline, ann_file="pyannot.pkl", true_tubes=True)
    assert "no annotation of 1 of 4 videos" in logged_warnings.pop()
    assert not logged_warnings
    assert [video for video, _ in dataset.videos()] == [BASKETBALL, BIKING, WITHOUT_TUBES]
    sample = dataset[2]["data_samples"]
    assert (sample.video, len(sample.proposals), sample.labels) == (WITHOUT_TUBES, 1, dataset.labels[2])


def test_testing_keeps_videos_without_a_tube_and_leaves_out_those_without_annotation(thumos13, logged_warnings):
    dataset = thumos13.build(ann_file="pyannot.pkl", test_mode=True)
    (warning,) = logged_warnings
    assert "no annotation of 1 of 4 videos" in warning
    assert NOT_ANNOTATED in warning
    logged_warnings.clear()
    assert [video for video, _ in dataset.videos()] == [BASKETBALL, BIKING, WITHOUT_TUBES]
    assert dataset[2]["proposals"].tubes == ()
    assert len(dataset[2]["ground_truth"]) == 1


@pytest.mark.parametrize("with_proposals", [True, False])
def test_true_tubes_are_in_pixels_of_the_video(thumos13, logged_warnings, with_proposals):
    changes = {} if with_proposals else {"tube_store": None}
    dataset = thumos13.build(ann_file="pyannot.pkl", test_mode=True, **changes)
    logged_warnings.clear()
    (tube,) = dataset.ground_truth(1)
    # 201 101 100 60 at 320x240, in a video of 96x64.
    expected = [200 * 96 / 320, 100 * 64 / 240, 300 * 96 / 320, 160 * 64 / 240]
    np.testing.assert_allclose(tube.boxes[0], expected, rtol=1e-6)
    assert (tube.start, tube.end, tube.label) == (2, 9, 2)
    if with_proposals:
        np.testing.assert_array_equal(dataset[1]["ground_truth"][0].boxes, tube.boxes)


def test_without_proposals_the_list_of_videos_is_there_but_no_sample(thumos13):
    dataset = thumos13.build(tube_store=None)
    assert dataset.videos() == [(name, thumos13.root / "videos" / f"{name}.avi") for name in VIDEOS]
    with pytest.raises(InputError, match="AnnotatedVideos: samples need proposals, set tube_store"):
        dataset[0]


def test_chosen_classes_are_renumbered_in_videos_and_true_tubes(thumos13):
    options = {"tube_store": None, "classes": ["Biking", "Basketball"], "ann_file": "pyannot.pkl"}
    dataset = thumos13.build(test_mode=True, **options)
    assert dataset.metainfo["classes"] == ("Biking", "Basketball")
    assert dataset.labels == [(1,), (0,), (0,)]
    assert [dataset.ground_truth(index)[0].label for index in range(3)] == [1, 0, 0]
    assert thumos13.build(**options).labels == [(1,), (0,), (0,)]


@pytest.mark.parametrize("classes", [["Biking", "Cycling"], ["Biking", "Biking"], []])
def test_classes_that_are_not_different_known_ones_are_an_error(thumos13, classes):
    with pytest.raises(InputError, match="classes must be different ones of Basketball, "):
        thumos13.build(classes=classes)


def test_everything_that_is_missing_is_one_message_with_what_to_do(tmp_path):
    root = tmp_path / "data"
    with pytest.raises(InputError) as raised:
        AnnotatedVideos(root, "pyannot.pkl", listed("test.txt"), tube_store=tmp_path / "tubes", test_mode=True)
    title, *lines = str(raised.value).splitlines()
    assert title == "AnnotatedVideos: files for testing are missing."
    for line, (path, source) in zip(
        lines,
        [
            (root / "test.txt", "of the THUMOS13 release"),
            (root / "pyannot.pkl", "gurkirt/corrected-UCF101-Annots"),
            (root / "videos", "UCF101's home page"),
            (tmp_path / "tubes", "actorsup proposals CONFIG"),
        ],
        strict=True,
    ):
        assert line.startswith(f"  {path}: no ")
        assert source in line


def test_files_are_checked_before_any_is_read(thumos13):
    (thumos13.root / "list.txt").write_text("broken")
    dataset = thumos13.build(lazy_init=True)
    dataset.require_files()
    (thumos13.root / "list.txt").unlink()
    with pytest.raises(InputError, match=r"list\.txt: no such file"):
        dataset.require_files()


def test_single_missing_videos_and_proposals_are_counted_and_named(thumos13):
    (thumos13.root / "videos" / f"{BIKING}.avi").unlink()
    TubeStore(thumos13.root / "tubes").path(BASKETBALL).unlink()
    with pytest.raises(InputError) as raised:
        thumos13.build()
    _, videos, proposals = str(raised.value).splitlines()
    assert f"1 of 4 videos are missing: {BIKING}. There belong" in videos
    assert f"1 of 4 videos have no proposals: {BASKETBALL}. Make them: actorsup proposals" in proposals


def test_only_the_first_of_many_missing_names_are_listed(tmp_path):
    (tmp_path / "videos").mkdir()
    (tmp_path / "list.txt").write_text("".join(f"Biking/v_{index}.avi\n" for index in range(100)))
    with pytest.raises(InputError, match=r"100 of 100 .*: Biking/v_0, .*, Biking/v_4 and others\. There"):
        AnnotatedVideos(tmp_path, format=listed("list.txt"))


def test_skip_uses_the_videos_that_are_there(thumos13, logged_warnings):
    (thumos13.root / "videos" / f"{BASKETBALL}.avi").unlink()
    dataset = thumos13.build(missing_videos="skip")
    assert [video for video, _ in dataset.videos()] == [BIKING, NOT_ANNOTATED]
    logged_warnings.clear()


def test_no_usable_video_is_an_error(thumos13):
    with pytest.raises(InputError, match=r"pyannot\.pkl: none of its videos can be used"):
        thumos13.build(classes=["Diving"])


def test_a_split_without_a_list_is_an_error(thumos13):
    with pytest.raises(InputError, match="split_lists has no split 'val', only all"):
        thumos13.build(split="val")


def test_an_unknown_way_with_missing_videos_is_an_error(thumos13):
    with pytest.raises(InputError, match="'error' or 'skip', got 'ignore'"):
        thumos13.build(missing_videos="ignore")


def test_proposals_of_another_configuration_are_an_error(thumos13):
    store = {"folder": str(thumos13.root / "tubes"), "made_by": {"linker": {"type": "ViterbiLinker"}}}
    with pytest.raises(StoreError, match=r"linker\.type: SiameseLinker there, ViterbiLinker here"):
        thumos13.build(tube_store=store)


@pytest.mark.parametrize("as_mapping", [True, False])
def test_without_made_by_any_proposals_are_taken(thumos13, logged_warnings, as_mapping):
    folder = str(thumos13.root / "tubes")
    assert len(thumos13.build(tube_store={"folder": folder} if as_mapping else folder)) == 3
    logged_warnings.clear()


@pytest.mark.parametrize("store", [{"made_by": MADE_BY}, {"folder": "tubes", "madeby": MADE_BY}])
def test_an_unknown_option_of_the_tube_store_is_an_error(thumos13, store):
    with pytest.raises(InputError, match="tube_store must be a folder or dict"):
        thumos13.build(tube_store=store)


def test_an_unknown_option_of_the_dataset_is_an_error(thumos13):
    with pytest.raises(TypeError, match="splits"):
        thumos13.build(splits="train")


def test_a_format_of_ones_own_says_only_how_its_files_are_read(thumos13):
    @DATASET_FORMATS.register_module()
    class Own(DatasetFormat):
        def load(self, splits, with_tubes):
            assert not with_tubes  # training reads no true tube
            return VideoCollection("own", ("Biking",), (LabelledVideo(BIKING, "train", (0,)),))

    try:
        dataset = thumos13.build(format={"type": "Own"}, ann_file="list.txt")
    finally:
        DATASET_FORMATS.module_dict.pop("Own")
    assert dataset[0]["video"] == BIKING
    with pytest.raises(TypeError, match="abstract"):
        DatasetFormat("list.txt")


def test_training_reads_no_box_of_the_proposals_before_their_video_is_asked_for(thumos13, logged_warnings, monkeypatch):
    def refused(self, arrays):
        raise ValueError("read before it was asked for")

    monkeypatch.setattr(TubeStore, "_from_arrays", refused)
    dataset = thumos13.build()
    assert dataset.videos_without_tubes == (WITHOUT_TUBES,)
    logged_warnings.clear()
    testing = thumos13.build(test_mode=True)
    logged_warnings.clear()
    assert len(testing.ground_truth(0)) == 1
    with pytest.raises(StoreError, match="before it was asked for"):
        dataset[0]


def test_a_subset_keeps_files_labels_and_true_tubes_together(thumos13, logged_warnings):
    dataset = thumos13.build(ann_file="pyannot.pkl", test_mode=True)
    logged_warnings.clear()
    subset = dataset.get_subset([1])
    assert subset.videos() == dataset.videos()[1:2]
    np.testing.assert_array_equal(subset.ground_truth(0)[0].boxes, dataset.ground_truth(1)[0].boxes)


PIPELINE = [
    {"type": "SampleFrames", "num_frames": 4},
    {"type": "DecodeFrames"},
    {"type": "AttachTubes", "max_tubes": 2},
    {"type": "ResizeFrames", "size": (48, 48)},
    {"type": "FlipFrames"},
    {"type": "PackVideo"},
]


def test_the_whole_pipeline_gives_a_video_sample(thumos13, logged_warnings):
    dataset = DATASETS.build({"type": "AnnotatedVideos", **thumos13.options(pipeline=PIPELINE)})
    logged_warnings.clear()
    packed = dataset[2]
    sample = packed["data_samples"]
    assert packed["inputs"].shape == (4, 3, 48, 48)
    assert (sample.video, sample.labels) == (NOT_ANNOTATED, (CLASSES.index("WalkingWithDog"),))
    assert sample.tubes.shape == (2, 4, 4)
    assert len(sample.proposals) == 2


def test_with_true_tubes_the_pipeline_labels_the_tubes_that_are_attached(thumos13, logged_warnings):
    pipeline = [*PIPELINE[:3], {"type": "LabelTubes", "min_overlap": 0.1}, *PIPELINE[3:]]
    dataset = thumos13.build(pipeline=pipeline, ann_file="pyannot.pkl", true_tubes=True)
    logged_warnings.clear()
    # Proposals lie at 10 20 30 60, the true tube at 60 27 90 43.
    assert dataset[0]["data_samples"].tube_labels.tolist() == [-1, -1]
    tubes = (make_tube(0, NUM_FRAMES), *dataset.ground_truth(1))
    TubeStore(thumos13.root / "tubes", Fingerprint(MADE_BY)).save(BIKING, Proposals(tubes, NUM_FRAMES, SIZE))
    assert dataset[1]["data_samples"].tube_labels.tolist() == [-1, CLASSES.index("Biking")]


def test_an_unreadable_video_in_training_is_an_error_that_names_the_file(thumos13, logged_warnings):
    dataset = thumos13.build(pipeline=PIPELINE)
    logged_warnings.clear()
    path = thumos13.root / "videos" / f"{BASKETBALL}.avi"
    path.write_bytes(b"no video")
    with pytest.raises(InputError, match=str(path)):
        dataset[0]


def test_the_six_real_clips_have_true_tubes_inside_their_frames(data_root):
    dataset = AnnotatedVideos(
        data_root / "thumos13",
        format=listed("splits/all_videos.txt"),
        video_prefix="clips",
        missing_videos="skip",
        test_mode=True,
    )
    tubes = {video: dataset.ground_truth(index) for index, (video, _) in enumerate(dataset.videos())}
    assert (len(tubes), sum(map(len, tubes.values()))) == (6, 12)
    # Five of them are copies of 340x256 of the 320x240 that were annotated.
    boxes = np.concatenate([tube.boxes for video in tubes.values() for tube in video])
    assert boxes.min() >= 0
    assert (boxes.max(axis=0)[2:] <= [340, 256]).all()
    assert boxes[:, 2].max() > 320


def test_the_thirteen_real_videos_without_annotation_are_named(data_root, tmp_path, logged_warnings):
    root = data_root / "thumos13"
    for line in (root / "splits" / "all_videos.txt").read_text().splitlines():
        path = tmp_path / "videos" / line.split()[0]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    dataset = AnnotatedVideos(
        tmp_path, root / "pyannot.pkl", listed(root / "splits" / "all_videos.txt"), test_mode=True
    )
    (warning,) = logged_warnings
    assert "13 of 3207 videos" in warning
    assert len(warning.split(": ")[-1].split(", ")) == 13
    assert "LongJump/v_LongJump_g07_c04" in warning
    assert len(dataset) == 3194
    logged_warnings.clear()
