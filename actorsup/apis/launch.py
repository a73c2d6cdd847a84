"""Starting distributed processes."""

import os
from datetime import timedelta

import torch
from mmengine.config import Config
from mmengine.dist import init_dist, is_distributed

from actorsup.errors import InputError

# Shares of very different length meet at the end only.
LONG_TIMEOUT = timedelta(days=7)


def init_distributed(config: Config, backend: str | None = None) -> None:
    """Join the processes that the config's launcher started.

    mmengine's own initialisation and model wrapper insist on a GPU; what is initialised here it leaves alone.

    Args:
        config: its ``launcher`` is read; on CPUs its ``model_wrapper_cfg`` is set.
        backend: None takes NCCL on GPUs and Gloo on CPUs. Gloo is for work whose processes meet at the end only, and
            wait there.

    Raises:
        InputError: if the launcher cannot be used here.
    """
    if config.launcher == "none":
        return
    if config.launcher == "pytorch" and "RANK" not in os.environ:
        raise InputError(
            "--launcher pytorch is for processes that torchrun started: torchrun --nproc_per_node=2 tools/…"
        )
    if not torch.cuda.is_available():
        if config.launcher != "pytorch":
            raise InputError(
                f"--launcher {config.launcher} needs GPUs, which torch does not find; on CPUs use torchrun"
            )
        config.setdefault("model_wrapper_cfg", {"type": "MMDistributedDataParallel", "device_ids": None})
    if is_distributed():
        return
    if not torch.cuda.is_available():
        torch.distributed.init_process_group("gloo", timeout=LONG_TIMEOUT)
    elif backend == "gloo":
        init_dist(config.launcher, backend="gloo", timeout=LONG_TIMEOUT.total_seconds())
    else:
        init_dist(config.launcher, backend="nccl")
