"""What there is."""

import pytest

from actorsup.cli import main
from actorsup.installation import shipped_configs
from tests.toy import REPOSITORY


def test_shipped_configs_are_listed_with_what_they_are(capsys):
    assert main(["config", "--list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(shipped_configs())
    (demo,) = [line for line in lines if line.startswith("demo_puppets ")]
    assert "What `make demo` runs" in demo
    assert all(line.endswith(".") for line in lines), "a sentence is cut off"
    (clips,) = [line for line in lines if line.startswith("actorsup_squeezenet_thumos13_clips ")]
    assert clips.endswith("on two cores: a check that everything works.")


@pytest.mark.parametrize(
    "name", ["demo_puppets", "demo_puppets.py", "configs/demo_puppets.py", str(REPOSITORY / "configs/demo_puppets.py")]
)
def test_a_config_is_shown_with_what_it_is_based_on_and_the_options(capsys, monkeypatch, tmp_path, name):
    monkeypatch.chdir(tmp_path)
    options = ["proposals.linker=viterbi", "train_cfg.max_epochs=7"]
    assert main(["config", name, "--cfg-options", options[0], "--cfg-options", options[1]]) == 0
    shown = capsys.readouterr().out
    assert "linker='viterbi'" in shown
    assert "max_epochs=7" in shown
    assert "work_dir = 'work_dirs/demo'" in shown
    assert "type='OnlineRefinementHead'" in shown  # of a base


def test_the_doctor_looks_at_a_config_by_its_name(capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert main(["doctor", "demo_puppets", "--cfg-options", "proposals.linker=viterbi"]) == 1
    assert "actorsup proposals demo_puppets --cfg-options proposals.linker=viterbi" in capsys.readouterr().out
