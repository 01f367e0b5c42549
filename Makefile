# Needs Python 3.11 or newer.
.DEFAULT_GOAL := help
.PHONY: help demo test lint format check bench bench-peers chaos explore chaos-report coverage pictures docs clean

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

# A .venv of an older Python, or one without pip (begun without Debian's python3-venv), is made anew.
NEW_ENOUGH = import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.12 …")

help: ## List the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

$(VENV)/.tool: pyproject.toml
	@{ test -x $(BIN)/pip && $(BIN)/python -c '$(NEW_ENOUGH)' 2>/dev/null; } || \
		{ $(PYTHON) -c '$(NEW_ENOUGH)' && $(PYTHON) -m venv --clear $(VENV); }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/.develop: pyproject.toml $(VENV)/.tool
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[test,lint]'
	@touch $@

demo: $(VENV)/.tool ## Book the example meetings in the embedded sandbox
	@PATH="$(abspath $(BIN)):$$PATH" sh docs/demo.sh

test: $(VENV)/.develop ## Run the tests
	$(BIN)/python -m pytest -n 2

chaos: $(VENV)/.develop ## Break everything that can break, and check that the next run repairs it (minutes)
	$(BIN)/python -m pytest -n 2 -m chaos

explore: $(VENV)/.develop ## Try the property tests on new examples (minutes)
	$(BIN)/python -m pytest -n 2 -m hypothesis --hypothesis-profile=explore

chaos-report: $(VENV)/.develop ## Count the outcome of every fault, into docs/reliability.md
	$(BIN)/python tests/chaos/report.py

coverage: $(VENV)/.develop ## Run the tests and show what they don't cover
	$(BIN)/python -m pytest -n 2 --cov --cov-report=term-missing:skip-covered

lint: $(VENV)/.develop ## Check style, types and imports
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

format: $(VENV)/.develop ## Format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

check: lint test chaos ## All that CI runs

bench: $(VENV)/.develop ## Measure, into docs/performance.md (BENCH='--apply --large': also an apply and 50,000 occurrences)
	$(BIN)/python benchmarks/run.py $(BENCH)

bench-peers: $(VENV)/.develop ## Measure others on tasks of the same size (BENCH=--large: 50,000 records)
	$(BIN)/python benchmarks/peers.py $(BENCH)

pictures: $(VENV)/.develop ## Draw the pictures of the README and the docs
	$(BIN)/python docs/make_pictures.py

docs: $(VENV)/.tool ## Regenerate the tables of the docs
	$(BIN)/python docs/make_config_table.py
	$(BIN)/python tests/costs.py

clean: ## Remove everything that can be rebuilt, including the demo's state
	rm -rf $(VENV) .reconciler .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage
