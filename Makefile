# One command does all: set-up happens by itself and only when something changed.
SHELL := /bin/sh
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP = $(BIN)/python -m pip install --quiet --disable-pip-version-check
.DEFAULT_GOAL := help
.PHONY: help check test smoke widget lock format clean system

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

check: $(VENV)/ready ## format, lint, types, import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

test: system $(VENV)/ready $(VENV)/agent-only $(VENV)/hub-only ## every test, from unit to real processes
	$(BIN)/pytest -n auto --dist loadgroup

smoke: $(VENV)/ready ## one seeded day: clinic, agent, hub and amoCRM stand-in as processes, judged by the oracle
	$(BIN)/python -m demo --once $(if $(SEED),--seed $(SEED)) $(if $(VISITS),--visits $(VISITS))

widget: $(VENV)/ready ## pack widget.zip for one hub: make widget HUB=https://hub.example.ru
	$(BIN)/python -m widget.build $(HUB)

format: $(VENV)/ready ## put the code into form
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: ## write the locks anew (needs uv)
	requirements/lock

clean: ## remove what set-up and tests made
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

system:
	@requirements/system

$(VENV)/ready: requirements/dev.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(PIP) --require-hashes -r requirements/dev.txt
	$(PIP) --no-deps --no-build-isolation -e .
	@touch $@

# Environments that hold only what one side needs: tests/test_separation.py installs our wheel into them.
$(VENV)/%-only: requirements/%.txt
	$(PYTHON) -m venv $(VENV)/$*-alone
	$(VENV)/$*-alone/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/$*.txt
	@touch $@
