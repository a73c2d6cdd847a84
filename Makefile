# make setup    install everything into .venv
# make demo     the whole method on a small drawn world
# make test     run the tests (they are offline)
# make lint     check format and style, as CI does
# make format   mend format and style
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
OPERATOR := actorsup/ops/libactorsup.so
CODE := actorsup configs tests tools setup.py

.PHONY: setup demo test lint format

setup: $(INSTALLED) $(OPERATOR)

$(INSTALLED): $(wildcard requirements/*) setup.py
	requirements/install.sh $(PYTHON) $(VENV)
	@touch $@

# The installation has built it; this builds it again when its source changes.
$(OPERATOR): $(wildcard actorsup/ops/csrc/*) | $(INSTALLED)
	$(BIN)/python setup.py build_ext --inplace
	@touch $@

demo: setup
	$(BIN)/python tools/demo.py configs/demo_puppets.py

test: setup
	$(BIN)/python -m pytest

lint: setup
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/ruff check $(CODE)

format: setup
	$(BIN)/ruff format $(CODE)
	$(BIN)/ruff check --fix $(CODE)
