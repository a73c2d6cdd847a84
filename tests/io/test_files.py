import errno
import json
import resource
import signal

import pytest

from actorsup.cli.output import print_table
from actorsup.io.files import save_json


def test_numbers_are_written_whole_or_not_at_all(tmp_path):
    path = tmp_path / "folder" / "numbers.json"
    save_json(path, {"recall": 0.5})
    with pytest.raises(TypeError):
        save_json(path, {"recall": object()})
    assert json.loads(path.read_text()) == {"recall": 0.5}


def test_a_disk_that_is_full_leaves_what_was_there_and_the_error_names_the_file(tmp_path):
    path = tmp_path / "numbers.json"
    save_json(path, {"recall": 0.5})
    limits, handler = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, limits[1]))  # a disk of 100 bytes, for one file
        with pytest.raises(OSError, match=r"numbers\.json") as raised:
            save_json(path, {"recall": [0.5] * 1000})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert raised.value.errno == errno.EFBIG
    assert json.loads(path.read_text()) == {"recall": 0.5}
    assert list(tmp_path.iterdir()) == [path]


def test_tables_show_four_digits_and_whole_names(capsys):
    print_table("title", [{"class": "a_class_of_a_long_name" * 3, "recall@0.5": 0.123456}])
    printed = capsys.readouterr().out
    assert "0.1235" in printed
    assert "a_class_of_a_long_name" * 3 in printed
