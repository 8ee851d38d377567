# Darkroom: `make help` lists what there is.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
export PYTHONDONTWRITEBYTECODE :=
UV := .venv/bin/uv
STAMP := .venv/.synced
# Two workers, and three where no test starts a whole platform: most wait for processes they started, and every worker
# has a Postgres of its own. In the order of their folders: quick ones come last, so that no worker waits for another.
PYTEST := .venv/bin/pytest -n 2 --dist loadfile --no-loadscope-reorder -rs

.PHONY: help setup browser screenshot demo test test-platform test-crash test-long check lint types imports format bench docs up down clean

help: ## Say what can be done
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

setup: $(STAMP) ## Build the locked environment in .venv

$(STAMP): pyproject.toml uv.lock
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))' || { echo "Darkroom needs Python 3.11 to 3.14; set PYTHON=/path/to/one"; exit 2; }
	@test -x $(UV) || { $(PYTHON) -m venv .venv && .venv/bin/python -m pip install --quiet uv; }
	$(UV) sync --locked --inexact --all-extras --compile-bytecode --quiet
	@touch $(STAMP)

browser: ## Install Chromium for the gallery's tests (Debian or Ubuntu, as root)
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null || \
	  { apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium fonts-inter; }

screenshot: setup browser ## Take the README's picture of the gallery, from the sample library
	.venv/bin/python -m tests.api.gallery.screenshot

demo: setup ## Import a sample library and show it; ONCE=1 ends after the summary
	.venv/bin/darkroom demo $(if $(ONCE),--once)

up: setup ## Start the platform in the foreground
	.venv/bin/darkroom up

down: ## Stop it
	.venv/bin/darkroom down

test: setup ## Run the tests, but for those that start whole platforms or build all marts
	$(PYTEST) -n 3

test-platform: setup ## Run the tests that start whole platforms or build all marts; `make check` runs half of them
	$(PYTEST) -m platform --platform

test-crash: setup ## Kill parts of the running platform in the middle of imports, 20 times
	.venv/bin/pytest -rs -m crash --platform --crash-cycles 20

test-long: setup ## Run the tests that take minutes
	.venv/bin/pytest -rs -m long --platform --long

lint: setup ## Style, docstrings, security rules, SQL
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/sqlfluff lint models_dbt/models models_dbt/tests --disable-progress-bar

types: setup ## Static types
	.venv/bin/mypy

imports: setup ## Who may import whom
	.venv/bin/lint-imports

# Dozens of starts and builds, which take as long as all the rest: whoever changes what they test runs them, and a release.
# What the marts say, after one build, is not among them: every change may alter it (tests/integration/test_marts.py).
APART := tests/integration/test_marts_builds.py $(wildcard tests/integration/test_supervisor*.py) tests/e2e/test_e2e_homes.py

check: lint types imports ## What every change must pass, in 20 to 25 minutes
	$(UV) lock --check
	$(PYTEST) --platform --cov --cov-report=term $(addprefix --ignore=,$(APART))
	$(MAKE) demo ONCE=1

format: setup ## Rewrite files in the house's style
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .

bench: setup ## Measure, as ratios, into bench/results/latest.json
	.venv/bin/python -m bench

docs: setup ## Build the documentation into site/
	$(UV) sync --locked --inexact --all-extras --group docs --quiet
	.venv/bin/python -W ignore -m docs.generate
	.venv/bin/mkdocs build --strict

clean: ## Remove what builds left behind (not your photos)
	rm -rf site dist .coverage .coverage.* .pytest_cache .mypy_cache .ruff_cache
