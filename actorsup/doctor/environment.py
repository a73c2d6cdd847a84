"""The machine and what is installed on it."""

import sys
import tempfile
from importlib import import_module
from pathlib import Path

from .check import Check, Defect, run_check

OLDEST_PYTHON = (3, 11)
NUM_FRAMES = 5
PIP = f"{sys.executable} -m pip install"
# The same commands as in requirements/install.sh.
INSTALL_TORCH = f"{PIP} -r requirements/build.txt"
INSTALL_OPENMMLAB = f"{PIP} --no-build-isolation -r requirements/mminstall.txt"
COMPILE_MMCV = (
    f"{PIP} --no-build-isolation --no-deps --force-reinstall --no-cache-dir onedl-mmcv==2.3.6  "
    "# compiles for about 15 minutes"
)
INSTALL_OPENCV = f"{PIP} --force-reinstall --no-deps opencv-python-headless==4.12.0.88"
INSTALL_OTHERS = f"{PIP} -r requirements/runtime.txt"
BUILD_OPERATOR = f"{PIP} --no-build-isolation --no-deps --editable ."


def check_environment() -> list[Check]:
    """Interpreter, libraries, operators, GPU and video decoders, the foundations first."""
    return [
        run_check("Python", _python, "make setup PYTHON=python3.11"),
        run_check("torch", lambda: _version("torch"), INSTALL_TORCH),
        run_check("torchvision", lambda: _version("torchvision"), INSTALL_TORCH),
        run_check("GPU", _gpu, "nvidia-smi  # says whether there is one, and whether its driver works", needed=False),
        run_check("operator of actorsup", _operator, BUILD_OPERATOR, needed=False),
        run_check("operator of actorsup, CUDA", _operator_on_gpu, f"FORCE_CUDA=1 {BUILD_OPERATOR}", needed=False),
        run_check("mmengine", lambda: _version("mmengine"), INSTALL_OPENMMLAB),
        run_check("mmcv", lambda: _version("mmcv"), INSTALL_OPENMMLAB),
        run_check("operators of mmcv", _mmcv_operators, COMPILE_MMCV),
        run_check("mmdet", lambda: _version("mmdet"), INSTALL_OPENMMLAB),
        *(
            run_check(name, lambda name=name: _version(name), INSTALL_OTHERS)
            for name in ("numpy", "matplotlib", "PIL", "plotly", "av")
        ),
        run_check("OpenCV", lambda: _version("cv2"), INSTALL_OPENCV),
        *(
            run_check(f"video decoder, {suffix} {codec}", lambda s=suffix, c=codec: _decoder(s, c), INSTALL_OPENCV)
            for suffix, codec in ((".avi", "MJPG"), (".mp4", "mp4v"))
        ),
        run_check("pandas, for tables", lambda: _version("pandas"), f"{PIP} pandas", needed=False),
    ]


def _python() -> str:
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info < OLDEST_PYTHON:
        raise Defect(f"{version}, {'.'.join(map(str, OLDEST_PYTHON))} or later is needed")
    return f"{version}, {sys.executable}"


def _version(name: str) -> str:
    return import_module(name).__version__


def _gpu() -> str:
    torch = import_module("torch")
    if not torch.cuda.is_available():
        raise Defect("none that torch can use; everything runs on the CPU")
    total = (torch.ones(8, device="cuda") * 2).sum().item()  # a driver can be there and not run anything
    if total != 16:
        raise Defect(f"{torch.cuda.get_device_name()} sums eight twos to {total}")
    return f"{torch.cuda.get_device_name()}, CUDA {torch.version.cuda}"


def _operator() -> str:
    library = import_module("actorsup.ops.library")
    if library.UNUSABLE:
        raise Defect(f"{library.UNUSABLE}; pooling runs in plain PyTorch, many times slower")
    _pool_on("cpu")
    return library.build_info()


def _operator_on_gpu() -> str:
    torch, library = import_module("torch"), import_module("actorsup.ops.library")
    if not torch.cuda.is_available():
        return "not needed, there is no GPU"
    if not library.is_compiled_for("cuda"):
        raise Defect("not built; pooling runs in plain PyTorch on the GPU, many times slower")
    _pool_on("cuda")
    return library.build_info()


def _pool_on(device: str) -> None:
    """Pool a constant map, whose features are that constant."""
    torch, ops = import_module("torch"), import_module("actorsup.ops")
    features = torch.full((1, 2, 3, 4, 4), 7.0, device=device)
    tubes = torch.tensor([[[8.0, 8.0, 40.0, 40.0]] * 2], device=device)
    video_index = torch.zeros(1, dtype=torch.int64, device=device)
    pooled = ops.actor_roi_pool3d(features, tubes, video_index, (2, 2), 1 / 16, torch.ones(1, 2, device=device))
    if not torch.allclose(pooled, torch.full_like(pooled, 7.0)):
        raise Defect(f"pools a map of sevens to {pooled.flatten().tolist()}")


def _mmcv_operators() -> str:
    torch, ops = import_module("torch"), import_module("mmcv.ops")
    boxes, scores = torch.tensor([[0.0, 0.0, 9.0, 9.0], [0.0, 0.0, 9.0, 8.0]]), torch.tensor([0.5, 0.9])
    _, kept = ops.nms(boxes, scores, 0.5)
    if kept.tolist() != [1]:
        raise Defect(f"non-maximum suppression keeps {kept.tolist()} of two equal boxes")
    return "compiled"


def _decoder(suffix: str, codec: str) -> str:
    """Write a small video and read it back."""
    cv2, numpy, io = import_module("cv2"), import_module("numpy"), import_module("actorsup.io")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"video{suffix}"
        writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*codec), 25, (64, 48))
        if not writer.isOpened():
            raise Defect(f"OpenCV {cv2.__version__} cannot write such a file, to try with")
        for index in range(NUM_FRAMES):
            writer.write(numpy.full((48, 64, 3), 40 * index, numpy.uint8))
        writer.release()
        levels = [frame.mean() for frame in io.open_video(path)]
    if len(levels) != NUM_FRAMES or max(abs(level - 40 * index) for index, level in enumerate(levels)) > 8:
        raise Defect(f"{NUM_FRAMES} frames were written, of brightness 0, 40, …; read were {levels}")
    return f"{NUM_FRAMES} frames written and read"
