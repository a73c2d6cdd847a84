import io
import zipfile

import numpy as np
import pytest
import torch

from actorsup.errors import StoreError
from actorsup.io import DetectionStore, FeatureStore, Fingerprint, Proposals, TubeStore
from actorsup.structures import Detections, Tube, VideoSample

SETTINGS = Fingerprint.of(detector={"type": "A", "threshold": 0.1}, linker={"type": "B"})


def proposals() -> Proposals:
    first = Tube(0, [[0, 0, 1, 1], [0, 0, 2, 2]], [0.5, 0.25], 0.5, 1)
    second = Tube(1, [[3, 3, 5, 5]], [0.75], 0.75, 0)
    return Proposals((first, second), num_frames=2, size=(320, 240))


@pytest.fixture
def store(tmp_path):
    result = TubeStore(tmp_path / "tubes", SETTINGS)
    result.create()
    return result


def test_tubes_come_back_as_they_were_saved(store):
    store.save("Class/v_1.5", proposals())
    loaded = store.load("Class/v_1.5")
    assert (loaded.num_frames, loaded.size) == (2, (320, 240))
    for before, after in zip(proposals().tubes, loaded.tubes, strict=True):
        assert (before.start, before.score, before.label) == (after.start, after.score, after.label)
        np.testing.assert_array_equal(before.boxes, after.boxes)
        np.testing.assert_array_equal(before.scores, after.scores)
    assert store.videos() == ["Class/v_1.5"]
    assert "Class/v_1.5" in store
    assert "Class/v_2" not in store


def test_a_video_without_tubes_is_kept_as_such(store):
    store.save("empty", Proposals((), 10, (4, 3)))
    assert store.load("empty").tubes == ()


def test_detections_come_back_frame_by_frame(tmp_path):
    store = DetectionStore(tmp_path, SETTINGS)
    store.create()
    frames = [Detections([[0, 0, 1, 1], [1, 1, 2, 2]], [0.5, 0.25], [0, 1]), Detections.empty()]
    store.save("video", frames)
    loaded = store.load("video")
    assert [len(found) for found in loaded] == [2, 0]
    np.testing.assert_array_equal(loaded[0].boxes, frames[0].boxes)


def test_saving_twice_gives_the_same_bytes(store):
    store.save("a", proposals())
    store.save("b", proposals())
    assert store.path("a").read_bytes() == store.path("b").read_bytes()


def test_files_say_nothing_of_when_they_were_written(store):
    store.save("video", proposals())
    with zipfile.ZipFile(store.path("video")) as archive:
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_an_empty_store_belongs_to_no_configuration(store):
    other = TubeStore(store.folder, Fingerprint.of(detector={"type": "C"}))
    other.create()
    assert TubeStore(store.folder, other.fingerprint).exists
    other.save("video", proposals())
    with pytest.raises(StoreError, match="another configuration"):
        TubeStore(store.folder, SETTINGS)


def test_a_disk_that_cannot_be_written_is_named_and_leaves_nothing(store, monkeypatch):
    def full(file, **arrays):
        file.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez_compressed", full)
    with pytest.raises(StoreError, match=r"video\.npz: cannot be written: .*No space"):
        store.save("video", proposals())
    assert not list(store.folder.glob("**/*.tmp"))


def test_only_settings_that_name_files_are_taken_for_files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "person").write_text("a file")
    assert Fingerprint.of(detector={"actors": ["person"]}).made_by["detector"] == {"actors": ["person"]}


def test_a_config_counts_with_the_files_that_it_is_based_on(tmp_path):
    (tmp_path / "base.py").write_text("threshold = 1")
    (tmp_path / "config.py").write_text("_base_ = 'base.py'")
    before = Fingerprint.of(config=str(tmp_path / "config.py"))
    (tmp_path / "base.py").write_text("threshold = 2")
    assert Fingerprint.of(config=str(tmp_path / "config.py")).differences(before)


def test_another_configuration_is_an_error_that_names_the_difference(store):
    store.save("video", proposals())
    other = Fingerprint.of(detector={"type": "A", "threshold": 0.2}, linker={"type": "B"})
    with pytest.raises(StoreError, match=r"detector\.threshold: 0\.1 there, 0\.2 here"):
        TubeStore(store.folder, other)
    assert TubeStore(store.folder).exists  # without a fingerprint any store can be read


def test_settings_that_do_not_change_the_result_do_not_count(store):
    same = Fingerprint.of(
        detector={"type": "A", "threshold": 0.1, "device": "cuda", "batch_size": 64}, linker={"type": "B"}
    )
    assert TubeStore(store.folder, same).exists


def test_a_file_counts_by_its_content_wherever_it_lies(tmp_path):
    for folder, content in [("here", "1"), ("there", "1"), ("changed", "2")]:
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "weights.pth").write_text(content)
    here, there, changed, absent = (
        Fingerprint.of(checkpoint=str(tmp_path / name / "weights.pth"))
        for name in ("here", "there", "changed", "absent")
    )
    assert here.differences(there) == []
    assert "sha256" in here.differences(changed)[0]
    assert absent.differences(here) == []  # not on this machine: the name alone is compared
    assert here.differences(absent) != []


def test_a_checkpoint_overwritten_by_the_same_process_is_another_one(tmp_path):
    weights = tmp_path / "weights.pth"
    weights.write_text("1")
    before = Fingerprint.of(checkpoint=str(weights))
    weights.write_text("2")
    assert Fingerprint.of(checkpoint=str(weights)).differences(before)


@pytest.mark.parametrize("file", ["backbone", "head"])
def test_the_files_of_an_opencv_tracker_count_by_their_content(tmp_path, file):
    files = {name: tmp_path / f"{name}.onnx" for name in ("backbone", "head")}
    for path in files.values():
        path.write_text("1")
    settings = {"type": "OpenCVTracker", "kind": "Nano", **{name: str(path) for name, path in files.items()}}
    before = Fingerprint.of(linker={"type": "SiameseLinker", "tracker": settings})
    files[file].write_text("2")
    (difference,) = Fingerprint.of(linker={"type": "SiameseLinker", "tracker": settings}).differences(before)
    assert difference.startswith(f"linker.tracker.{file}: {file}.onnx sha256:")


def test_files_count_whatever_the_setting_of_a_users_own_part_is_called(tmp_path):
    (tmp_path / "a.bin").write_text("1")
    (tmp_path / "script.py").write_text("raise SystemExit  # no config: it is not run")
    settings = {"ensemble": [str(tmp_path / "a.bin")], "script": tmp_path / "script.py", "prompt": "a person. " * 100}
    before = Fingerprint.of(detector=settings)
    assert before.made_by["detector"]["prompt"] == settings["prompt"]
    (tmp_path / "a.bin").write_text("2")
    assert len(Fingerprint.of(detector=settings).differences(before)) == 1


def test_nothing_half_written_appears_under_its_final_name(store, monkeypatch):
    def interrupted(file, **arrays):
        file.write(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(np, "savez_compressed", interrupted)
    with pytest.raises(KeyboardInterrupt):
        store.save("video", proposals())
    assert "video" not in store
    assert store.videos() == []
    store.create()
    assert not list(store.folder.glob("**/*.tmp"))


def test_a_damaged_file_is_named_with_the_remedy(store):
    store.save("video", proposals())
    store.path("video").write_bytes(store.path("video").read_bytes()[:100])
    with pytest.raises(StoreError, match=r"video\.npz: damaged .* delete it"):
        store.load("video")


def test_a_missing_video_names_the_command_that_makes_it(store):
    with pytest.raises(StoreError, match="make them with `actorsup proposals`"):
        store.load("absent")


def test_manifests_that_are_none_are_refused(tmp_path, store):
    with pytest.raises(StoreError, match="a store of tubes, expected detections"):
        DetectionStore(store.folder)
    (store.folder / "manifest.json").write_text("{")
    with pytest.raises(StoreError, match="not a manifest"):
        TubeStore(store.folder)
    (store.folder / "manifest.json").unlink()
    (store.folder / "video.npz").touch()
    with pytest.raises(StoreError, match=r"no manifest\.json"):
        TubeStore(store.folder)


def test_a_store_is_created_before_it_is_written(tmp_path):
    with pytest.raises(ValueError, match="create"):
        TubeStore(tmp_path / "new", SETTINGS).save("video", proposals())
    with pytest.raises(ValueError, match="fingerprint"):
        TubeStore(tmp_path / "new").create()


@pytest.mark.parametrize("name", ["", ".", "/etc/passwd", "../outside", "a/../../b", "a//b", "./a", "a/", "a\0b"])
def test_names_that_leave_the_folder_are_refused(store, name):
    with pytest.raises(ValueError, match="relative path"):
        store.path(name)


def test_a_tube_longer_than_its_video_is_refused():
    with pytest.raises(ValueError, match="ends at frame 2, the video has 1"):
        Proposals(proposals().tubes, 1, (320, 240))


def test_one_run_at_a_time_writes_a_store(tmp_path):
    """Otherwise the second would remove the first one's temporary files, or begin the store with other settings."""
    first, second = (TubeStore(tmp_path, SETTINGS) for _ in range(2))
    with first.claimed():
        with pytest.raises(StoreError, match="another run is writing these tubes; wait until it has ended"):
            second.claimed().__enter__()
        with second.claimed(begin=False):  # of the same run
            first.save("video", proposals())
    with second.claimed():
        assert second.videos() == ["video"]


def test_a_store_that_another_run_began_meanwhile_is_refused(tmp_path):
    other = TubeStore(tmp_path, Fingerprint.of(detector={"type": "B"}))
    with (store := TubeStore(tmp_path, SETTINGS)).claimed():
        store.save("video", proposals())
    with pytest.raises(StoreError, match=r"detector\.type: A there, B here"):
        other.claimed().__enter__()


def test_a_video_in_a_folder_that_is_named_like_a_file_of_the_store_is_one_video(store):
    for video in ("a.npz/b", "a.tmp/b"):
        store.save(video, proposals())
    store.create()
    assert store.videos() == ["a.npz/b", "a.tmp/b"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("starts", np.array([0.5, 1.0])),
        ("lengths", np.array([2, -1])),
        ("lengths", np.array([1, 1])),
        ("lengths", np.array([2**62, 2**62])),
        ("labels", np.array([0, -1])),
        ("boxes", np.zeros((3, 5), np.float32)),
        ("box_scores", np.array(["0.5"] * 3)),
        ("tube_scores", np.array([0.5])),
        ("num_frames", np.array(0)),
        ("size", np.array([320, 240, 3])),
        ("size", np.array([320, -240])),
        ("starts", np.array([None, None])),
    ],
)
def test_arrays_that_do_not_fit_together_are_a_damaged_file(store, name, value):
    np.savez_compressed(store.path("video"), **{**store._to_arrays(proposals()), name: value})
    with pytest.raises(StoreError, match=r"video\.npz: damaged"):
        store.load("video")


def test_no_memory_is_taken_for_what_is_announced_alone(store, monkeypatch):
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<f4", "fortran_order": False, "shape": (2**40, 4)})
    store.save("video", proposals())
    with zipfile.ZipFile(store.path("other"), "w") as archive, zipfile.ZipFile(store.path("video")) as good:
        for name in good.namelist():
            archive.writestr(name, header.getvalue() if name == "boxes.npy" else good.read(name))
    with pytest.raises(StoreError, match=r"expected numbers of shape \(3, 4\) as 'boxes'"):
        store.load("other")
    monkeypatch.setattr("actorsup.io.store.MAX_BYTES", 100)
    with pytest.raises(StoreError, match="would take more than"):
        store.load("video")
    with pytest.raises(StoreError, match="divide the video"):
        store.save("again", proposals())


def test_a_store_takes_nothing_else_for_a_manifest(store):
    for text in ('{"content": "tubes", "made_by": []}', "[" * 100_000, '{"content": "tubes", "content": "tubes"}'):
        (store.folder / "manifest.json").write_text(text)
        with pytest.raises(StoreError, match=r"manifest\.json: not a manifest"):
            TubeStore(store.folder)


def test_an_empty_setting_is_another_one_than_none(store):
    store.save("video", proposals())
    other = Fingerprint({**SETTINGS.made_by, "tracker": {}})
    with pytest.raises(StoreError, match=r"tracker: absent there, \{\} here"):
        TubeStore(store.folder, other)


@pytest.fixture
def features(tmp_path):
    result = FeatureStore(tmp_path / "features", SETTINGS)
    result.create()
    return result


def sample(tube_labels=(3, -1), largest=2.0) -> VideoSample:
    return VideoSample(
        video="Class/v_1",
        frame_indices=np.array([0, 0, 1]),
        tubes=torch.arange(24.0).reshape(2, 3, 4),
        frame_mask=torch.tensor([[True, True, True], [False, False, True]]),
        labels=(1,),
        proposals=proposals().tubes,
        ground_truth=proposals().tubes[:1],
        tube_labels=None if tube_labels is None else torch.tensor(tube_labels),
        frame_features=torch.linspace(-1, largest, 2 * 3 * 4 * 2).reshape(2, 3, 4, 2, 1),
    )


@pytest.mark.parametrize("tube_labels", [(3, -1), None])
def test_features_come_back_in_half_precision_without_what_the_dataset_knows(features, tube_labels):
    before = sample(tube_labels)
    features.save(features.entry("Class/v_1", 2), before)
    assert features.videos() == ["draw_2/Class/v_1"]
    assert features.num_bytes(features.videos()) == features.path("draw_2/Class/v_1").stat().st_size > 0
    after = features.load(features.entry("Class/v_1", 2))
    assert (after.video, after.labels, after.ground_truth) == ("Class/v_1", None, ())
    assert torch.equal(after.frame_features, before.frame_features.half())
    for name in ("tubes", "frame_mask") + (("tube_labels",) if tube_labels else ()):
        assert torch.equal(getattr(after, name), getattr(before, name))
    assert tube_labels or after.tube_labels is None
    assert after.frame_indices.tolist() == [0, 0, 1]
    for ours, theirs in zip(after.proposals, before.proposals, strict=True):
        assert (ours.start, ours.score, ours.label) == (theirs.start, theirs.score, theirs.label)
        np.testing.assert_array_equal(ours.boxes, theirs.boxes)


def test_features_that_half_precision_does_not_hold_are_refused(features):
    with pytest.raises(StoreError, match=r"Class/v_1: its features reach 70000, and half precision ends at 65504"):
        features.save("draw_0/Class/v_1", sample(largest=7e4))
    assert features.videos() == []


def test_features_have_a_command_and_a_setting_of_their_own(features):
    with pytest.raises(StoreError, match=r"no features of this video; make them with `actorsup extract-features"):
        features.load("draw_0/absent")
    with features.claimed(), pytest.raises(StoreError, match=r"give this run another features\.root"):
        FeatureStore(features.folder, SETTINGS).claimed().__enter__()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("frame_features", np.zeros((2, 3, 4, 2), np.float16)),
        ("frame_features", np.zeros((1, 3, 4, 2, 1), np.float16)),
        ("frame_mask", np.zeros((2, 3), np.float32)),
        ("tubes", np.zeros((2, 4, 4), np.float32)),
        ("tube_labels", np.zeros(3, np.int64)),
        ("frame_mask", np.zeros((2, 3), bool)),
    ],
)
def test_features_that_do_not_fit_their_tubes_are_a_damaged_file(features, name, value):
    path = features.path("draw_0/v")
    path.parent.mkdir()
    np.savez(path, **{**features._to_arrays(sample()), name: value})
    with pytest.raises(StoreError, match=r"v\.npz: damaged .* delete it and run `actorsup extract-features"):
        features.load("draw_0/v")
