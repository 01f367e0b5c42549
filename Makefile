# Everything there is to do, on a machine that has Python 3.11 or newer and make.
.DEFAULT_GOAL := help
.PHONY: help demo test lint format check bench bench-peers chaos explore chaos-report coverage pictures docs clean

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

help: ## Show what can be made
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

$(VENV)/.tool: pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/.develop: pyproject.toml $(VENV)/.tool
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[test,lint]'
	@touch $@

demo: $(VENV)/.tool ## Book the example meetings in the embedded sandbox
	@PATH="$(abspath $(BIN)):$$PATH" sh docs/demo.sh

test: $(VENV)/.develop ## Run the tests
	$(BIN)/python -m pytest -n 2

chaos: $(VENV)/.develop ## Break everything that can break, and see the next run repair it (minutes)
	$(BIN)/python -m pytest -n 2 -m chaos

explore: $(VENV)/.develop ## Try the laws on examples that nobody has tried yet (minutes)
	$(BIN)/python -m pytest -n 2 -m hypothesis --hypothesis-profile=explore

chaos-report: $(VENV)/.develop ## Count what came of every fault, into docs/reliability.md
	$(BIN)/python tests/chaos/report.py

coverage: $(VENV)/.develop ## Run the tests and show what of the core they miss
	$(BIN)/python -m pytest -n 2 --cov --cov-report=term-missing:skip-covered

lint: $(VENV)/.develop ## Check style, types and the direction of imports
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

format: $(VENV)/.develop ## Format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

check: lint test chaos ## All that CI runs

bench: $(VENV)/.develop ## Measure, into docs/performance.md (BENCH='--apply --large': an apply and 50,000 occurrences, too)
	$(BIN)/python benchmarks/run.py $(BENCH)

bench-peers: $(VENV)/.develop ## Measure others on tasks of the same size (BENCH=--large: 50,000 records)
	$(BIN)/python benchmarks/peers.py $(BENCH)

pictures: $(VENV)/.develop ## Make the pictures in the README anew
	$(BIN)/python docs/make_pictures.py

docs: $(VENV)/.tool ## Make the generated parts of the documentation anew
	$(BIN)/python docs/make_config_table.py
	$(BIN)/python tests/costs.py

clean: ## Remove what can be made again; the state of the demo too
	rm -rf $(VENV) .reconciler .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage
