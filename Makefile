# `make demo` and `make test` need Python >= 3.11 with pip, and nothing else.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin

.PHONY: demo test lint format docs bench bench-gpu clean

demo: $(VENV)/.installed
	$(BIN)/python examples/demo.py

test: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -n 2 $(ARGS)

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
