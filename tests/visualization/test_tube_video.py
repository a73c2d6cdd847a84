import numpy as np
import pytest

from actorsup.io import open_video
from actorsup.structures import Tube
from actorsup.visualization import DrawnTube, render_video, video_file
from actorsup.visualization.videos import Timeline
from tests.browser import wait

GREEN = (0, 255, 0)


def is_green(image: np.ndarray) -> np.ndarray:
    return (image[..., 1] > 130) & (image[..., 0] < 110) & (image[..., 2] < 110)


def tube(start: int, end: int, caption: str = "") -> DrawnTube:
    boxes = [[20, 10, 60, 40]] * (end - start)
    return DrawnTube(Tube(start, boxes, np.ones(end - start), 1.0, 0), GREEN, caption)


def test_a_bar_is_as_long_as_its_tube_and_the_cursor_moves():
    timeline = Timeline([tube(0, 5), tube(5, 10)], num_frames=10, width=400)
    rows = np.array_split(timeline.at(0), 2)
    bars = [np.flatnonzero(is_green(row).any(axis=0)) for row in rows]
    assert len(bars[0]) == pytest.approx(len(bars[1]), abs=2)
    assert bars[0].max() == pytest.approx(bars[1].min(), abs=2)
    cursors = [np.flatnonzero((timeline.at(index) == 255).all(axis=(0, 2))) for index in (0, 9)]
    assert [len(cursor) for cursor in cursors] == [1, 1]
    assert bars[0].min() - 2 < cursors[0][0] < bars[0].max() < cursors[1][0] < bars[1].max() + 2


def test_a_timeline_without_tubes_or_room_is_drawn():
    assert Timeline([], 10, 40).at(3).shape[1] == 40
    assert Timeline([tube(0, 5, "a long caption")], 10, 12).at(9).shape[1] == 12


def test_a_rendered_video_shows_boxes_in_their_frames_and_a_timeline_below(tmp_path):
    frames = np.full((6, 51, 91, 3), 60, np.uint8)
    render_video(tmp_path / "folder" / "video.mp4", iter(frames), [tube(2, 4)], 6, (91, 51), 10.0)
    video = open_video(tmp_path / "folder" / "video.mp4")
    rendered = video.read_all()
    scale = 8  # to 640 pixels and more
    assert rendered.shape[0] == 6
    assert video.frames_per_second() == 10
    assert rendered.shape[2] == 91 * scale
    assert rendered.shape[1] > 51 * scale
    left = rendered[:, 12 * scale : 38 * scale, 20 * scale - 3 : 20 * scale + 5]
    assert [bool(is_green(side).any()) for side in left] == [False, False, True, True, False, False]
    assert is_green(rendered[0, 51 * scale :]).any()


def test_large_frames_are_not_enlarged_and_odd_sizes_are_filled_up(tmp_path):
    render_video(tmp_path / "video.mp4", iter(np.zeros((2, 41, 651, 3), np.uint8)), [], 2, (651, 41))
    assert open_video(tmp_path / "video.mp4").read_all().shape[2] == 652


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_an_interrupted_video_leaves_nothing_and_keeps_the_one_before(tmp_path, error):
    path = tmp_path / "video.mp4"

    def frames():
        yield np.zeros((48, 64, 3), np.uint8)
        raise error

    with pytest.raises(error):
        render_video(path, frames(), [], 2, (64, 48))
    assert list(tmp_path.iterdir()) == []
    render_video(path, iter(np.zeros((2, 48, 64, 3), np.uint8)), [], 2, (64, 48))
    before = path.read_bytes()
    with pytest.raises(error):
        render_video(path, frames(), [], 2, (64, 48))
    assert [each.name for each in tmp_path.iterdir()] == ["video.mp4"]
    assert path.read_bytes() == before


def test_a_video_that_cannot_be_written_is_named(tmp_path):
    with (
        pytest.raises(OSError, match=r"video\.mp4: the video cannot be written"),
        video_file(tmp_path / "video.mp4", (63, 47), 25.0) as write,
    ):
        write(np.zeros((47, 63, 3), np.uint8))
    assert list(tmp_path.iterdir()) == []


def test_a_browser_plays_it(browser, tmp_path):
    with video_file(tmp_path / "video.mp4", (64, 48), 10.0) as write:
        for level in (0, 80, 160, 240) * 5:
            write(np.full((48, 64, 3), level, np.uint8))
    page = tmp_path / "page.html"
    page.write_text('<video src="video.mp4" muted autoplay></video>')
    browser.get(page.as_uri())
    wait(browser, "return document.querySelector('video').ended")
    video = "const video = document.querySelector('video'); return "
    assert browser.execute_script(video + "[video.videoWidth, video.videoHeight, video.duration]") == [64, 48, 2]
