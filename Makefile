# One command does all: set-up happens by itself and only when something changed.
SHELL := /bin/sh
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP = $(BIN)/python -m pip install --quiet --disable-pip-version-check
.DEFAULT_GOAL := help
# Tests and the smoke run start hundreds of processes: without it each would compile everything anew.
unexport PYTHONDONTWRITEBYTECODE
PAGES := demo/amocrm/pages
.PHONY: help check test test-long test-mssql bench smoke demo demo-reset screens widget lock format clean system demo-system

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

check: $(VENV)/ready ## format, lint, types, import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

test: system $(VENV)/ready $(PAGES)/node_modules/ready tests/peers/node_modules/ready $(VENV)/agent-only $(VENV)/hub-only ## every test, from unit to real processes
	$(BIN)/pytest -n auto --dist loadgroup

test-long: system $(VENV)/ready ## what make test takes a share of, whole: every await, thousands of histories (SEED=N begins elsewhere)
	$(BIN)/pytest -m long -n auto --dist loadgroup

test-mssql: system $(VENV)/ready ## the contract suite on the SQL Server that MIS_TEST_DSN names; without it, one line says what was not run
	@$(BIN)/python -m tests.contract

bench: system $(VENV)/ready ## measure beside the floors, five blocks of each; run it where nothing else runs (FIGURES="P1 P3" for some)
	$(BIN)/python -m benchmarks $(FIGURES)

smoke: $(VENV)/ready ## one seeded day: clinic, agent, hub and amoCRM stand-in as processes, judged by the oracle
	$(BIN)/python -m demo --once $(if $(SEED),--seed $(SEED)) $(if $(VISITS),--visits $(VISITS))

demo: demo-system $(VENV)/ready $(PAGES)/node_modules/ready ## the whole product in a browser: no account and no clinic needed; Ctrl-C ends it
	$(BIN)/python -m demo

demo-reset: ## forget what the demo has played
	rm -rf demo-state

screens: system $(VENV)/ready $(PAGES)/node_modules/ready ## photograph every state of the panel into docs/screens
	$(BIN)/python -m tests.browser.screens

widget: $(VENV)/ready ## pack widget.zip for one hub: make widget HUB=https://hub.example.ru
	$(BIN)/python -m widget.build $(HUB)

wheel: $(VENV)/ready ## build dist/ident_link-*.whl, from which hub and agent are installed
	$(BIN)/python -m pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation -w dist .
	@ls dist/*.whl

format: $(VENV)/ready ## put the code into form
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: ## write the locks anew (needs uv)
	requirements/lock

clean: ## remove what set-up and tests made
	rm -rf $(VENV) $(PAGES)/node_modules tests/peers/node_modules build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

system:
	@requirements/system test

demo-system:
	@requirements/system demo

# What the stand-in's pages load (amoCRM's own versions of its libraries), and the client by strangers that the stand-in is held to.
%/node_modules/ready: %/package-lock.json
	cd $* && npm ci --silent
	@touch $@

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
