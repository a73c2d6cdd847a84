#!/usr/bin/env bash
# Installs everything into a virtual environment, in the order that mmcv's build needs.
# Usage: requirements/install.sh PYTHON VENV
# A folder of wheels in PIP_FIND_LINKS is used where it fits; a wheel of onedl-mmcv there saves its compilation.
set -euo pipefail
cd "$(dirname "$0")/.."
python=$1 venv=$2

step() {
    local title=$1 start=$SECONDS
    shift
    echo "==> $title"
    "$@"
    echo "    done in $((SECONDS - start)) s"
}

pip() { "$venv/bin/python" -m pip --disable-pip-version-check "$@"; }

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    { echo "actorsup needs Python 3.11 or later; $python is $("$python" --version). Give another: make setup PYTHON=..." >&2; exit 1; }

step "virtual environment $venv" "$python" -m venv "$venv"
step "torch and build tools (a download of several GB, 2 to 10 minutes)" \
    pip install --quiet -r requirements/build.txt
step "mmengine, mmcv, mmdet (without a wheel of onedl-mmcv its operators are compiled: about 15 minutes on two cores)" \
    pip install --quiet --no-build-isolation -r requirements/mminstall.txt
# mmdet brings two builds of OpenCV that overwrite each other; the one that runs without libGL must come last.
step "OpenCV without libGL" \
    pip install --quiet --force-reinstall --no-deps "$(sed -n 's/^\(opencv-python-headless==[0-9.]*\).*/\1/p' requirements/runtime.txt)"
step "other requirements" pip install --quiet -r requirements/runtime.txt -r requirements/tests.txt -r requirements/docs.txt
step "actorsup, editable, and its operator (compiled for the CPU, and for CUDA with a GPU or FORCE_CUDA=1: about a minute)" \
    pip install --quiet --no-build-isolation --no-deps --editable .
step "check" "$venv/bin/python" -W ignore -c '
import cv2, mmcv.ops, mmdet, mmengine, torch, torchvision
import actorsup
from actorsup.ops import library
assert not library.UNUSABLE, library.UNUSABLE
print(f"    actorsup {actorsup.__version__} with its operator for {library.build_info()}, torch {torch.__version__}, mmcv {mmcv.__version__} with compiled operators,",
      f"mmdet {mmdet.__version__}, OpenCV {cv2.__version__}, GPU: {torch.cuda.is_available()}")'
