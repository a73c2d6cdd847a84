import json

import pytest

from actorsup.cli.output import print_table
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
