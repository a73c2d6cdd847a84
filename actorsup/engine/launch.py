"""Join distributed processes."""

import gc
import os
import subprocess
from collections.abc import Mapping
from datetime import timedelta

import torch
from mmengine.config import Config
from mmengine.dist import init_dist, is_distributed

from actorsup.errors import InputError

LONG_TIMEOUT = timedelta(days=7)  # processes of proposals meet only when each has finished its share


def init_distributed(config: Config, backend: str | None = None) -> None:
    """Join the processes that the config's ``launcher`` started; on CPUs, set its ``model_wrapper_cfg``.

    mmengine's own initialisation insists on a GPU for every process, but leaves alone what is initialised here. A
    backend of None is NCCL on GPUs and Gloo on CPUs; Gloo is for processes that wait for each other at the end only,
    several of which may share a GPU.
    """
    launcher = config.launcher
    if launcher == "none":
        return
    if launcher == "pytorch" and "RANK" not in os.environ:
        raise InputError("--launcher pytorch is for processes of torchrun: torchrun --nproc_per_node=2 -m actorsup …")
    if launcher == "slurm":
        os.environ.update(slurm_environment(os.environ, torch.cuda.device_count()))
        launcher = "pytorch"
    on_gpu = torch.cuda.is_available()
    if not on_gpu:
        if launcher != "pytorch":
            raise InputError(f"--launcher {launcher} needs GPUs, and torch finds none; on CPUs use torchrun or srun")
        config.setdefault("model_wrapper_cfg", {"type": "MMDistributedDataParallel", "device_ids": None})
    if is_distributed():
        return
    if not on_gpu or (backend == "gloo" and launcher == "pytorch"):
        torch.distributed.init_process_group("gloo", timeout=LONG_TIMEOUT)
    elif backend == "gloo":
        init_dist(launcher, backend="gloo", timeout=LONG_TIMEOUT.total_seconds())
    else:
        init_dist(launcher, backend="nccl")


def leave_distributed() -> None:
    """Leave the other processes, if any.

    Threads of the connection must not outlive the interpreter: one that lets go of a tensor then ends the process with
    ``terminate called without an active exception``. They end with the last reference to the connection, and a model
    that was wrapped for several processes has one, in a cycle with its runner.
    """
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        gc.collect()
        torch.distributed.destroy_process_group()


def slurm_environment(environment: Mapping[str, str], num_gpus: int) -> dict[str, str]:
    """What torchrun would have put into the environment of a process that ``srun`` started.

    mmengine does this only with GPUs. Where ``MASTER_ADDR`` and ``MASTER_PORT`` are not set, ``scontrol`` names the
    first node, and the port follows from the job's number, so that jobs which share a node do not meet.
    """
    if missing := [name for name in ("SLURM_PROCID", "SLURM_NTASKS", "SLURM_LOCALID") if name not in environment]:
        raise InputError(
            f"--launcher slurm is for processes that srun started, {', '.join(missing)} is not set: "
            "srun --ntasks=2 actorsup … --launcher slurm"
        )
    local_rank = int(environment["SLURM_LOCALID"])
    return {
        "RANK": environment["SLURM_PROCID"],
        "WORLD_SIZE": environment["SLURM_NTASKS"],
        "LOCAL_RANK": str(local_rank % num_gpus if num_gpus else local_rank),  # a process may see its own GPU only
        "MASTER_ADDR": environment.get("MASTER_ADDR") or _first_node(environment),
        "MASTER_PORT": environment.get("MASTER_PORT") or str(20000 + int(environment.get("SLURM_JOB_ID", 0)) % 10000),
    }


def _first_node(environment: Mapping[str, str]) -> str:
    if environment.get("SLURM_NNODES", "1") == "1":
        return "127.0.0.1"
    nodes = environment.get("SLURM_NODELIST", "")
    command = ["scontrol", "show", "hostnames", nodes]
    try:
        return subprocess.check_output(command, text=True, env=dict(environment)).split()[0]
    except (OSError, subprocess.CalledProcessError, IndexError) as error:
        raise InputError(
            f"--launcher slurm: scontrol does not name the nodes {nodes!r} ({error}); set MASTER_ADDR to the first one"
        ) from error
