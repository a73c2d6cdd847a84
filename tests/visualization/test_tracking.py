import cv2
import numpy as np
import pytest

from actorsup.evaluation.functional import score_track
from actorsup.visualization import save_picture, track_rows, tracking_curves

BOXES = np.array([[10, 10, 40, 50], [20, 10, 50, 50], [30, 10, 60, 50]], np.float32)


def test_a_sheet_has_a_row_a_tracker_with_both_boxes_in_every_frame():
    frames = np.zeros((2, 80, 100, 3), np.uint8)
    away = BOXES + np.array([30, 20, 30, 20])
    away[2] = np.nan
    sheet = track_rows(frames, [1, 2], BOXES, {"good": BOXES, "lost": away})
    assert sheet.shape == (160, 200, 3)
    lost = sheet[80:, :100]
    assert (lost[30:70, 49:53].max(axis=2) > 100).mean() > 0.3  # the left side of the tracker's box in frame 1
    assert (lost[12:48, 18:22].max(axis=2) > 100).any()  # the left side of the true box
    alone = sheet[80:, 100:]
    assert not (alone[32:62, 62:].max(axis=2) > 100).any()  # it has none in frame 2


def test_large_frames_are_shrunk_with_their_boxes():
    frames = np.zeros((1, 400, 800, 3), np.uint8)
    truth = np.array([[100, 100, 700, 300]], np.float32)
    sheet = track_rows(frames, [0], truth, {"tracker": truth}, max_width=200)
    assert sheet.shape == (100, 200, 3)
    assert sheet[30:70, 23:28].max() > 100
    assert sheet[40:70, 40:160].max() == 0


def test_the_curves_carry_their_numbers_in_the_legend():
    scores = score_track(BOXES + 2, BOXES)
    figure = tracking_curves({"a": scores, "b": score_track(BOXES, BOXES)})
    success, precision, normalized = figure.axes
    np.testing.assert_array_equal(success.lines[0].get_ydata(), scores.success)
    labels = [[text.get_text() for text in axes.get_legend().get_texts()] for axes in figure.axes]
    assert labels[0] == [f"a: AUC {scores.as_dict()['success_auc']:.3f}", "b: AUC 0.952"]
    assert labels[1] == ["a: at 20 1.000", "b: at 20 1.000"]
    assert normalized.get_title() == "normalized precision"
    assert precision.get_xlim() == (0, 50)


def test_pictures_are_written_in_rgb_and_a_failure_is_an_error(tmp_path):
    red = np.zeros((4, 4, 3), np.uint8)
    red[..., 0] = 255
    save_picture(tmp_path / "new" / "red.png", red)
    assert cv2.imread(str(tmp_path / "new" / "red.png"))[0, 0].tolist() == [0, 0, 255]
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(OSError, match=r"folder\.png: the picture cannot be written"):
        save_picture(tmp_path / "folder.png", red)
