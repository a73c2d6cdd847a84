import json
import threading
import time

import pytest

from actorsup.engine import Experiments
from actorsup.errors import InputError
from tests.toy import make_toy, run_tool

FILE = """
config = "toy_config.py"
work_dir = "{root}/experiments"
seeds = (0, 1)
metrics = ("mAP@0.5",)
variants = dict(short=dict(train_cfg=dict(max_epochs=1)), longer=dict(train_cfg=dict(max_epochs=2)))
"""


@pytest.fixture
def experiments(tmp_path):
    (tmp_path / "toy_config.py").touch()
    (tmp_path / "all.py").write_text(FILE.format(root=tmp_path))
    return Experiments.read(tmp_path / "all.py")


def measure(experiments, variant, seed, value):
    folder = experiments.folder(variant, seed)
    folder.mkdir(parents=True)
    (folder / "test_metrics.json").write_text(json.dumps({"metrics": {"mAP@0.5": value}}))


def test_every_variant_gets_its_first_seed_before_any_its_second(experiments):
    assert experiments.pending() == [("short", 0), ("longer", 0), ("short", 1), ("longer", 1)]
    measure(experiments, "short", 0, 0.5)
    assert experiments.pending() == [("longer", 0), ("short", 1), ("longer", 1)]
    assert experiments.pending(["short"]) == [("short", 1)]
    with pytest.raises(InputError, match="no variant shrot; there are short, longer"):
        experiments.pending(["shrot"])


def test_the_table_holds_means_and_deviations_of_what_is_measured(experiments):
    assert experiments.table() == []
    measure(experiments, "short", 0, 0.5)
    assert experiments.table() == [{"variant": "short", "seeds": 1, "mAP@0.5": "50.0"}]
    measure(experiments, "short", 1, 0.3)
    assert experiments.table() == [{"variant": "short", "seeds": 2, "mAP@0.5": "40.0 ± 14.1"}]


def test_the_mean_of_the_splits_of_a_dataset_is_over_the_splits_and_its_deviation_over_the_seeds(experiments, tmp_path):
    path = tmp_path / "all.py"
    path.write_text(path.read_text() + "mean_of_variants = True\n")
    experiments = Experiments.read(path)
    for variant, values in {"short": (0.5, 0.3), "longer": (0.7, 0.7)}.items():
        for seed, value in enumerate(values):
            assert [row["variant"] for row in experiments.table()][-1:] != ["mean"]
            measure(experiments, variant, seed, value)
    assert experiments.table()[-1] == {"variant": "mean", "seeds": 2, "mAP@0.5": "55.0 ± 7.1"}


@pytest.mark.parametrize(
    ("text", "message"),
    [("seeds = (", "cannot be read"), ("seeds = (0,)", "lacks config, work_dir"), (None, "no .*absent.py")],
)
def test_what_is_wrong_with_a_file_is_named(tmp_path, text, message):
    path = tmp_path / "all.py"
    path.write_text(text if text is not None else FILE.format(root=tmp_path).replace("toy_config", "absent"))
    with pytest.raises(InputError, match=message):
        Experiments.read(path)


def test_several_run_at_a_time_and_after_a_failure_no_other_begins(experiments, monkeypatch):
    both_run = threading.Barrier(2, timeout=60)
    done = []

    def run(self, variant, seed):
        both_run.wait()
        measure(self, variant, seed, 0.5)

    monkeypatch.setattr(Experiments, "run", run)
    experiments.run_all(experiments.pending(), jobs=2, on_end=lambda *training: done.append(training))
    assert sorted(done) == [("longer", 0), ("longer", 1), ("short", 0), ("short", 1)]
    assert experiments.pending() == []

    begun = []

    def fail(self, variant, seed):
        time.sleep(0.1)
        raise InputError("train.log says why")

    monkeypatch.setattr(Experiments, "run", fail)
    with pytest.raises(InputError, match=r"train\.log"):
        experiments.run_all([("short", seed) for seed in range(100)], on_start=lambda *training: begun.append(training))
    assert len(begun) < 100
    with pytest.raises(InputError, match="jobs: 0"):
        experiments.run_all([("short", 0)], jobs=0)


def test_models_of_other_experiments_are_tested_not_trained(tmp_path, experiments, monkeypatch):
    trained = experiments.folder("short", 1)
    trained.mkdir(parents=True)
    (trained / "epoch_1.pth").touch()
    (trained / "last_checkpoint").write_text("/where/the/folder/was/epoch_1.pth")
    text = FILE.format(root=tmp_path).replace("/experiments", "/tests")
    (tmp_path / "tests.py").write_text(text + f'models = "{tmp_path}/experiments/short/seed_{{seed}}"')
    tests = Experiments.read(tmp_path / "tests.py")
    calls = []
    monkeypatch.setattr(
        Experiments, "_process", lambda self, folder, command, *arguments: calls.append((command, *arguments))
    )
    tests.run("longer", 1)
    assert "max_epochs" not in (tests.folder("longer", 1) / "config.py").read_text()
    assert calls == [("test", tests.folder("longer", 1) / "config.py", str(trained / "epoch_1.pth"))]
    with pytest.raises(InputError, match="seed_0: holds no trained model"):
        tests.run("longer", 0)


@pytest.mark.slow
def test_trainings_run_once_and_what_fails_names_its_log(tmp_path):
    config = make_toy(tmp_path)
    assert run_tool("generate_proposals", config, root=tmp_path).returncode == 0
    (tmp_path / "all.py").write_text(
        FILE.format(root=tmp_path).replace("(0, 1)", "(0,)").replace("dict(max_epochs=2)", "dict(max_epochs='two')")
    )
    output = run_tool("experiments", tmp_path / "all.py", "--only", "short", root=tmp_path)
    assert output.returncode == 0, output.stderr
    result = tmp_path / "experiments" / "short" / "seed_0" / "test_metrics.json"
    assert f"{100 * json.loads(result.read_text())['metrics']['mAP@0.5']:.1f}" in output.stdout
    first = result.stat().st_mtime_ns
    output = run_tool("experiments", tmp_path / "all.py", root=tmp_path)
    assert output.returncode == 2
    assert "train.log says why" in output.stderr
    assert result.stat().st_mtime_ns == first
    assert "short" in run_tool("experiments", tmp_path / "all.py", "--report", root=tmp_path).stdout
    assert (tmp_path / "experiments" / "results.png").read_bytes().startswith(b"\x89PNG")


def test_features_are_stored_once_for_all_variants_that_share_them(tmp_path, monkeypatch):
    (tmp_path / "toy_config.py").write_text('features = dict(root="shared")\n')
    text = FILE.format(root=tmp_path) + 'variants["own"] = dict(features=dict(root="other"))\n'
    (tmp_path / "all.py").write_text(text + 'variants["on_frames"] = dict(features=None)\n')
    processes = []
    monkeypatch.setattr(Experiments, "_process", lambda self, folder, command, *_: processes.append((folder, command)))
    experiments = Experiments.read(tmp_path / "all.py")
    experiments.extract_features(experiments.pending())
    expected = [experiments.folder(variant, 0) for variant in ("short", "own")]
    assert processes == [(folder, "extract-features") for folder in expected]
