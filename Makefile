# One word per task; each installs what it needs into .venv first, and is quick when nothing changed.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
ARGS ?=

export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: help install run test lint types bench screenshots chaos clean

help: ## Say what each word does
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-7s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: $(STAMP) ## Install what the other words need, and nothing else

run: $(STAMP) ## Start everything on this machine
	$(BIN)/python -m standalone run $(ARGS)

test: $(STAMP) ## Run the whole test suite (ARGS="-k name" for a part)
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile $(ARGS)

lint: $(STAMP) ## Check style, format, the direction of imports and known holes in packages
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-cache --no-logo
	$(BIN)/codespell
	$(BIN)/python .ci/audit.py

types: $(STAMP) ## Check the types
	$(BIN)/mypy

bench: $(STAMP) ## Measure requests, throughput and memory
	$(BIN)/python -m tests.bench $(ARGS)

screenshots: $(STAMP) ## Take the pictures of the dashboard anew
	$(BIN)/python -m tests.screenshots

chaos: $(STAMP) ## Prove that nothing is lost when everything fails
	$(BIN)/python -m tests.chaos $(ARGS)

clean: ## Remove what these words made
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .ruff_cache .mypy_cache .import_linter_cache \
		.hypothesis .coverage htmlcov

$(STAMP): requirements.txt server_code/requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { \
		echo "Runstream needs Python 3.10 or newer, and '$(PYTHON)' is none." \
			"Name another one: make PYTHON=python3.12 ..." >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --requirement requirements.txt
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@
