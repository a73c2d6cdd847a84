"""An iterator in a thread of its own: nothing is lost, nothing goes on for ever."""

import subprocess
import sys
import threading
import time
from itertools import count

import pytest

from actorsup.io import ahead


def wait_until(condition):
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_the_items_are_the_same_in_their_order():
    assert list(ahead(iter(range(100)), 3)) == list(range(100))
    assert list(ahead([], 3)) == []


def test_items_are_made_while_the_caller_works_but_not_more_than_allowed():
    made = []
    items = ahead((made.append(number) or number for number in count()), 4)
    assert next(items) == 0
    wait_until(lambda: len(made) == 6)  # the one that was taken, four in the queue, and one in hand
    time.sleep(0.3)
    assert len(made) == 6
    items.close()
    assert len(made) <= 7


def test_an_error_comes_after_what_was_made_before_it():
    def failing():
        yield 1
        yield 2
        raise ValueError("no third")

    items = ahead(failing(), 9)
    assert [next(items), next(items)] == [1, 2]
    with pytest.raises(ValueError, match="no third"):
        next(items)


def test_the_thread_ends_with_the_iterator():
    items = ahead(count(), 2)
    next(items)
    assert any(thread.name == "ahead" for thread in threading.enumerate())
    items.close()
    assert not any(thread.name == "ahead" for thread in threading.enumerate())


def test_a_program_that_forgets_the_iterator_ends():
    program = "from itertools import count; from actorsup.io import ahead; items = ahead(count(), 2); next(items)"
    subprocess.run([sys.executable, "-c", f"{program}; import gc; gc.freeze(); keep = [items]"], timeout=60, check=True)
