"""The compiled library of operators: loads it if it was built, and says once what is missing if it was not."""

import warnings
from functools import cache
from pathlib import Path

import torch

from actorsup.installation import build_operator

from . import autograd

LIBRARY = Path(__file__).parent / "libactorsup.so"


def _load() -> str:
    """Load the library; an empty string, or the reason why it cannot be used."""
    if not LIBRARY.is_file():
        return "the operator was not built"
    try:
        torch.ops.load_library(LIBRARY)
    except OSError as error:
        return f"the operator was built for another torch than {torch.__version__} ({str(error).splitlines()[0]})"
    autograd.register()
    return ""


UNUSABLE = _load()
# Asked for once: a graph that is compiled cannot call what returns no tensor.
_BUILD_INFO = UNUSABLE or torch.ops.actorsup.build_info()


def build_info() -> str:
    """What the operator was compiled for: ``"CPU"``, ``"CPU and CUDA (8.0;9.0+PTX)"``, or why there is none."""
    return UNUSABLE or _BUILD_INFO


def is_compiled_for(device_type: str) -> bool:
    """Whether the compiled operator runs on such a device. Meta and fake tensors need none but the fake kernel."""
    if UNUSABLE:
        return False
    return device_type in ("cpu", "meta") or (device_type == "cuda" and "CUDA" in build_info())


@cache
def warn_of_fallback(device_type: str) -> None:
    """Say, once a process and type of device, that the slow implementation is used and how to build the fast one."""
    reason = UNUSABLE or f"the operator was built for {build_info()} and not for {device_type!r}"
    warnings.warn(
        f"actor_roi_pool3d runs in plain PyTorch, many times slower: {reason}. "
        f"Build it with `{build_operator(cuda=device_type == 'cuda')}`.",
        RuntimeWarning,
        stacklevel=3,
    )
