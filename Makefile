# make setup    install everything into .venv; WITH_MMCV_OPS=1 compiles mmcv's operators too, about 15 minutes
# make demo     the whole method on a small synthetic world
# make experiments   what docs/experiments.md shows of the Puppets: a night on two cores; goes on where it was interrupted
# make docs     the pages of docs/ and the reference, into docs/_build
# make test     run the tests (they are offline) but for those that take long; JOBS=4 runs four at a time, 2 is the default
# make test-all run all of them, as CI does
# make test-faults  the fault campaign of docs/reliability.md, within an hour on two cores; goes on where it was interrupted
# make lint     check format and style, as CI does
# make format   fix format and style
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
INSTALLED := $(VENV)/.installed
MMCV_OPS := $(VENV)/.mmcv_ops
OPERATOR := actorsup/ops/libactorsup.so
CODE := actorsup configs docs tests tools setup.py
JOBS ?= 2
# The tests of a file share what they are tested on. A core each: more threads would wait for one another.
TEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses=$(JOBS) --dist=loadfile --no-loadscope-reorder

# Threads that wait must not spin: on cores that other programs use too, that would take several times as long.
export OMP_WAIT_POLICY ?= PASSIVE

.PHONY: setup demo experiments docs test test-all test-faults lint format

setup: $(INSTALLED) $(OPERATOR) $(if $(filter-out 0,$(WITH_MMCV_OPS)),$(MMCV_OPS))

$(INSTALLED): $(wildcard requirements/*) setup.py pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("actorsup needs Python 3.11 or later: make setup PYTHON=..." if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --requirement requirements/torch.txt
	$(PIP) install --editable '.[docs,onnx,openclip,report,tables,tests,timm,trackers,transformers]'
	$(BIN)/python tools/doctor.py
	@touch $@

# Beside torch, so without build isolation; what pip has built before may be without operators, or for another torch.
$(MMCV_OPS): $(INSTALLED)
	$(PIP) install setuptools wheel packaging ninja
	$(PIP) install --no-build-isolation --no-deps --force-reinstall --no-cache-dir $(shell sed -n 's/^\(onedl-mmcv==[^ ]*\).*/\1/p' requirements/runtime.txt)
	@touch $@

# The installation has built it; this builds it again when its source changes.
$(OPERATOR): $(wildcard actorsup/ops/csrc/*) | $(INSTALLED)
	$(BIN)/python setup.py build_ext --inplace
	@touch -c $@

demo: setup
	$(BIN)/python tools/demo.py configs/demo_puppets.py

experiments: setup
	for world in puppets puppets_fresh puppets_second puppets_second_fresh; do \
	    config=configs/actorsup_efficientnet_lite0_$$world.py; \
	    $(BIN)/python tools/make_puppets.py $$config && \
	    for linker in siamese viterbi unlinked sliding_window random; do \
	        $(BIN)/python tools/generate_proposals.py $$config --cfg-options proposals.linker=$$linker || exit 1; \
	    done && \
	    $(BIN)/python tools/eval_proposals.py $$config work_dirs/proposals/$$world/ssd/tubes_* \
	        --out work_dirs/experiments/$${world}_linking && \
	    $(BIN)/python tools/experiments.py configs/experiments/$$world.py || exit 1; \
	done
	$(BIN)/python tools/experiments.py configs/experiments/puppets_parts.py
	$(BIN)/python tools/generate_proposals.py configs/actorsup_shufflenet_puppets.py \
	    --cfg-options proposals.linker=siamese_50 train_dataloader=None
	$(BIN)/python tools/make_puppets.py configs/detectors/ssd_shufflenet_puppets_all_poses.py
	test -f work_dirs/ssd_shufflenet_puppets_all_poses/epoch_8.pth || \
	    $(BIN)/python tools/train.py configs/detectors/ssd_shufflenet_puppets_all_poses.py
	$(BIN)/python tools/generate_proposals.py configs/actorsup_shufflenet_puppets_fresh.py \
	    --cfg-options proposals.detector=ssd_all_poses

docs: setup
	$(BIN)/python -m sphinx --fail-on-warning --keep-going --quiet docs docs/_build

test: setup
	$(TEST) -m "not slow"

test-all: setup
	$(TEST)

test-faults: setup
	OMP_NUM_THREADS=1 $(BIN)/python tools/faults/run.py --jobs $(JOBS)

lint: setup
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/ruff check $(CODE)

format: setup
	$(BIN)/ruff format $(CODE)
	$(BIN)/ruff check --fix $(CODE)
