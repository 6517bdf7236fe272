# `make demo` and `make test` need Python >= 3.11 with pip, and nothing else.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
PYTEST := $(BIN)/python -m pytest -n 2 --dist worksteal

.PHONY: demo test test-slow test-all coverage torture lint format docs docs-serve dist dist-check bench bench-gpu clean

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

# Lines and branches that the tests reach, of src/; the table at the end, pages in build/coverage.
coverage: $(VENV)/.installed-dev
	rm -rf build/coverage && mkdir -p build/coverage
	COVERAGE_FILE=build/coverage/data $(PYTEST) --cov=fgan --cov-branch --cov-report=html:build/coverage --cov-report=term $(ARGS)

# Kills, damaged files, bombs and a million mutated inputs, in half an hour: docs/reliability.md.
torture: $(VENV)/.installed-dev
	$(BIN)/python benchmarks/torture.py $(ARGS)

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/pyright

format: $(VENV)/.installed-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# The site, in build/docs: first the pages that are written from the code. A warning is an error.
docs: $(VENV)/.installed-docs
	$(BIN)/python -m fgan.reporting.catalogue_page docs
	$(BIN)/python docs/_ext/cli_page.py
	$(BIN)/python docs/_ext/benchmark_plots.py
	$(BIN)/python -m sphinx -W --keep-going -q -b html docs build/docs

docs-serve: docs
	$(BIN)/python -m http.server 8000 --bind 127.0.0.1 --directory build/docs

# What a release publishes, and a look at it: installed into an environment of its own, used outside the checkout.
dist: $(VENV)/.installed-dev
	rm -rf dist
	$(BIN)/python -m build

dist-check: dist
	$(PYTHON) -m venv --clear build/clean
	build/clean/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt dist/*.whl
	cd build && clean/bin/python ../tests/release/smoke.py clean

# One table in at most ten minutes, on a machine that does nothing else: benchmarks/speed-cpu.json has its figures.
bench: $(VENV)/.installed
	$(BIN)/python benchmarks/speed.py

# The same on a machine with a GPU, with whatever torch it has: benchmarks/speed-cuda.json.
bench-gpu:
	PYTHONPATH=src $(PYTHON) benchmarks/speed.py --device cuda

clean:
	rm -rf $(VENV)

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

# The dev environment holds everything the others do, so any may come first.
$(VENV)/.installed: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	touch $@

$(VENV)/.installed-docs: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[docs]"
	touch $@ $(VENV)/.installed

$(VENV)/.installed-dev: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[dev]"
	touch $@ $(VENV)/.installed $(VENV)/.installed-docs
