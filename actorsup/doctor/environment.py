"""The machine and what is installed on it."""

import sys
import tempfile
from importlib import import_module
from pathlib import Path

from actorsup.installation import build_mmcv_operators, build_operator, pip_install

from .check import Check, Defect, run_check

OLDEST_PYTHON = (3, 11)
NUM_FRAMES = 5
OPENCV = "opencv-contrib-python-headless"


def check_environment() -> list[Check]:
    """Interpreter, libraries, operators, GPU and video decoders, the foundations first."""
    install_torch = pip_install("torch", "torchvision")
    install_openmmlab = pip_install("onedl-mmengine", "onedl-mmcv", "onedl-mmdetection")
    install_opencv = pip_install(OPENCV, options="--force-reinstall --no-deps")
    return [
        run_check("Python", _python, "python3.11 -m venv .venv  # an environment of a newer Python; install there"),
        run_check("torch", lambda: _version("torch"), install_torch),
        run_check("torchvision", lambda: _version("torchvision"), install_torch),
        run_check("GPU", _gpu, "nvidia-smi  # says whether there is one, and whether its driver works", needed=False),
        run_check("operator of actorsup", _operator, build_operator(), needed=False),
        run_check("operator of actorsup, CUDA", _operator_on_gpu, build_operator(cuda=True), needed=False),
        run_check("mmengine", lambda: _version("mmengine"), install_openmmlab),
        run_check("mmcv", lambda: _version("mmcv"), install_openmmlab),
        run_check("operators of mmcv", _mmcv_operators, build_mmcv_operators(), needed=False),
        run_check("non-maximum suppression", _suppression, install_openmmlab),
        run_check("mmdet", lambda: _version("mmdet"), install_openmmlab),
        *(
            run_check(name, lambda name=name: _version(name), pip_install(package))
            for name, package in (("numpy", "numpy"), ("matplotlib", "matplotlib"), ("PIL", "pillow"), ("av", "av"))
        ),
        run_check("OpenCV", lambda: _version("cv2"), install_opencv),
        *(
            run_check(f"video decoder, {suffix} {codec}", lambda s=suffix, c=codec: _decoder(s, c), install_opencv)
            for suffix, codec in ((".avi", "MJPG"), (".mp4", "mp4v"))
        ),
        *(
            run_check(f"{name}, for {extra}", lambda name=name: _version(name), pip_install(name), needed=False)
            for name, extra in (("plotly", "reports"), ("jinja2", "reports"), ("pandas", "tables"))
        ),
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
    try:
        extension = import_module("mmcv._ext")
    except ModuleNotFoundError:
        extension = None
    if getattr(extension, "__file__", None) is None:  # the substitute has none
        raise Defect("not built; one-stage detectors do not need them, two-stage and deformable ones do")
    return "built"


def _suppression() -> str:
    """Suppress one of two equal boxes as mmdet does it."""
    has_substitute = import_module("actorsup.detectors.mmcv_ops").provide_mmcv_operators()
    torch, ops = import_module("torch"), import_module("mmcv.ops")
    boxes, scores = torch.tensor([[0.0, 0.0, 9.0, 9.0], [0.0, 0.0, 9.0, 8.0]]), torch.tensor([0.5, 0.9])
    _, kept = ops.nms(boxes, scores, 0.5)
    if kept.tolist() != [1]:
        raise Defect(f"keeps {kept.tolist()} of two equal boxes")
    return "torchvision's" if has_substitute else "mmcv's"


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
