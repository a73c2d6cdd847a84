"""Starting distributed processes."""

import torch
from mmengine.dist import init_dist, is_distributed

from actorsup.errors import InputError


def init_distributed(launcher: str) -> None:
    """Join the processes that a launcher started: with NCCL on GPUs, with Gloo on CPUs.

    mmengine's own initialisation insists on a GPU; what it finds initialised it leaves alone.

    Raises:
        InputError: if the launcher cannot be used on this machine.
    """
    if launcher == "none" or is_distributed():
        return
    if torch.cuda.is_available():
        init_dist(launcher, backend="nccl")
    elif launcher == "pytorch":
        torch.distributed.init_process_group("gloo")
    else:
        raise InputError(
            f"--launcher {launcher} needs GPUs, which torch does not find; on CPUs use torchrun and pytorch"
        )
