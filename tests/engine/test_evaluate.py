from types import SimpleNamespace

from actorsup.engine.test import _completed, with_tables
from actorsup.evaluation.metrics import MetricReport

ACCURACY = {"type": "VideoAccuracy"}
PREDICTIONS = {"type": "PredictedVideos"}


def test_diagnosis_counts_what_the_config_counts():
    measured = {"type": "TubeMAP", "thresholds": (0.2,), "protocol": "voc", "max_per_class": 3}
    *others, diagnosis, kept = _completed([ACCURACY, measured], 0.2)
    assert others == [ACCURACY, measured]
    assert kept == PREDICTIONS
    assert diagnosis == {"type": "TubeDiagnosis", "threshold": 0.2, "protocol": "voc", "max_per_class": 3}


def test_diagnosis_asked_for_replaces_that_of_the_config():
    configured = {"type": "TubeDiagnosis", "threshold": 0.2}
    metrics = _completed([configured, {"type": "TubeMAP"}], 0.5)
    assert metrics[1:] == [{"type": "TubeDiagnosis", "threshold": 0.5}, PREDICTIONS]


def test_an_evaluator_of_one_metric_gets_a_second():
    assert _completed(ACCURACY, 0.5) == [ACCURACY, {"type": "TubeDiagnosis", "threshold": 0.5}, PREDICTIONS]


def test_tables_bear_the_prefix_of_their_metric_and_other_numbers_remain():
    report = MetricReport({"mAP": [{"IoU": "0.5", "act": 0.3}]}, frozenset({"mAP@0.5"}))
    metrics = [SimpleNamespace(prefix="", report=report), SimpleNamespace(prefix="few", report=report), object()]
    result = with_tables({"mAP@0.5": 0.3, "few/mAP@0.5": 0.3, "accuracy": 0.9}, metrics)
    assert list(result.tables) == ["mAP", "few/mAP"]
    assert result.rest == {"accuracy": 0.9}


def test_videos_are_kept_once_and_as_the_config_says():
    configured = {"type": "PredictedVideos", "num_tubes": 9}
    assert _completed([ACCURACY, configured], None) == [ACCURACY, configured]
    assert _completed(ACCURACY, None) == [ACCURACY, PREDICTIONS]
