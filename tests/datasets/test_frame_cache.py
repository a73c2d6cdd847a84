import multiprocessing
import os
import shutil

import numpy as np
import pytest

from actorsup.datasets import AnnotatedVideos, FrameCache, ReadCachedFrames
from actorsup.datasets.transforms import AttachTubes, DecodeFrames, ResizeFrames
from actorsup.errors import InputError, VideoError
from actorsup.io import Proposals
from actorsup.io.video_file import PyAVReader
from actorsup.registry import VIDEO_READERS
from tests.conftest import moving_square, write_video
from tests.datasets.conftest import make_tube

SIZE = (96, 64)
NUM_FRAMES = 5


@VIDEO_READERS.register_module()
class CountingReader(PyAVReader):
    """Counts how often a video is decoded."""

    decoded: list = []  # noqa: RUF012

    def __iter__(self):
        self.decoded.append("all")
        return super().__iter__()

    def frames_at(self, indices):
        self.decoded.append("some")
        return super().frames_at(indices)


@pytest.fixture(autouse=True)
def decoded():
    CountingReader.decoded.clear()
    return CountingReader.decoded


@pytest.fixture
def video(tmp_path):
    return write_video(tmp_path / "video.avi", moving_square(NUM_FRAMES, SIZE))


def results(path, indices=(0, 3, 3), size=SIZE, num_frames=NUM_FRAMES) -> dict:
    tubes = (make_tube(0, num_frames), make_tube(2, num_frames - 2))
    proposals = Proposals(tubes, num_frames, size)
    indices = np.array(indices)
    given = {"path": str(path), "reader": {"type": "CountingReader"}, "proposals": proposals, "frame_indices": indices}
    return AttachTubes()(given)


def decoded_and_resized(given: dict, size) -> dict:
    return ResizeFrames(size)(DecodeFrames()(given))


def step(tmp_path, size=(48, 40), **settings) -> ReadCachedFrames:
    return ReadCachedFrames(size, tmp_path / "cache", **settings)


@pytest.mark.parametrize("size", [(48, 40), SIZE, (200, 100), (48, 100)])
def test_frames_and_tubes_are_those_of_decoding_and_resizing_and_decoded_once(video, tmp_path, size, decoded):
    cached = step(tmp_path, size)
    for indices in [(0, 3, 3), (1, 2, 4), (4, 4, 4)]:
        given = results(video, indices)
        expected = decoded_and_resized(given, size)
        decoded.clear()
        found = cached(given)
        np.testing.assert_array_equal(found["frames"], expected["frames"])
        np.testing.assert_array_equal(found["tubes"], expected["tubes"])
        assert found["frames"].dtype == np.uint8
        assert decoded == (["all"] if indices[0] == 0 else [])
    assert step(tmp_path, size)(given)["frames"].tobytes() == expected["frames"].tobytes()
    assert decoded == []


def test_a_folder_of_frames_is_a_video_too(tmp_path):
    import cv2

    folder = tmp_path / "frames"
    folder.mkdir()
    for index, frame in enumerate(moving_square(NUM_FRAMES, SIZE)):
        cv2.imwrite(str(folder / f"{index:03d}.png"), frame[..., ::-1])
    given = {**results(folder), "reader": None}
    first = step(tmp_path)(given)["frames"]
    np.testing.assert_array_equal(first, decoded_and_resized(given, (48, 40))["frames"])
    os.utime(folder / "003.png", (0, 0))
    cv2.imwrite(str(folder / "003.png"), np.zeros((64, 96, 3), np.uint8))
    assert not step(tmp_path)(given)["frames"][1].any()


@pytest.mark.parametrize("same_look", [False, True])
def test_a_video_that_was_replaced_is_decoded_again_and_its_old_frames_go(video, tmp_path, same_look):
    step(tmp_path)(results(video))
    before, content = video.stat(), video.read_bytes()
    write_video(video, moving_square(NUM_FRAMES, SIZE)[::-1].copy())
    if same_look:  # of size and time, as if unpacked from an archive
        padded = video.read_bytes()[: len(content)]
        video.write_bytes(padded + bytes(len(content) - len(padded)))
        os.utime(video, ns=(before.st_atime_ns, before.st_mtime_ns))
    given = results(video)
    np.testing.assert_array_equal(step(tmp_path)(given)["frames"], decoded_and_resized(given, (48, 40))["frames"])
    assert len(list((tmp_path / "cache").glob("*.rgb"))) == 1


def test_other_sizes_readers_and_proposals_are_kept_apart(video, tmp_path, decoded):
    step(tmp_path)(results(video))
    step(tmp_path, (40, 48))(results(video))
    assert decoded == ["all", "all"]
    step(tmp_path)({**results(video), "reader": None})
    assert len(list((tmp_path / "cache").glob("*.rgb"))) == 3
    given = results(video, num_frames=4)
    np.testing.assert_array_equal(step(tmp_path)(given)["frames"], decoded_and_resized(given, (48, 40))["frames"])


def test_the_folder_stays_within_its_bound_and_what_has_no_room_is_decoded(tmp_path, logged_warnings, decoded):
    one = NUM_FRAMES * 48 * 40 * 3
    cached = step(tmp_path, max_gigabytes=2.5 * one / 1e9)
    videos = [write_video(tmp_path / f"{name}.avi", moving_square(NUM_FRAMES, SIZE)) for name in "abcd"]
    for _ in range(2):
        for video in videos:
            given = results(video)
            np.testing.assert_array_equal(cached(given)["frames"], decoded_and_resized(given, (48, 40))["frames"])
    files = list((tmp_path / "cache").iterdir())
    assert sum(file.stat().st_size for file in files) == 2 * one
    (warning,) = logged_warnings
    assert "at most 7.2e-05 GB of frames: other videos are decoded every time" in warning
    logged_warnings.clear()
    decoded.clear()
    cached(results(videos[3]))
    assert decoded == ["some"]


def test_a_shorter_video_still_has_the_room_that_a_longer_one_has_not(tmp_path, logged_warnings):
    cached = step(tmp_path, max_gigabytes=NUM_FRAMES * 48 * 40 * 3 / 1e9)
    long = write_video(tmp_path / "long.avi", moving_square(9, SIZE))
    short = write_video(tmp_path / "short.avi", moving_square(NUM_FRAMES, SIZE))
    cached(results(long, num_frames=9))
    cached(results(short))
    assert len(list((tmp_path / "cache").glob("*.rgb"))) == 1
    logged_warnings.clear()


@pytest.mark.parametrize("damage", ["short", "empty"])
def test_a_file_that_is_not_whole_is_told_of_and_made_again(video, tmp_path, damage, logged_warnings, decoded):
    step(tmp_path)(results(video))
    (file,) = (tmp_path / "cache").glob("*.rgb")
    whole = file.read_bytes()
    file.write_bytes(whole[: 100 if damage == "short" else 0])
    decoded.clear()
    step(tmp_path)(results(video))
    assert decoded == ["all"]
    assert file.read_bytes() == whole
    warning, *others = logged_warnings
    assert "not as long as its frames" in warning
    assert not others
    logged_warnings.clear()


def test_what_killed_processes_left_goes_and_what_living_ones_write_stays(video, tmp_path):
    cache = FrameCache(tmp_path / "cache")
    path = cache.path("a", {}, {})
    with cache.place_for(path, 3) as file:
        (written,) = (tmp_path / "cache").glob("*.part")
        left = tmp_path / "cache" / "left.part"
        left.write_bytes(b"xyz")
        with FrameCache(tmp_path / "cache").place_for(path, 3) as beside:
            assert written.exists()
            assert not left.exists()
            beside.write(b"abc")
        file.write(b"abc")
    assert path.read_bytes() == b"abc"
    assert sorted(file.name for file in (tmp_path / "cache").iterdir()) == [".lock", path.name]


@pytest.mark.parametrize("locks", [True, False])
def test_two_at_one_video_never_publish_what_is_unfinished(tmp_path, monkeypatch, locks, logged_warnings):
    if not locks:

        def refuse(*_):
            raise OSError(95, "Operation not supported")

        monkeypatch.setattr("fcntl.flock", refuse)
    first, second = (FrameCache(tmp_path / "cache") for _ in range(2))
    path = first.path("a", {}, {})
    with first.place_for(path, 4) as file:
        file.write(b"ab")
        shutil.rmtree(tmp_path / "cache")
        with second.place_for(path, 4) as beside:
            beside.write(b"a")
            file.write(b"cd")
            assert not path.exists()
            beside.write(b"bcd")
        assert path.read_bytes() == b"abcd"
    assert path.read_bytes() == b"abcd"
    assert "no frames can be kept there" in logged_warnings.pop()  # of the first, whose file was deleted


def test_a_file_that_was_finished_meanwhile_is_not_written_again(tmp_path):
    cache = FrameCache(tmp_path / "cache")
    path = cache.path("a", {}, {})
    with cache.place_for(path, 1) as file:
        file.write(b"a")
    with cache.place_for(path, 1) as file:
        assert file is None


def test_what_the_disk_does_not_take_at_the_end_is_not_kept(tmp_path, monkeypatch, logged_warnings):
    cache = FrameCache(tmp_path / "cache")

    def refuse(_):
        raise OSError(122, "Disk quota exceeded")

    monkeypatch.setattr("os.fsync", refuse)
    path = cache.path("a", {}, {})
    with cache.place_for(path, 1) as file:
        file.write(b"a")
    assert [file.name for file in (tmp_path / "cache").iterdir()] == [".lock"]
    assert "Disk quota exceeded" in logged_warnings.pop()


def test_a_file_that_cannot_be_read_just_now_is_not_removed(tmp_path, monkeypatch, logged_warnings):
    cache = FrameCache(tmp_path / "cache")
    path = cache.path("a", {}, {})
    with cache.place_for(path, 3) as file:
        file.write(b"abc")

    def refuse(_):
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patched:
        patched.setattr("os.fstat", refuse)
        assert cache.read(path, np.array([0]), (1, 1, 1)) is None
    assert cache.read(path, np.array([0]), (1, 1, 1)).tobytes() == b"abc"
    assert "Input/output error; its video is decoded" in logged_warnings.pop()


def test_where_nothing_can_be_written_videos_are_decoded(video, tmp_path, logged_warnings):
    (tmp_path / "cache").write_text("a file in the way")
    given = results(video)
    for _ in range(2):
        np.testing.assert_array_equal(step(tmp_path)(given)["frames"], decoded_and_resized(given, (48, 40))["frames"])
        assert "no frames can be kept there" in logged_warnings.pop()


def test_a_disk_that_fills_up_ends_no_training(video, tmp_path, monkeypatch, logged_warnings):
    cached, written = step(tmp_path), []

    class FullFile:
        def __init__(self, file):
            self.file = file

        def write(self, content):
            written.append(content)
            if len(written) == 3:
                raise OSError(28, "No space left on device")
            return self.file.write(content)

    of_the_cache = cached.cache.write
    monkeypatch.setattr(cached.cache, "write", lambda file, frame: of_the_cache(FullFile(file), frame))
    given = results(video)
    np.testing.assert_array_equal(cached(given)["frames"], decoded_and_resized(given, (48, 40))["frames"])
    assert not list((tmp_path / "cache").glob("*.*b"))
    assert not list((tmp_path / "cache").glob("*.part"))
    assert "No space left" in logged_warnings.pop()


def test_errors_of_the_video_are_those_of_decoding_and_leave_nothing(video, tmp_path):
    with pytest.raises(InputError, match=r"video\.avi: frames are 96x64, its proposals were made at 340x256"):
        step(tmp_path)(results(video, size=(340, 256)))
    with pytest.raises(VideoError, match=r"absent\.avi"):
        step(tmp_path)(results(tmp_path / "absent.avi"))
    with pytest.raises(VideoError, match=r"video\.avi: the video ends before frame 8"):
        step(tmp_path)(results(video, indices=(0, 8, 8), num_frames=9))
    assert [file.name for file in (tmp_path / "cache").iterdir()] == [".lock"]


def _read_all(folder, videos, seed):
    generator = np.random.default_rng(seed)
    cached = ReadCachedFrames((48, 40), folder)
    for index in generator.permutation(len(videos)).tolist() * 2:
        given = results(videos[index], sorted(generator.integers(0, NUM_FRAMES, 3)))
        expected = decoded_and_resized(given, (48, 40))
        np.testing.assert_array_equal(cached(given)["frames"], expected["frames"])


def test_several_processes_use_one_folder(tmp_path):
    videos = [write_video(tmp_path / f"{index}.avi", moving_square(NUM_FRAMES, SIZE)) for index in range(6)]
    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=_read_all, args=(tmp_path / "cache", videos, seed)) for seed in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * 4
    assert sorted(file.suffix for file in (tmp_path / "cache").iterdir()) == ["", *[".rgb"] * 6]


def test_a_bound_that_is_none_is_refused(tmp_path):
    for wrong in (0, -1, "50", True, float("nan"), float("inf")):
        with pytest.raises(InputError, match="max_gigabytes must be a number above 0"):
            FrameCache(tmp_path, wrong)


def test_it_can_be_deleted_in_the_middle(thumos13, tmp_path, logged_warnings):
    steps = [{"type": "SampleFrames", "num_frames": 4}, {"type": "AttachTubes"}]
    cached = {"type": "ReadCachedFrames", "size": (48, 40), "folder": str(tmp_path / "cache")}
    dataset = AnnotatedVideos(**thumos13.options(pipeline=[*steps, cached, {"type": "PackVideo"}]))
    assert dataset[0]["inputs"].shape == (4, 3, 40, 48)
    shutil.rmtree(tmp_path / "cache")
    assert dataset[0]["inputs"].shape == (4, 3, 40, 48)
    assert "have no tube" in logged_warnings.pop()
