"""What srun's environment means for torch.distributed."""

import subprocess
import sys
from pathlib import Path

import pytest

from actorsup.engine.launch import slurm_environment
from actorsup.errors import InputError

TASK = {"SLURM_PROCID": "5", "SLURM_NTASKS": "8", "SLURM_LOCALID": "1", "SLURM_JOB_ID": "4012345"}
NODES = {"SLURM_NNODES": "2", "SLURM_NODELIST": "node[07-08]"}


def test_a_job_on_one_node_needs_nothing_else():
    assert slurm_environment(TASK, num_gpus=0) == {
        "RANK": "5",
        "WORLD_SIZE": "8",
        "LOCAL_RANK": "1",
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": "22345",
    }


def test_what_the_user_sets_is_taken():
    chosen = {"MASTER_ADDR": "head", "MASTER_PORT": "1234"}
    found = slurm_environment({**TASK, **NODES, **chosen}, num_gpus=0)
    assert {name: found[name] for name in chosen} == chosen


@pytest.mark.parametrize(("num_gpus", "local_rank"), [(0, "1"), (1, "0"), (4, "1")])
def test_a_process_that_sees_its_own_gpu_alone_takes_it(num_gpus, local_rank):
    assert slurm_environment(TASK, num_gpus)["LOCAL_RANK"] == local_rank


def test_the_first_node_is_where_rank_0_is(tmp_path):
    scontrol = tmp_path / "scontrol"
    scontrol.write_text('#!/bin/sh\n[ "$*" = "show hostnames node[07-08]" ] && printf "node07\\nnode08\\n"\n')
    scontrol.chmod(0o755)
    found = slurm_environment({**TASK, **NODES, "PATH": f"{tmp_path}:/bin:/usr/bin"}, num_gpus=0)
    assert found["MASTER_ADDR"] == "node07"


@pytest.mark.parametrize("script", [None, "exit 1", "exit 0"], ids=["absent", "fails", "says nothing"])
def test_nodes_that_cannot_be_named_ask_for_an_address(tmp_path, script):
    if script is not None:
        (tmp_path / "scontrol").write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / "scontrol").chmod(0o755)
    with pytest.raises(InputError, match=r"'node\[07-08\]' .*set MASTER_ADDR"):
        slurm_environment({**TASK, **NODES, "PATH": str(tmp_path)}, num_gpus=0)


@pytest.mark.parametrize("name", ["SLURM_PROCID", "SLURM_NTASKS", "SLURM_LOCALID"])
def test_a_process_that_srun_did_not_start_is_told_how(name):
    with pytest.raises(InputError, match=f"{name} is not set: srun"):
        slurm_environment({key: value for key, value in TASK.items() if key != name}, num_gpus=0)


LEAVE = """
import os
import torch
from torch import nn
from actorsup.engine.launch import leave_distributed

torch.distributed.init_process_group("gloo", init_method="file://{place}", rank=0, world_size=1)
model = nn.parallel.DistributedDataParallel(nn.Linear(2, 2))
model(torch.ones(1, 2)).sum().backward()
model.runner = [model]  # a cycle, as mmengine's runner and hooks are
del model
threads = lambda: [open(f"/proc/self/task/{{task}}/comm").read().strip() for task in os.listdir("/proc/self/task")]
assert any("gloo" in name for name in threads()), threads()
leave_distributed()
assert not any("gloo" in name for name in threads()), threads()
"""


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="threads are listed by Linux")
def test_no_thread_of_the_connection_outlives_it(tmp_path):
    program = [sys.executable, "-c", LEAVE.format(place=tmp_path / "meeting")]
    output = subprocess.run(program, capture_output=True, text=True, cwd=Path(__file__).parents[2], check=False)
    assert output.returncode == 0, output.stderr
