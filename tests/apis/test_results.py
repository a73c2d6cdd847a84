import json

import pytest

from actorsup.cli import output
from actorsup.cli.output import print_code, print_table
from actorsup.io.files import save_json


def test_numbers_are_written_whole_or_not_at_all(tmp_path):
    path = tmp_path / "folder" / "numbers.json"
    save_json(path, {"recall": 0.5})
    with pytest.raises(TypeError):
        save_json(path, {"recall": object()})
    assert json.loads(path.read_text()) == {"recall": 0.5}


def test_tables_show_four_digits_and_whole_names(capsys):
    print_table("title", [{"class": "a_class_of_a_long_name" * 3, "recall@0.5": 0.123456}])
    printed = capsys.readouterr().out
    assert "0.1235" in printed
    assert "a_class_of_a_long_name" * 3 in printed


def test_code_is_highlighted_on_a_terminal_and_plain_in_a_file(capsys, monkeypatch):
    print_code("model = dict(type='A')")
    assert capsys.readouterr().out == "model = dict(type='A')\n"
    terminal = output.Console(force_terminal=True, width=80)
    monkeypatch.setattr(output, "Console", lambda: terminal)
    print_code("model = dict(type='A')")
    printed = capsys.readouterr().out
    assert "\x1b[" in printed
    assert "model" in printed
