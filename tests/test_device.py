"""Memory that is free goes back to the system."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from actorsup.device import num_threads, one_thread, pick_device

CODE = """
import numpy as np
from actorsup.device import keep_memory_flat
if {flat}:
    keep_memory_flat()
freed = np.ones(4 * 2**20, np.uint8)  # after which the C library takes smaller blocks from its heap
del freed
held = [np.ones(size * 2**19, np.uint8) for size in (4, 5, 6)]
print(*(array.ctypes.data for array in held))
print(open("/proc/self/maps").read())
"""


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="the memory of a process is not shown here")
@pytest.mark.parametrize("flat", [True, False])
def test_frames_are_not_taken_from_the_heap_where_they_would_leave_gaps(flat):
    printed = subprocess.run(
        [sys.executable, "-c", CODE.format(flat=flat)], capture_output=True, text=True, check=True
    ).stdout
    places = [int(address) for address in printed.partition("\n")[0].split()]
    start, end = (int(part, 16) for part in re.search(r"(\w+)-(\w+) .*\[heap\]", printed).groups())
    assert [start <= place < end for place in places] == [not flat] * 3


@pytest.mark.parametrize(("local_rank", "device"), [("0", "cuda:0"), ("1", "cuda:1"), ("5", "cuda:1")])
def test_processes_share_the_gpus_of_their_node_in_turn(monkeypatch, local_rank, device):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch, "empty", lambda *_, **__: None)
    monkeypatch.setenv("LOCAL_RANK", local_rank)
    assert pick_device(None) == torch.device(device)


def test_torch_has_one_thread_meanwhile_and_twins_those_that_it_had():
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        assert num_threads() == 3
        with one_thread():
            assert (torch.get_num_threads(), num_threads()) == (1, 1)
        with one_thread(twins=True):
            assert (torch.get_num_threads(), num_threads()) == (1, 3)
            with one_thread():
                assert num_threads() == 1
            assert num_threads() == 3
        assert (torch.get_num_threads(), num_threads()) == (3, 3)
    finally:
        torch.set_num_threads(before)
