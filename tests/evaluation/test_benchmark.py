"""The benchmark runs, and its loops compute the same."""

import importlib.util
import pickle

import numpy as np
import pytest

from actorsup.datasets.formats.thumos13 import CLASSES
from actorsup.errors import InputError
from actorsup.evaluation.functional import FRAME_PROTOCOLS, PROTOCOLS
from tests.toy import REPOSITORY


@pytest.fixture(scope="module")
def program():
    spec = importlib.util.spec_from_file_location(
        "benchmark_of_evaluation", REPOSITORY / "tools/benchmarks/evaluation.py"
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def cases(program, tmp_path):
    """Two videos with true tubes, one that the annotation lacks."""
    content, names = {}, []
    for label, action in enumerate(CLASSES[:2]):
        name = f"{action}/v_{action}_g01_c01"
        boxes = np.tile(np.uint16([40 + 30 * label, 50, 60, 90]), (12, 1))
        tubes = [
            {"label": label, "sf": start, "ef": start + 12, "boxes": boxes + np.uint16(7 * start)} for start in (0, 5)
        ]
        content[name] = {"numf": 20, "label": label, "annotations": tubes}
        names += [name, f"{action}/v_{action}_g02_c01"]
    annotation, split = tmp_path / "pyannot.pkl", tmp_path / "testlist01.txt"
    annotation.write_bytes(pickle.dumps(content))
    split.write_text("".join(f"{name}.avi\n" for name in names[:3]))
    return program.read_cases(annotation, split, num_tubes=6)


def test_loops_and_evaluation_give_the_same_numbers(program, cases):
    assert [len(case.truth) for case in cases] == [2, 0, 2]
    assert all(len(case.tubes) == 6 for case in cases)
    result = program.compare(cases, PROTOCOLS, num_rounds=1)
    assert result["difference"] < 1e-9
    assert result["slow"] > 0
    assert result["fast"] > 0
    numbers, seconds = program.evaluate(cases, PROTOCOLS, FRAME_PROTOCOLS)
    assert all(0 < numbers[name] <= 1 for name in ("mAP@0.2/act", "mAP@0.05:0.45/multisports", "frame_mAP@0.5/ava"))
    assert [table.row_count for table in program.tables(seconds, [result])] == [len(seconds) + 1, 1]


def test_numbers_that_differ_are_told(program, cases, monkeypatch):
    monkeypatch.setattr(program, "slow_iou", lambda *_: 0.0)
    with pytest.raises(AssertionError, match="differ from those of the definitions"):
        program.compare(cases, {"act": PROTOCOLS["act"]}, num_rounds=1)


def test_missing_files_are_named(program, tmp_path):
    with pytest.raises(InputError, match=r"absent\.pkl: no such file; give it by --annotation"):
        program.read_cases(tmp_path / "absent.pkl", tmp_path, 5)
