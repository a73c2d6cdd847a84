"""Starting distributed processes."""

import os
import subprocess
from collections.abc import Mapping
from datetime import timedelta

import torch
from mmengine.config import Config
from mmengine.dist import init_dist, is_distributed

from actorsup.errors import InputError

# Shares of very different length meet at the end only.
LONG_TIMEOUT = timedelta(days=7)


def init_distributed(config: Config, backend: str | None = None) -> None:
    """Join the processes that the config's ``launcher`` started; on CPUs, set its ``model_wrapper_cfg``.

    mmengine's own initialisation and model wrapper insist on a GPU; what is initialised here it leaves alone. A backend
    of None is NCCL on GPUs and Gloo on CPUs; Gloo is for work whose processes meet at the end only, and wait there.

    Raises:
        InputError: if the launcher cannot be used here.
    """
    launcher = config.launcher
    if launcher == "none":
        return
    if launcher == "pytorch" and "RANK" not in os.environ:
        raise InputError(
            "--launcher pytorch is for processes that torchrun started: torchrun --nproc_per_node=2 -m actorsup …"
        )
    if launcher == "slurm":
        os.environ.update(slurm_environment(os.environ, torch.cuda.device_count()))
        launcher = "pytorch"
    on_gpu = torch.cuda.is_available()
    if not on_gpu:
        if launcher != "pytorch":
            raise InputError(
                f"--launcher {launcher} needs GPUs, which torch does not find; on CPUs use torchrun or srun"
            )
        config.setdefault("model_wrapper_cfg", {"type": "MMDistributedDataParallel", "device_ids": None})
    if is_distributed():
        return
    if not on_gpu:
        torch.distributed.init_process_group("gloo", timeout=LONG_TIMEOUT)
    elif backend == "gloo":
        init_dist(launcher, backend="gloo", timeout=LONG_TIMEOUT.total_seconds())
    else:
        init_dist(launcher, backend="nccl")


def leave_distributed() -> None:
    """Part from the other processes, if there are any: threads of the connection must not outlive the interpreter."""
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()


def slurm_environment(environment: Mapping[str, str], num_gpus: int) -> dict[str, str]:
    """What torchrun would have put into the environment of a process that ``srun`` started.

    mmengine's launcher of that name does the same, but only with GPUs. ``MASTER_ADDR`` and ``MASTER_PORT`` are taken
    where they are set. Else ``scontrol`` names the first process's node, and the port follows from the job's number, so
    that jobs which share a node do not meet. A process that sees one GPU, its own, takes that.

    Raises:
        InputError: if the process was not started by ``srun``, or the first node cannot be found.
    """
    missing = [name for name in ("SLURM_PROCID", "SLURM_NTASKS", "SLURM_LOCALID") if name not in environment]
    if missing:
        raise InputError(
            f"--launcher slurm is for processes that srun started, {', '.join(missing)} is not set: "
            "srun --ntasks=2 actorsup … --launcher slurm"
        )
    local_rank = int(environment["SLURM_LOCALID"])
    port = 20000 + int(environment.get("SLURM_JOB_ID", 0)) % 10000
    return {
        "RANK": environment["SLURM_PROCID"],
        "WORLD_SIZE": environment["SLURM_NTASKS"],
        "LOCAL_RANK": str(local_rank % num_gpus if num_gpus else local_rank),
        "MASTER_ADDR": environment.get("MASTER_ADDR") or _first_node(environment),
        "MASTER_PORT": environment.get("MASTER_PORT") or str(port),
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
