import base64
from dataclasses import replace

import cv2
import numpy as np
import pytest

from actorsup.errors import InputError
from actorsup.visualization.report import Limits, Run
from actorsup.visualization.report.gallery import make_gallery
from tests.conftest import moving_square

from .runs import HOSTILE, NUM_FRAMES, make_run


@pytest.fixture
def run(tmp_path) -> Run:
    return Run.read(make_run(tmp_path / "run", wrong=(1, 2), num_videos=6))


def decoded(url: str) -> np.ndarray:
    content = np.frombuffer(base64.b64decode(url.removeprefix("data:image/jpeg;base64,")), np.uint8)
    return cv2.cvtColor(cv2.imdecode(content, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)


def test_the_frames_in_the_page_are_those_of_the_video(run):
    clip = make_gallery([run], Limits(num_frames=3)).clips[0]
    assert clip["indices"] == [0, 6, 11] or clip["indices"] == [0, 5, 11]
    assert (clip["width"], clip["height"]) == (96, 64)
    assert clip["rate"] == pytest.approx(25 * 3 / NUM_FRAMES)
    frames = moving_square(NUM_FRAMES)
    for index, image in zip(clip["indices"], clip["images"], strict=True):
        assert np.abs(decoded(image).astype(int) - frames[index]).mean() < 12  # compressed twice


def test_large_frames_are_made_smaller_and_boxes_stay_in_pixels_of_the_original(run):
    clip = make_gallery([run], Limits(width=48)).clips[0]
    assert decoded(clip["images"][0]).shape == (32, 48, 3)
    assert clip["truth"][0]["boxes"][-1] == [28.0, 16.0, 48.0, 36.0]


def test_a_tube_has_no_box_in_frames_that_it_is_not_in(run):
    clip = make_gallery([run], Limits()).clips[0]
    _, late = clip["found"][0]
    assert [box is None for box in late["boxes"]] == [index < 2 for index in clip["indices"]]
    assert late["score"] == pytest.approx(np.exp(-0.7))


def test_the_worst_and_the_best_are_chosen_by_turns_and_come_the_worst_first(run):
    # Videos 1 and 2 are given a wrong class; the last of those that are equally good is the best.
    gallery = make_gallery([run], Limits(num_videos=3))
    assert [clip["video"] for clip in gallery.clips] == ["video_1", "video_2", "video_5"]
    assert len(gallery.videos) == 6
    assert [video["clip"] is None for video in gallery.videos].count(False) == 3


def test_videos_of_a_test_on_labels_alone_are_chosen_by_their_class(run):
    for entry in run.predictions["videos"]:
        entry.update(overlap=None, true_tubes=[])
    run.predictions["videos"][0]["labels"] = []  # shows no action
    run.predictions["videos"][3]["labels"] = None  # nobody knows what it shows
    gallery = make_gallery([run], Limits())
    assert [clip["video"] for clip in gallery.clips] == ["video_1", "video_2", "video_4", "video_5"]
    assert [clip["truth"] for clip in gallery.clips] == [[]] * 4


def test_the_list_says_what_a_video_shows_and_what_it_is_given(run):
    video = make_gallery([run], Limits(num_videos=0)).videos[1]
    assert (video["shows"], video["given"], video["classes"]) == ([HOSTILE], ["walk"], [HOSTILE, "walk"])
    assert (video["overlap"], video["errors"]) == ([0.1], [["classified_wrongly", "false: background"]])


@pytest.mark.parametrize(("labels", "shows"), [([0, 1], ["walk", HOSTILE]), ([1], [HOSTILE]), ([], []), (None, [])])
def test_the_list_says_all_classes_that_a_video_shows(run, labels, shows):
    run.predictions["videos"][0] |= {"labels": labels, "true_tubes": []}
    video = make_gallery([run], Limits(num_videos=0)).videos[0]
    assert (video["shows"], video["given"]) == (shows, ["walk"])
    assert set(video["classes"]) == {*shows, "walk"}


def test_a_video_without_tubes_is_given_no_class(run):
    run.predictions["videos"][0] |= {"video_scores": [0.5, 0.5], "tubes": []}
    video = make_gallery([run], Limits(num_videos=0)).videos[0]
    assert (video["given"], video["classes"]) == ([None], ["walk"])


def test_images_beyond_the_limit_and_lost_videos_are_left_out_with_the_reason(run, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr("actorsup.visualization.report.gallery.MAX_BYTES", 10)
        gallery = make_gallery([run], Limits())
    assert gallery.clips == []
    assert set(gallery.left_out.values()) == {"the images of the page may have 10 bytes together"}
    (tmp_path / "videos" / "video_0.avi").unlink()
    gallery = make_gallery([run], Limits())
    assert list(gallery.left_out) == ["video_0"]
    assert "no such video" in gallery.left_out["video_0"]
    assert len(gallery.clips) == 5


def test_a_frame_that_cannot_be_written_leaves_its_video_out(run, monkeypatch):
    monkeypatch.setattr("actorsup.visualization.report.gallery.cv2.imencode", lambda *_: (False, None))
    gallery = make_gallery([run], Limits(num_videos=1))
    assert gallery.left_out == {"video_1": "a frame of 96x64 pixels cannot be written as JPEG"}


def test_several_runs_share_the_frames(run, tmp_path):
    other = Run.read(make_run(tmp_path / "other", wrong=(), num_videos=2))
    gallery = make_gallery([run, other], Limits())
    assert [len(clip["found"]) for clip in gallery.clips] == [2] * 6
    of_others = {clip["video"]: clip["found"][1] for clip in gallery.clips}
    assert of_others["video_0"]
    assert of_others["video_5"] == []
    assert gallery.videos[5]["given"] == [HOSTILE, None]


def test_runs_without_predictions_have_no_gallery(run):
    assert make_gallery([replace(run, predictions=None)], Limits()).videos == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_videos": -1}, "num_videos must be at least 0, got -1"),
        ({"num_frames": 0}, "num_frames must be at least 1, got 0"),
        ({"width": 0}, "width must be at least 1, got 0"),
    ],
)
def test_limits_out_of_range_are_named(options, message):
    with pytest.raises(InputError, match=message):
        Limits(**options)
