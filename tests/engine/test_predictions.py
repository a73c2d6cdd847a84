"""The files of other projects give the numbers of their code: see tests/evaluation/test_peers.py."""

import csv
import json
import pickle

import numpy as np
import pytest

from actorsup.cli import main
from actorsup.datasets.formats import ACTPickle
from actorsup.datasets.predictions import read_predictions, write_predictions
from actorsup.engine import annotation_of, measure_predictions
from actorsup.errors import InputError
from actorsup.io.localizations import save_localization
from actorsup.structures import ActionTube, Localization, RankedTubes, Tube
from tests.evaluation.scenes import PEER_CLASSES, peer_frame_scene, peer_scene
from tests.evaluation.test_peers import PEERS

SIDE = 1000  # pixels of the frames of the scenes, where a size is needed


def peer(source: str, names: str, **options):
    (found,) = [
        each
        for each in PEERS
        if each.source.startswith(source) and each.names[0].startswith(names) and each.options == options
    ]
    return found


def rows(tube: Tube) -> np.ndarray:
    """As ACT-detector lays them out, frames from 1."""
    return np.concatenate([np.arange(tube.start + 1, tube.end + 1)[:, None], tube.boxes], axis=1).astype(np.float32)


def write_truth(path, truth: dict[str, list[Tube]]) -> None:
    content = {"labels": list(PEER_CLASSES), "train_videos": [[]], "test_videos": [list(truth)]}
    content |= {"nframes": dict.fromkeys(truth, 200), "resolution": dict.fromkeys(truth, (SIDE, SIDE)), "gttubes": {}}
    for video, tubes in truth.items():
        of_video = content["gttubes"][video] = {}
        for tube in tubes:
            of_video.setdefault(tube.label, []).append(rows(tube))
    path.write_bytes(pickle.dumps(content))


def write_moc(folder, scene) -> None:
    for video, tubes, _, scores in scene:
        content = {
            label: [
                [np.concatenate([rows(tube), np.full((len(tube), 1), 0.5, np.float32)], axis=1), np.float64(score)]
                for tube, score in zip(tubes, scores[:, label], strict=True)
            ]
            for label in range(len(PEER_CLASSES))
        }
        path = folder / f"{video}_tubes.pkl"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(pickle.dumps(content))


def write_multisports(path, scene) -> None:
    content = {
        label: [
            (video, score, rows(tube))
            for video, tubes, _, scores in scene
            for tube, score in zip(tubes, scores[:, label], strict=True)
        ]
        for label in range(len(PEER_CLASSES))
    }
    path.write_bytes(pickle.dumps(content))


def write_frames(path, scene) -> None:
    """``frame_detections.pkl``: rows of video, frame, label, score and box."""
    found = [
        [index, frame + 1, label, scores[label], *box]
        for index, (_, _, *detected) in enumerate(scene)
        for frame, box, scores in zip(*detected, strict=True)
        for label in np.flatnonzero(scores > -np.inf)
    ]
    path.write_bytes(pickle.dumps(np.array(found)))


def write_ava(folder, scene) -> None:
    with open(folder / "truth.csv", "w") as truth_file, open(folder / "predicted.csv", "w") as found_file:
        write_true, write_found = csv.writer(truth_file).writerow, csv.writer(found_file).writerow
        for video, truth, *detected in scene:
            for person, tube in enumerate(truth):
                for frame, box in zip(tube.marked_frames, tube.boxes_at(tube.marked_frames), strict=True):
                    write_true([video, f"{frame + 902:04d}", *(box / SIDE), tube.label + 1, person])
            for frame, box, scores in zip(*detected, strict=True):
                for label in np.flatnonzero(scores > -np.inf) if frame % 5 == 0 else ():
                    write_found([video, f"{frame + 902:04d}", *(np.float64(box) / SIDE), label + 1, scores[label]])


@pytest.fixture
def scene(tmp_path):
    scene = peer_scene(0)
    write_truth(tmp_path / "truth.pkl", {video: truth for video, _, truth, _ in scene})
    return scene


def measure(tmp_path, predictions, **options):
    return measure_predictions(annotation_of(tmp_path / "truth.pkl"), predictions, tmp_path / "out", **options)


@pytest.mark.parametrize("nms", [None, 0.3])
def test_tubes_of_moc_give_the_numbers_of_its_code(tmp_path, scene, nms):
    write_moc(tmp_path / "moc", scene)
    result, notes = measure(tmp_path, tmp_path / "moc", nms=nms)
    expected = peer("MCG-NJU/MOC-Detector", "mAP", **({"nms": nms} if nms else {}))
    assert [result.numbers[name] for name in expected.names] == pytest.approx(expected.numbers[0], abs=1e-6)
    assert notes == ("the predictions number the classes; the annotation has them as 0 walk, 1 run, 2 dive, 3 fence",)


def test_tubes_of_multisports_give_the_numbers_of_its_code(tmp_path, scene):
    write_multisports(tmp_path / "video_detections.pkl", scene)
    result, _ = measure(tmp_path, tmp_path / "video_detections.pkl", protocol="multisports")
    expected = peer("MCG-NJU/MultiSports, evaluate_multisports.py, 5ffdc6a", "mAP")
    assert [result.numbers[name] for name in expected.names] == pytest.approx(expected.numbers[0], abs=1e-6)


@pytest.mark.parametrize(
    ("protocol", "source"), [("act", "MCG-NJU/MOC-Detector"), ("multisports", "MCG-NJU/MultiSports")]
)
def test_boxes_of_moc_and_multisports_give_the_numbers_of_their_code(tmp_path, protocol, source):
    scene = peer_frame_scene(0)
    write_truth(tmp_path / "truth.pkl", {video: truth for video, truth, *_ in scene})
    write_frames(tmp_path / "frame_detections.pkl", scene)
    options = {"protocol": protocol, "thresholds": (0.5, 0.75)}
    result, notes = measure(tmp_path, tmp_path / "frame_detections.pkl", **options)
    expected = peer(source, "frame")
    assert [result.numbers[name] for name in expected.names] == pytest.approx(expected.numbers[0], abs=1e-6)
    assert notes == ("2 of 12 videos have no predictions, all their true tubes are missed: dive/v_06, fence/v_11",)


def test_boxes_of_ava_give_the_number_of_its_code(tmp_path):
    write_ava(tmp_path, peer_frame_scene(0, sparse=True))
    truth = annotation_of(tmp_path / "truth.csv")
    result, _ = measure_predictions(truth, tmp_path / "predicted.csv", tmp_path / "out")
    (expected,) = [each for each in PEERS if each.protocol == "ava" and each.options]
    assert result.numbers["frame_mAP@0.5"] == pytest.approx(expected.numbers[0][0], abs=1e-6)
    assert set(result.tables["frame mAP by protocol"][0]) == {"IoU", "ava", "multisports", "retinanet"}


def test_ava_leaves_out_excluded_keyframes_and_actions_that_the_label_map_lacks(tmp_path):
    (tmp_path / "truth.csv").write_text("v,0902,0.1,0.1,0.5,0.5,9,0\nv,0903,0.1,0.1,0.5,0.5,12,0\n")
    (tmp_path / "found.csv").write_text(
        "v,0902,0.1,0.1,0.5,0.5,9,0.5\nv,0903,0.6,0.6,0.9,0.9,9,0.9\nv,0904,0.6,0.6,0.9,0.9,80,0.9\n"
    )
    (tmp_path / "excluded.csv").write_text("v,0903\n")
    (tmp_path / "map.pbtxt").write_text('item { name: "fall" id: 9 } item { name: "stand" id: 12 }')
    numbers = []
    for options in ({}, {"excluded_timestamps": tmp_path / "excluded.csv"}):
        truth = annotation_of(tmp_path / "truth.csv", tmp_path / "map.pbtxt", **options)
        result, notes = measure_predictions(truth, tmp_path / "found.csv", tmp_path / "out")
        numbers.append(result.numbers["frame_mAP@0.5"])
        assert notes == ("1 actions are not in the label map, their predictions are left out: 80",)
    assert numbers == [pytest.approx(0.25), 1.0]  # fall: a false one comes first; stand: missed


def neutral(scene, path) -> None:
    ranked = {name: RankedTubes(tuple(tubes), scores, np.arange(len(tubes))) for name, tubes, _, scores in scene}
    write_predictions(path, PEER_CLASSES, {name: ((SIDE, SIDE), tubes) for name, tubes in ranked.items()})


def test_the_packages_own_file_gives_the_same_numbers_and_is_in_pixels_of_any_size(tmp_path, scene):
    neutral(scene, tmp_path / "found.json")
    result, _ = measure(tmp_path, tmp_path / "found.json")
    expected = peer("MCG-NJU/MOC-Detector", "mAP")
    assert [result.numbers[name] for name in expected.names] == pytest.approx(expected.numbers[0], abs=1e-6)
    content = json.loads((tmp_path / "found.json").read_text())
    for video in content["videos"]:
        video["size"] = [SIDE // 2, SIDE // 4]
        for tube in video["tubes"]:
            tube["boxes"] = (np.array(tube["boxes"]) / [2, 4, 2, 4]).tolist()
    (tmp_path / "small.json").write_text(json.dumps(content))
    again, _ = measure(tmp_path, tmp_path / "small.json")
    assert again.numbers["mAP@0.2"] == pytest.approx(result.numbers["mAP@0.2"], abs=1e-6)


def test_what_localize_writes_is_measured_by_the_ends_of_the_names(tmp_path):
    tube = Tube(3, np.tile(np.float32([10, 20, 60, 90]), (8, 1)), np.ones(8), 0.7, 1)
    write_truth(tmp_path / "truth.pkl", {"walk/a": [tube], "walk/b": []})
    half = Tube(3, tube.boxes / 2, np.ones(8), 0.7, 0)
    classes = ("run", "walk")  # numbered otherwise, and a part of all
    found = Localization("a", 0, 200, (SIDE // 2, SIDE // 2), classes, (ActionTube(1, "run", "person", 0, half),))
    save_localization(tmp_path / "found" / "a.json", found)
    result, notes = measure(tmp_path, tmp_path / "found", thresholds=(0.9,))
    assert result.numbers["mAP@0.9"] == 1.0
    assert "1 of 2 videos have no predictions" in notes[0]


def test_all_that_a_test_writes_is_written_and_the_page_shows_probabilities(tmp_path, scene):
    write_moc(tmp_path / "moc", scene)
    result, _ = measure(tmp_path, tmp_path / "moc", diagnose_at=0.5, videos=tmp_path)
    out = tmp_path / "out"
    assert json.loads((out / "test_metrics.json").read_text())["metrics"] == result.numbers
    assert {path.name for path in (out / "tables").iterdir()} >= {"map_by_protocol.csv", "ap_by_class_act.csv"}
    assert json.loads((out / "diagnosis.json").read_text())["diagnoses"][0]["threshold"] == 0.5
    scores = [
        tube["score"]
        for video in json.loads((out / "predictions.json").read_text())["videos"]
        for tube in video["tubes"]
    ]
    assert max(scores) <= 0  # logarithms, of the scores above 1 too
    assert main(["report", str(out)]) in (None, 0)
    assert (out / "report.html").is_file()


def test_the_command_measures_and_tells(tmp_path, scene, capsys):
    write_multisports(tmp_path / "found.pkl", scene)
    paths = [str(tmp_path / name) for name in ("truth.pkl", "found.pkl")]
    options = ["--out", str(tmp_path / "out"), "--protocol", "multisports", "--thresholds", "0.5", "--exclude", "dive"]
    assert main(["eval-predictions", *paths, *options]) in (None, 0)
    printed = capsys.readouterr().out
    assert "video mAP  multisports @[ IoU=0.5       ]" in printed
    assert "dive" not in printed.split("note:")[0]


def changed(tmp_path, scene, change):
    write_multisports(tmp_path / "found.pkl", scene)
    content = pickle.loads((tmp_path / "found.pkl").read_bytes())
    change(content)
    (tmp_path / "found.pkl").write_bytes(pickle.dumps(content))
    with pytest.raises(InputError) as caught:
        measure(tmp_path, tmp_path / "found.pkl")
    return str(caught.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda found: found.update({7: []}), "label 7 is outside 0..3"),
        (lambda found: found[0].__setitem__(0, ("no/such", 0.5, found[0][0][2])), "no/such: predicted, but not one of"),
        (lambda found: found[0].__setitem__(0, found[0][0][:2]), "label 0, tube 0: expected video, score and rows"),
        (lambda found: found[0].__setitem__(0, (*found[0][0][:2], found[0][0][2][::2])), "must follow each other"),
        (lambda found: found[0].__setitem__(0, (*found[0][0][:2], found[0][0][2] - 99)), "whole numbers from 1 on"),
        (lambda found: found[0].__setitem__(0, (*found[0][0][:2], found[0][0][2] * np.nan)), "whole numbers from 1 on"),
        (lambda found: found[0].__setitem__(0, (*found[0][0][:2], np.zeros((0, 5)))), "expected rows of frame"),
        (lambda found: found[0].__setitem__(0, (found[0][0][0], np.nan, found[0][0][2])), "must be a finite number"),
        (lambda found: found[0].__setitem__(0, (found[0][0][0], "high", found[0][0][2])), "must be a finite number"),
    ],
)
def test_a_wrong_tube_is_named(tmp_path, scene, change, message):
    said = changed(tmp_path, scene, change)
    assert message in said
    assert "found.pkl" in said or "no/such" in said


def test_boxes_whose_corners_are_turned_are_empty_and_told_of(tmp_path, scene):
    write_multisports(tmp_path / "found.pkl", scene)
    content = pickle.loads((tmp_path / "found.pkl").read_bytes())
    of_tube = content[0][0][2]
    of_tube[0, [1, 3]] = of_tube[0, [3, 1]]
    (tmp_path / "found.pkl").write_bytes(pickle.dumps(content))
    _, notes = measure(tmp_path, tmp_path / "found.pkl")
    assert "1 boxes end before they begin" in notes[1]


def test_tubes_of_other_classes_than_the_annotation_has_are_refused(tmp_path, scene):
    write_moc(tmp_path / "moc", scene)
    file = next(iter((tmp_path / "moc").rglob("*.pkl")))
    content = pickle.loads(file.read_bytes())
    file.write_bytes(pickle.dumps({**content, 4: []}))
    with pytest.raises(InputError, match=r"_tubes\.pkl: has tubes of the labels .* the annotation has 4 classes"):
        measure(tmp_path, tmp_path / "moc")


def test_boxes_that_number_the_videos_need_the_list_that_numbers_them(tmp_path):
    scene = peer_frame_scene(0)
    write_truth(tmp_path / "truth.pkl", {video: truth for video, truth, *_ in scene})
    write_frames(tmp_path / "frame_detections.pkl", scene)
    assert main(["convert", "act", str(tmp_path / "truth.pkl"), "--out", str(tmp_path / "truth.json")]) in (None, 0)
    truth = annotation_of(tmp_path / "truth.json")
    with pytest.raises(InputError, match=r"frame_detections\.pkl: numbers the videos .* give that pickle"):
        measure_predictions(truth, tmp_path / "frame_detections.pkl", tmp_path / "out")
    content = pickle.loads((tmp_path / "frame_detections.pkl").read_bytes())
    content[0, 0] = 12
    (tmp_path / "frame_detections.pkl").write_bytes(pickle.dumps(content))
    with pytest.raises(InputError, match=r"videos are numbered 0 to 11, got 0 to 12"):
        measure(tmp_path, tmp_path / "frame_detections.pkl")


def test_what_cannot_be_read_is_told(tmp_path, scene):
    (tmp_path / "empty").mkdir()
    (tmp_path / "found.txt").touch()
    (tmp_path / "found.csv").write_text("v,0902,0.1,0.1,0.5,0.5,9,0.5\n")
    neutral(scene, tmp_path / "found.json")
    unknown = json.loads((tmp_path / "found.json").read_text())
    (tmp_path / "classes.json").write_text(json.dumps({**unknown, "classes": ["swim"]}))
    (tmp_path / "version.json").write_text(json.dumps({**unknown, "version": 2}))
    (tmp_path / "twice.json").write_text(json.dumps({**unknown, "videos": unknown["videos"][:1] * 2}))
    for name, message in (
        ("absent", "no such file or folder of predictions"),
        ("truth.pkl", "is ground truth; the annotation comes first"),
        ("empty", "holds neither"),
        ("found.txt", "expected a folder, or a file"),
        ("found.csv", "whose annotation is a CSV file too"),
        ("classes.json", "class 'swim' is none of the annotation's"),
        ("version.json", "of version 1"),
        ("twice.json", "is there several times"),
    ):
        with pytest.raises(InputError, match=message):
            measure(tmp_path, tmp_path / name)
    with pytest.raises(InputError, match=r"truth\.txt: expected an annotation file"):
        annotation_of(tmp_path / "truth.txt")


def test_limits_of_tubes_are_refused_for_boxes(tmp_path):
    scene = peer_frame_scene(0)
    write_truth(tmp_path / "truth.pkl", {video: truth for video, truth, *_ in scene})
    write_frames(tmp_path / "frame_detections.pkl", scene)
    with pytest.raises(InputError, match="holds single boxes"):
        measure(tmp_path, tmp_path / "frame_detections.pkl", nms=0.3)
    write_ava(tmp_path, peer_frame_scene(0, sparse=True))
    with pytest.raises(InputError, match="protocol 'act' adds a pixel"):
        measure_predictions(
            annotation_of(tmp_path / "truth.csv"), tmp_path / "predicted.csv", tmp_path / "out", protocol="act"
        )


def test_tubes_that_are_read_are_those_that_were_written(tmp_path, scene):
    neutral(scene, tmp_path / "found.json")
    truth = ACTPickle(tmp_path / "truth.pkl")
    found = read_predictions(tmp_path / "found.json", truth, truth.read())
    for video, tubes, _, scores in scene:
        np.testing.assert_allclose(found.tubes[video].scores, scores, atol=0)
        for tube, again in zip(tubes, found.tubes[video].tubes, strict=True):
            assert again.start == tube.start
            np.testing.assert_array_equal(again.boxes, tube.boxes)


def test_tubes_are_not_measured_against_boxes_that_are_shares_of_the_frame(tmp_path, scene):
    write_ava(tmp_path, peer_frame_scene(0, sparse=True))
    neutral(scene, tmp_path / "found.json")
    content = json.loads((tmp_path / "found.json").read_text())
    content["classes"] = [f"action {number}" for number in range(1, 5)]
    names = dict(zip(PEER_CLASSES, content["classes"], strict=True))
    for tube in (tube for video in content["videos"] for tube in video["tubes"]):
        tube["scores"] = {names[name]: score for name, score in tube["scores"].items()}
    (tmp_path / "found.json").write_text(json.dumps(content))
    with pytest.raises(InputError, match=r"truth\.csv: video .* are shares of the frame"):
        measure_predictions(annotation_of(tmp_path / "truth.csv"), tmp_path / "found.json", tmp_path / "out")


def test_predictions_of_nothing_are_no_zero(tmp_path, scene):
    neutral([], tmp_path / "found.json")
    with pytest.raises(InputError, match=r"found\.json: holds no prediction that counts"):
        measure(tmp_path, tmp_path / "found.json")
