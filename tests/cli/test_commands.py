"""The commands, their help, and the scripts in tools/ that are the same."""

import json
import runpy
import subprocess
import sys

import pytest

from actorsup import __version__
from actorsup.cli import main
from actorsup.cli.commands import COMMANDS
from tests.toy import REPOSITORY, run_processes

NAMES = [command.name for command in COMMANDS]
TOOLS = {
    "browse_config": "config",
    "check_dataset": "check",
    "convert_dataset": "convert",
    "eval_predictions": "eval-predictions",
    "eval_proposals": "eval-proposals",
    "eval_tracker": "eval-tracker",
    "extract_features": "extract-features",
    "generate_proposals": "proposals",
    "make_crowd": "crowd",
    "make_puppets": "puppets",
    **{name: name for name in ("demo", "doctor", "experiments", "export", "localize", "report", "test", "train")},
}
HEAVY = "torch torchvision mmengine mmcv mmdet numpy scipy cv2 PIL matplotlib plotly pandas rich av"


def test_every_command_has_one_line_in_the_help(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    assert main(["--help"]) == 0
    lines = capsys.readouterr().out.splitlines()
    listed = lines[lines.index("  COMMAND") + 1 :]
    assert [line.split()[0] for line in listed[: len(NAMES)]] == NAMES
    assert all(len(line.split()) > 3 for line in listed[: len(NAMES)])
    assert listed[len(NAMES)] == ""


@pytest.mark.parametrize("name", NAMES)
def test_every_command_has_help_that_names_the_program(capsys, name):
    assert main([name, "--help"]) == 0
    assert capsys.readouterr().out.startswith(f"usage: actorsup {name} [-h]")


def test_every_command_has_its_script():
    assert sorted(path.stem for path in (REPOSITORY / "tools").glob("*.py")) == sorted(TOOLS)
    assert sorted(TOOLS.values()) == sorted(NAMES)


@pytest.mark.parametrize("tool", TOOLS)
def test_a_script_takes_the_arguments_of_its_command(capsys, monkeypatch, tool):
    path = REPOSITORY / "tools" / f"{tool}.py"
    monkeypatch.setattr(sys, "argv", [str(path)])
    monkeypatch.setenv("COLUMNS", "500")
    script = runpy.run_path(str(path))
    assert script["main"](["--help"]) == 0
    of_script = capsys.readouterr().out
    assert of_script.startswith(f"usage: {tool}.py [-h]")
    assert main([TOOLS[tool], "--help"]) == 0
    assert capsys.readouterr().out == of_script.replace(f"usage: {tool}.py", f"usage: actorsup {TOOLS[tool]}")


def test_help_imports_nothing_heavy():
    code = f"""
import json, sys
from actorsup.cli import main, tool
codes = [main(["--help"]), main(["--version"]), main(["config", "--list"])]
for name in {NAMES!r}:
    codes += [main([name, "--help"]), tool(name)(["--help"])]
found = sorted(set({HEAVY!r}.split()) & sys.modules.keys())
json.dump([codes, found], sys.stderr)
"""
    output = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=False)
    codes, found = json.loads(output.stderr)
    assert set(codes) == {0}
    assert found == []


def test_the_version_is_printed(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"actorsup {__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "actorsup: error: the following arguments are required: COMMAND"),
        (["trian"], "invalid choice: 'trian'"),
        (["train"], "actorsup train: error: the following arguments are required: config"),
        (["train", "demo_puppets", "--cfg-options", "lr"], "--cfg-options lr: expected KEY=VALUE"),
        (["train", "demo_puppets", "--cfg-options", "model.head.roi_size=(5,5"], "roi_size=(5,5: the value cannot be"),
        (
            ["doctor", "demo_puppets", "--cfg-options", "proposals.reader=dict(type='X')"],
            "a value is no dict; give its",
        ),
        (["config"], "one of the arguments config --list is required"),
        (["train", "demo_puppets", "--epochs", "3"], "actorsup train: error: unrecognized arguments: --epochs 3"),
        (["convert", "folder", "a", "--out", "b", "--no"], "convert folder: error: unrecognized arguments: --no"),
    ],
)
def test_wrong_arguments_are_one_message(capsys, arguments, message):
    assert main(arguments) == 2
    printed = capsys.readouterr().err
    assert message in printed
    assert "Traceback" not in printed


def test_the_module_is_the_command(tmp_path):
    output = subprocess.run(
        [sys.executable, "-m", "actorsup", "report"], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    assert output.returncode == 2
    assert output.stderr.startswith("usage: actorsup report [-h]")
    refused = run_processes("report", tmp_path / "absent", root=tmp_path)
    assert (refused.returncode, refused.stderr.count("\n")) == (2, 1)


def test_the_page_of_a_report_has_the_default_size():
    from actorsup.cli.commands import command_parser
    from actorsup.visualization.report import Limits

    arguments = command_parser().parse_args(["report", "work_dir"])
    assert Limits(arguments.videos, arguments.frames, arguments.width) == Limits()
