#!/usr/bin/env bash
# All that is measured on a GPU, in one run: builds the operator, proves it, times it, links, trains, localizes.
#
#   tools/benchmarks/gpu.sh OUT [cuda|cpu] [STAGE ...]
#
# Logs and numbers go to the folder OUT; without stages all are run. A stage that fails does not stop the others; the
# exit status is the number of those that failed. `cpu` runs everything small, to try the script itself.
#
# It needs torch and torchvision, and, to build, a compiler and nvcc; an operator that is built already is taken as it is.
# What else is missing on the machine may be given as a folder of wheels in WHEELS, which are installed for this run
# alone. Linking and localizing need ACTORSUP_DATA, with weights/ and thumos13/clips/.
set -uo pipefail
cd "$(dirname "$0")/../.."
mkdir -p "${1:?usage: tools/benchmarks/gpu.sh OUT [cuda|cpu] [STAGE ...]}"
out=$(realpath "$1") device=${2:-cuda} stages=" ${*:3} "
python=${PYTHON:-python3}
failed=0
if [ -n "${WHEELS:-}" ]; then
    site=$(mktemp -d)
    trap 'rm -rf "$site"' EXIT
    $python -m pip install --quiet --no-index --no-deps --no-compile --target "$site" "$WHEELS"/*.whl || exit 1
    export PYTHONPATH="$PWD:$site${PYTHONPATH:+:$PYTHONPATH}"
else
    export PYTHONPATH="$PWD${PYTHONPATH:+:$PYTHONPATH}"
fi

# stage NAME SECONDS COMMAND ...: run it if it was asked for, within that time.
stage() {
    local name=$1 limit=$2 start=$SECONDS status
    shift 2
    [ "$stages" = "  " ] || [[ "$stages" == *" $name "* ]] || return 0
    echo "==> $name"
    timeout "$limit" "$@" 2>&1 | tee "$out/$name.log"
    status=$?
    [ $status = 0 ] || { failed=$((failed + 1)); echo "    $name FAILED with $status"; }
    echo "    $name: $((SECONDS - start)) s"
}

build() {
    local wanted=CPU
    [ "$device" = cpu ] || wanted=CUDA
    $python -c "from actorsup.ops.ops import build_info; print(build_info()); assert '$wanted' in build_info()" ||
        FORCE_CUDA=$([ "$device" = cpu ] && echo 0 || echo 1) $python setup.py build_ext --inplace
}

machine() {
    [ "$device" = cpu ] || nvidia-smi --query-gpu=name,memory.total,driver_version,clocks.sm --format=csv
    $python -c "
import torch, torchvision, numpy, platform
print('Python', platform.python_version(), 'torch', torch.__version__, 'torchvision', torchvision.__version__,
      'numpy', numpy.__version__, 'CUDA', torch.version.cuda, 'cores', len(__import__('os').sched_getaffinity(0)))"
}

# Processes that share a GPU need CUDA's Multi-Process Service, or they take turns.
proposals() {
    local served=0
    [ "$device" = cuda ] && command -v nvidia-cuda-mps-control >/dev/null && nvidia-cuda-mps-control -d && served=1
    $python tools/benchmarks/proposals.py "$@"
    local status=$?
    [ $served = 0 ] || echo quit | nvidia-cuda-mps-control
    return $status
}

export -f build machine proposals
export device python
clip=${ACTORSUP_DATA:-}/thumos13/clips/Fencing/v_Fencing_g01_c06.mp4
config=configs/actorsup_squeezenet_thumos13_clips.py
pytest="$python -m pytest -q --noconftest -p no:cacheprovider"

stage machine 60 bash -c machine
stage build 300 bash -c build
if [ "$device" = cuda ]; then
    stage equality 150 $pytest -k "cuda or gpu or two_to_the_31" tests/ops/test_compiled.py
    stage sanitizer 120 compute-sanitizer --error-exitcode 9 $pytest -x \
        -k "cuda and (one_cell or none_or_one or gradient_for_channels_last)" tests/ops/test_compiled.py
    stage pooling 150 $python tools/benchmarks/actor_roi_pool3d.py --device cuda --seconds 2 --json "$out/pooling.json"
    stage linking 150 $python tools/benchmarks/linking.py $config $clip --device cuda --rounds 1 \
        --tubes 20 80 --batch-size 80 --json "$out/linking.json" --cfg-options proposals.linker=siamese_small
    stage training 120 $python tools/benchmarks/training.py --device cuda --workers 12 --json "$out/training.json"
    stage localizing 120 $python tools/benchmarks/localizing.py $config $clip --device cuda \
        --json "$out/localizing.json" --cfg-options proposals.linker=siamese_small_shared
    for linker in siamese_small_shared siamese_small; do
        stage "proposals_$linker" 240 bash -c 'proposals "$@"' - $config $clip --device cuda --processes 1 4 8 12 \
            --videos 2 --json "$out/proposals_$linker.json" --cfg-options proposals.linker=$linker \
            proposals.linkers.$linker.batch_size=20
    done
else
    stage equality 600 $pytest -k "cpu and equals_the_reference" tests/ops/test_compiled.py
    stage pooling 600 $python tools/benchmarks/actor_roi_pool3d.py --quick --seconds 0 --json "$out/pooling.json"
    stage linking 600 $python tools/benchmarks/linking.py $config $clip --rounds 1 --frames 4 \
        --tubes 3 --json "$out/linking.json" --cfg-options proposals.linker=siamese_small
    stage training 600 $python tools/benchmarks/training.py configs/actorsup_squeezenet_thumos13_clips.py --steps 1 \
        --frames 20 --size 64 48 --precisions float32 --workers 0 --json "$out/training.json"
    stage localizing 600 $python tools/benchmarks/localizing.py $config $clip --rounds 1 \
        --json "$out/localizing.json" --cfg-options proposals.linker=viterbi
    stage proposals 600 bash -c 'proposals "$@"' - $config $clip --processes 2 --videos 1 \
        --json "$out/proposals.json" --cfg-options proposals.linker=viterbi
fi
exit $failed
