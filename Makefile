# `make demo` and `make test` need Python >= 3.11 with pip, and nothing else.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
PYTEST := $(BIN)/python -m pytest -n 2 --dist worksteal

.PHONY: demo test test-slow test-all lint format docs bench bench-gpu clean

demo: $(VENV)/.installed
	$(BIN)/python examples/demo.py

# Every law in a few minutes: to run between two edits.
test: $(VENV)/.installed-dev
	$(PYTEST) -m "not slow" $(ARGS)

# What that leaves out, and its random cases again, five times as many.
test-slow: $(VENV)/.installed-dev
	$(PYTEST) -m "slow or hypothesis" --hypothesis-profile full $(ARGS)

test-all: $(VENV)/.installed-dev
	$(PYTEST) --hypothesis-profile full $(ARGS)

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/pyright

format: $(VENV)/.installed-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# The pages that are written from the code.
docs: $(VENV)/.installed
	$(BIN)/python -m fgan.reporting.catalogue_page docs

bench: $(VENV)/.installed
	$(BIN)/python benchmarks/plain_loop.py
	$(BIN)/python benchmarks/ensemble.py

# On a machine with a GPU, with whatever torch it has.
bench-gpu:
	PYTHONPATH=src $(PYTHON) benchmarks/plain_loop.py --device cuda
	PYTHONPATH=src $(PYTHON) benchmarks/ensemble.py --device cuda
	PYTHONPATH=src $(PYTHON) benchmarks/mnist.py --preset mnist-dcgan --device cuda
	PYTHONPATH=src $(PYTHON) benchmarks/stacked_mnist.py --device cuda

clean:
	rm -rf $(VENV)

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

# The dev environment holds everything the plain one does, so either may come first.
$(VENV)/.installed: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	touch $@

$(VENV)/.installed-dev: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[dev]"
	touch $@ $(VENV)/.installed
