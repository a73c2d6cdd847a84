import os

import cv2
import numpy as np
import pytest

from actorsup.errors import VideoError
from actorsup.io import FrameFolderReader, open_video
from tests.conftest import moving_square, write_video


@pytest.fixture
def video(tmp_path):
    return write_video(tmp_path / "video.avi", moving_square(12))


def write_frames(folder, frames, pattern="frame{}.png"):
    folder.mkdir(parents=True, exist_ok=True)
    for index, frame in enumerate(frames):
        cv2.imwrite(str(folder / pattern.format(index)), cv2.cvtColor(frame, cv2.COLOR_RGB2BGR))
    return folder


def test_picked_frames_are_the_frames_of_the_stream(video):
    reader = open_video(video)
    frames = reader.read_all()
    assert frames.shape == (12, 64, 96, 3)
    np.testing.assert_array_equal(reader.frames_at([0, 3, 3, 11]), frames[[0, 3, 3, 11]])
    np.testing.assert_array_equal(np.stack(list(reader)), frames)


def test_frames_are_rgb(video):
    square = open_video(video).frames_at([0])[0, 20:30, 8:20]
    assert square[..., 0].mean() > 150 > 100 > square[..., 2].mean()


def test_the_rate_is_that_of_the_header_where_there_is_one(video, tmp_path):
    assert open_video(video).frames_per_second() == 25
    assert open_video(write_frames(tmp_path / "folder", moving_square(2))).frames_per_second() is None


def test_a_folder_of_frames_is_read_in_the_natural_order_of_names(tmp_path):
    frames = moving_square(12)
    reader = open_video(write_frames(tmp_path / "folder", frames))
    assert isinstance(reader, FrameFolderReader)
    np.testing.assert_array_equal(reader.read_all(), frames)
    np.testing.assert_array_equal(reader.frames_at([2, 10]), frames[[2, 10]])


def test_indices_past_the_end_are_an_error_with_the_index(video, tmp_path):
    with pytest.raises(VideoError, match="ends before frame 12"):
        open_video(video).frames_at([3, 12, 13])
    with pytest.raises(VideoError, match="ends before frame 5"):
        open_video(write_frames(tmp_path / "folder", moving_square(5))).frames_at([1, 5])


@pytest.mark.parametrize("indices", [[], [3, 1], [-1, 2]])
def test_indices_that_do_not_ascend_from_zero_are_refused(video, indices):
    with pytest.raises(ValueError, match="ascending"):
        open_video(video).frames_at(indices)


def test_missing_empty_and_foreign_files_are_named(tmp_path):
    empty, text, folder = tmp_path / "empty.mp4", tmp_path / "text.mp4", tmp_path / "folder"
    empty.touch()
    text.write_text("no video")
    folder.mkdir()
    for path, message in [
        (tmp_path / "absent.avi", "no such video"),
        (empty, r"empty\.mp4: cannot be opened.*0 bytes"),
        (text, r"text\.mp4: cannot be opened"),
        (folder, "holds no frame, only these files: none. A folder is one video, whose frames end in .jpg"),
    ]:
        with pytest.raises(VideoError, match=message):
            open_video(path).read_all()


def test_a_broken_or_resized_frame_of_a_folder_is_named(tmp_path):
    folder = write_frames(tmp_path / "folder", moving_square(3))
    (folder / "frame1.png").write_bytes(b"no image")
    with pytest.raises(VideoError, match=r"frame1\.png: cannot be decoded"):
        open_video(folder).read_all()
    cv2.imwrite(str(folder / "frame1.png"), np.zeros((10, 20, 3), np.uint8))
    with pytest.raises(VideoError, match=r"frame1\.png: is 20x10, the frames before are 96x64"):
        open_video(folder).read_all()


def test_a_video_of_one_frame_can_be_read(tmp_path):
    assert open_video(write_video(tmp_path / "one.avi", moving_square(1))).read_all().shape == (1, 64, 96, 3)


def test_hidden_files_are_no_frames(tmp_path):
    folder = write_frames(tmp_path / "folder", moving_square(3), "{:03}.jpg")
    (folder / "._001.jpg").write_bytes(b"\x00\x05\x16\x07 what a Mac notes")
    assert len(open_video(folder).read_all()) == 3


def test_several_series_of_frames_are_refused_with_their_names_unless_one_is_chosen(tmp_path):
    frames = moving_square(3)
    folder = write_frames(tmp_path / "folder", frames, "img_{:05}.png")
    write_frames(folder, frames[::-1], "flow_x_{:05}.png")
    with pytest.raises(VideoError, match=r"several series of frames, (img_# \(3\), flow_x_#|flow_x_# \(3\), img_#)"):
        open_video(folder)
    chosen = open_video(folder, {"type": "FrameFolderReader", "pattern": "img_*"})
    np.testing.assert_array_equal(chosen.read_all(), frames)
    with pytest.raises(VideoError, match=r"no frame that is named rgb_\*"):
        open_video(folder, {"type": "FrameFolderReader", "pattern": "rgb_*"})


@pytest.mark.parametrize("other", ["cover.png", "thumbnail1.png", "img_00001.jpg", "img_1.png"])
def test_a_picture_that_is_no_frame_or_another_of_the_same_is_refused(tmp_path, other):
    folder = write_frames(tmp_path / "folder", moving_square(3), "img_{:05}.png")
    cv2.imwrite(str(folder / other), np.zeros((64, 96, 3), np.uint8))
    with pytest.raises(VideoError, match=r"several series of frames|img_00001\.(jpg|png)|img_1\.png"):
        open_video(folder)


@pytest.mark.parametrize("pattern", ["frame{}.png", "v_Run_g01_c02_{:04}.png", "{}.png", "take2_{}_left.png"])
def test_numbers_in_the_rest_of_the_name_make_no_series(tmp_path, pattern):
    assert len(open_video(write_frames(tmp_path / "folder", moving_square(12), pattern)).read_all()) == 12


def test_frames_that_were_put_in_between_belong_to_the_series(tmp_path):
    frames = moving_square(5)
    for name, frame in zip(("f_8", "f_9", "f_9a", "f_9b", "f_10"), frames, strict=True):
        cv2.imwrite(str(tmp_path / f"{name}.png"), cv2.cvtColor(frame, cv2.COLOR_RGB2BGR))
    np.testing.assert_array_equal(open_video(tmp_path).read_all(), frames)


def test_two_cameras_are_two_series(tmp_path):
    for name in ("1l", "1r", "2l", "2r"):
        cv2.imwrite(str(tmp_path / f"{name}.png"), np.zeros((64, 96, 3), np.uint8))
    with pytest.raises(VideoError, match=r"several series of frames, #l \(2\), #r \(2\)|#r \(2\), #l \(2\)"):
        open_video(tmp_path)


def test_names_without_numbers_are_read_in_their_order(tmp_path):
    frames = moving_square(3)
    for name, frame in zip("abc", frames, strict=True):
        cv2.imwrite(str(tmp_path / f"{name}.png"), cv2.cvtColor(frame, cv2.COLOR_RGB2BGR))
    np.testing.assert_array_equal(open_video(tmp_path).read_all(), frames)


def test_names_that_are_no_text_and_folders_named_like_frames_are_read(tmp_path):
    folder = tmp_path / os.fsdecode(b"\xff")
    write_frames(tmp_path / "frames", moving_square(3)).rename(folder)  # OpenCV's own writing cannot name it
    (folder / "frame0.png").rename(folder / os.fsdecode(b"\xfe0.png"))
    (folder / "frame1.png").rename(folder / os.fsdecode(b"\xfe1.png"))
    (folder / "frame2.png").rename(folder / os.fsdecode(b"\xfe2.png"))
    (folder / "001.jpg").mkdir()
    np.testing.assert_array_equal(open_video(folder).read_all(), moving_square(3))
    video = write_video(tmp_path / "video.avi", moving_square(3)).rename(folder / os.fsdecode(b"\xff.avi"))
    assert len(open_video(video).read_all()) == 3


def test_a_folder_without_a_frame_says_what_it_holds(tmp_path):
    for name in ("1.xcf", "2.xcf", ".3.png", "notes"):
        (tmp_path / name).touch()
    with pytest.raises(VideoError, match=r"only these files: 2 \.xcf, 1 hidden, 1 without suffix. A folder is one"):
        open_video(tmp_path)
    (tmp_path / "4.png").touch()
    with pytest.raises(VideoError, match=r"4\.png: cannot be decoded as an image"):
        open_video(tmp_path).read_all()
    (tmp_path / "4.png").unlink()
    (tmp_path / "4.png").symlink_to("nowhere")
    with pytest.raises(VideoError, match=r"4\.png: cannot be read \(No such file"):
        open_video(tmp_path).read_all()
    with pytest.raises(VideoError, match="notes: is no folder of frames"):
        FrameFolderReader(tmp_path / "notes")
