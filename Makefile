# `make quickstart` and `make test` need make, python3 (3.11 or later) and python3-venv; everything else goes into .venv.

PYTHON ?= python3
WORKERS ?= 2
VENV := .venv
BIN := $(VENV)/bin
PEERS := .venv-benchmarks
ARGS ?= --jobs 2

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help quickstart test lint benchmarks benchmark-default benchmark-minibatch clean

help:
	@echo "make quickstart   install into $(VENV) and run examples/plot_quickstart.py (writes quickstart.png)"
	@echo "make test         lint, tests, docstring examples, gallery examples, packaging: everything CI runs"
	@echo "make lint         ruff check"
	@echo "make benchmarks   run benchmarks/run_core.py"
	@echo "make benchmark-default   run benchmarks/run_default.py against its peers, in $(PEERS) (ARGS=\"noisy --rerun newtonreg\")"
	@echo "make benchmark-minibatch   run benchmarks/run_minibatch.py in $(VENV) (ARGS=\"inna --data FOLDER\")"
	@echo "make clean        remove build products and caches (not $(VENV))"

quickstart: $(VENV)/.installed-plot
	MPLBACKEND=Agg $(BIN)/python examples/plot_quickstart.py

# One BLAS thread a worker: OMP_NUM_THREADS is read by OpenBLAS and MKL alike.
test: $(VENV)/.installed-test lint
	SCIPY_ARRAY_API=1 OMP_NUM_THREADS=1 MPLBACKEND=Agg $(BIN)/python -m pytest -n $(WORKERS) --doctest-modules newtonreg tests

lint: $(VENV)/.installed-test
	$(BIN)/ruff check .

benchmarks: $(VENV)/.installed-plot
	$(BIN)/python benchmarks/run_core.py

benchmark-default: $(PEERS)/.installed
	$(PEERS)/bin/python benchmarks/run_default.py $(ARGS)

benchmark-minibatch: $(VENV)/.installed-plot
	$(BIN)/python benchmarks/run_minibatch.py $(ARGS)

clean:
	rm -rf build dist *.egg-info .pytest_cache .ruff_cache .hypothesis quickstart.png
	find . -path ./$(VENV) -prune -o -name __pycache__ -type d -prune -exec rm -rf {} +

# bin/pip is there only if ensurepip ran, so a half-made environment is made again.
$(BIN)/pip:
	@$(PYTHON) -m venv $(VENV) || { echo "No virtual environment: apt install python3-venv, then run make again." >&2; exit 1; }
	$(BIN)/python -m pip install --quiet --upgrade pip

# Stamps: an installation is repeated only when the metadata change.
$(VENV)/.installed-plot: setup.cfg pyproject.toml | $(BIN)/pip
	$(BIN)/python -m pip install --quiet -e ".[plot]"
	@touch $@

$(VENV)/.installed-test: setup.cfg pyproject.toml | $(BIN)/pip
	$(BIN)/python -m pip install --quiet -e ".[test,plot]"
	@touch $@ $(VENV)/.installed-plot

$(PEERS)/.installed: setup.cfg pyproject.toml benchmarks/requirements-peers.txt
	$(PYTHON) -m venv $(PEERS)
	$(PEERS)/bin/python -m pip install --quiet --upgrade pip
	$(PEERS)/bin/python -m pip install --quiet -e . -r benchmarks/requirements-peers.txt
	@touch $@
