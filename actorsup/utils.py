"""Small things that several rooms need."""

import os

import torch


def pick_device(device: str | None) -> torch.device:
    """The device of that name; for None this process's GPU where there is one, else the CPU."""
    if device is not None:
        return torch.device(device)
    if torch.cuda.is_available():
        return torch.device("cuda", int(os.environ.get("LOCAL_RANK", 0)))
    return torch.device("cpu")
