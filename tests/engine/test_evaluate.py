from types import SimpleNamespace

from actorsup.engine.test import _with_diagnosis, _with_predictions, _with_tables
from actorsup.evaluation.metrics import MetricReport

ACCURACY = {"type": "VideoAccuracy"}


def test_diagnosis_counts_what_the_config_counts():
    measured = {"type": "TubeMAP", "thresholds": (0.2,), "protocol": "voc", "max_per_class": 3}
    *others, diagnosis = _with_diagnosis([ACCURACY, measured], 0.2)
    assert others == [ACCURACY, measured]
    assert diagnosis == {"type": "TubeDiagnosis", "threshold": 0.2, "protocol": "voc", "max_per_class": 3}


def test_diagnosis_asked_for_replaces_that_of_the_config():
    configured = {"type": "TubeDiagnosis", "threshold": 0.2}
    assert _with_diagnosis([configured, {"type": "TubeMAP"}], 0.5)[1:] == [{"type": "TubeDiagnosis", "threshold": 0.5}]


def test_an_evaluator_of_one_metric_gets_a_second():
    assert _with_diagnosis(ACCURACY, 0.5) == [ACCURACY, {"type": "TubeDiagnosis", "threshold": 0.5}]


def test_tables_bear_the_prefix_of_their_metric_and_other_numbers_remain():
    report = MetricReport({"mAP": [{"IoU": "0.5", "act": 0.3}]}, frozenset({"mAP@0.5"}))
    metrics = [SimpleNamespace(prefix="", report=report), SimpleNamespace(prefix="few", report=report), object()]
    result = _with_tables({"mAP@0.5": 0.3, "few/mAP@0.5": 0.3, "accuracy": 0.9}, metrics)
    assert list(result.tables) == ["mAP", "few/mAP"]
    assert result.rest == {"accuracy": 0.9}


def test_videos_are_kept_once_and_as_the_config_says():
    configured = {"type": "PredictedVideos", "num_tubes": 9}
    assert _with_predictions([ACCURACY, configured]) == [ACCURACY, configured]
    assert _with_predictions(ACCURACY) == [ACCURACY, {"type": "PredictedVideos"}]
