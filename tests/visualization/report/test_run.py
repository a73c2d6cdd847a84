import json

import pytest

from actorsup.errors import InputError
from actorsup.visualization.report import Run

from .runs import make_run, write_log


def test_all_parts_of_a_work_directory_are_read(tmp_path):
    run = Run.read(make_run(tmp_path / "run"))
    assert run.name == "run"
    assert run.missing == []
    assert run.tested["metrics"] == {"mAP@0.5": 0.5}
    assert [row["loss"] for row in run.scalars] == [2.0, 1.0, 2 / 3]


def test_what_is_missing_is_named_with_the_command_that_makes_it(tmp_path):
    folder = make_run(tmp_path / "run")
    (folder / "diagnosis.json").unlink()
    (folder / "proposal_metrics.json").unlink()
    diagnosis, proposals = Run.read(folder).missing
    assert "actorsup test CONFIG CHECKPOINT --diagnose" in diagnosis
    assert "actorsup eval-proposals" in proposals


def test_what_takes_true_tubes_is_not_missed_where_the_test_is_on_labels_alone(tmp_path):
    folder = make_run(tmp_path / "run")
    for name in ("diagnosis.json", "proposal_metrics.json"):
        (folder / name).unlink()
    path = folder / "predictions.json"
    predictions = json.loads(path.read_text())
    for video in predictions["videos"]:
        video.update(true_tubes=[], overlap=None)
    path.write_text(json.dumps(predictions))
    assert Run.read(folder).missing == []


def test_errors_of_a_video_are_those_of_its_true_tubes_and_of_its_false_detections(tmp_path):
    run = Run.read(make_run(tmp_path / "run", wrong=(1,)))
    assert run.errors_of("video_1") == ["classified_wrongly", "false: background"]
    assert run.errors_of("video_0") == run.errors_of("unknown") == []


def test_what_a_resumed_training_did_again_counts_once(tmp_path):
    folder = make_run(tmp_path / "run")
    write_log(folder, "20260102_000000", [{"loss": 9.0, "step": 3}, {"accuracy": 0.5, "step": 1}])
    write_log(folder, "20260103_000000", [{"accuracy": 0.7, "step": 0}])  # a test, no training
    assert Run.read(folder).scalars == [
        {"loss": 2.0, "step": 1},
        {"loss": 1.0, "step": 2},
        {"loss": 9.0, "step": 3},
        {"accuracy": 0.5, "step": 1},
    ]


def test_a_line_that_a_kill_has_cut_is_left_out(tmp_path):
    folder = make_run(tmp_path / "run")
    with open(folder / "20260101_000000/vis_data/scalars.json", "a") as file:
        file.write('{"loss": 0.')
    assert [row["loss"] for row in Run.read(folder).scalars] == [2.0, 1.0, 2 / 3]


def test_two_starts_within_a_second_share_a_log(tmp_path):
    folder = make_run(tmp_path / "run")
    with open(folder / "20260101_000000/vis_data/scalars.json", "a") as file:
        file.write("\n".join(json.dumps({"loss": loss, "step": step}) for loss, step in ((9.0, 2), (8.0, 3))))
    assert [row["loss"] for row in Run.read(folder).scalars] == [2.0, 9.0, 8.0]


def test_a_training_resumed_after_the_clock_was_set_back_goes_on_from_the_log_that_began_it(tmp_path):
    folder = make_run(tmp_path / "run")
    write_log(folder, "20251231_235959", [{"loss": 9.0, "step": 3}, {"loss": 8.0, "step": 4}])
    assert [row["loss"] for row in Run.read(folder).scalars] == [2.0, 1.0, 9.0, 8.0]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("predictions.json", b"\xff", r"predictions\.json: is not a text file"),
        ("predictions.json", "[" * 100_000, r"predictions\.json: is not JSON"),
        ("20260101_000000/vis_data/scalars.json", '{"loss": 1}', r"scalars\.json: line 1: the content lacks 'step'"),
        (
            "proposal_metrics.json",
            '{"a": {"store": 1}}',
            r"proposal_metrics\.json: the content\['a'\]\['store'\] must be text",
        ),
        ("predictions.json", "{", r"predictions\.json: is not JSON"),
        ("test_metrics.json", "[]", r"test_metrics\.json: lacks measured, metrics, tables; make it again"),
        ("proposal_metrics.json", "3", r"proposal_metrics\.json: lacks everything"),
        ("diagnosis.json", json.dumps({"a": 1}), r"diagnosis\.json: lacks diagnoses"),
        ("20260101_000000/vis_data/scalars.json", '{"step": 1}\n{\n', r"scalars\.json: line 2: is not JSON"),
    ],
)
def test_a_malformed_file_is_named(tmp_path, name, content, message):
    folder = make_run(tmp_path / "run")
    (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(InputError, match=message):
        Run.read(folder)


def test_folders_without_results_are_refused(tmp_path):
    with pytest.raises(InputError, match="absent: no such work directory"):
        Run.read(tmp_path / "absent")
    with pytest.raises(InputError, match="holds no results; begin with `actorsup train`"):
        Run.read(tmp_path)


@pytest.mark.parametrize(
    ("place", "value", "reason"),
    [
        (("videos", 0, "labels", 0), 2, r"video video_0: labels \[2, 0, 1, 0\] of 2 classes"),
        (("videos", 0, "labels", 0), -1, "video video_0: labels"),
        (("videos", 0, "labels", 0), True, r"\['labels'\]\[0\] must be a whole number, got True"),
        (("videos", 0, "labels"), 0, r"\['labels'\] must be a list, got 0"),
        (("videos", 1, "video"), "video_0", "names a video several times"),
        (("videos", 1, "video"), "\ud800", r"\['video'\] must be text"),
        (("videos", 0, "video_scores"), [1.0], "1 scores of 2 classes"),
        (("videos", 0, "overlap"), float("nan"), r"\['overlap'\]: must be a finite number, got nan"),
        (("videos", 0, "overlap"), 2, "must be from 0 to 1"),
        (("videos", 0, "tubes", 0, "boxes", 0), [1, 2, 3], "must be a list of boxes"),
        (("videos", 0, "tubes", 0, "boxes", 0, 0), "1", "must be a finite number, got '1'"),
        (("videos", 0, "tubes", 0, "start"), -1, "a tube starts before frame 0"),
        (("videos", 0, "tubes", 0, "score"), 1e300, "must be the logarithm of a probability"),
    ],
)
def test_predictions_that_would_be_shown_wrongly_are_refused(tmp_path, place, value, reason):
    folder = make_run(tmp_path / "run")
    content = json.loads((folder / "predictions.json").read_text())
    parent = content
    for key in place[:-1]:
        parent = parent[key]
    parent[place[-1]] = value
    (folder / "predictions.json").write_text(json.dumps(content))
    with pytest.raises(InputError, match=rf"predictions\.json: .*{reason}"):
        Run.read(folder)
