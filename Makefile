# The project's chores. `make` alone lists them. None needs root, and each sets up what it needs.

SHELL := /bin/sh
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help
.PHONY: help setup demo demo-real test cover check lock bench prove clean bootstrap

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready
# A council's network may have a certificate of its own, which the system knows.
UV := $(BIN)/uv --quiet --system-certs
# Another Python is chosen with `make setup PYTHON=/path/to/python3.12`, after `make clean`.
PYTHON ?= python3.13 python3.12 python3.11 python3
# Passed on by test, lock, demo and bench: `make test ARGS="-k spells"`, `make lock ARGS=--upgrade`.
ARGS ?=
TESTS = $(BIN)/python -m pytest -m "not slow" -n auto --maxprocesses 4 --dist loadgroup

help:  ## list these targets
	@echo "Reconciles the care package line items of three councils with providers' caseloads."
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' Makefile | awk -F'|' '{printf "%-14s %s\n", $$1, $$2}'

setup: $(READY)  ## make .venv with the locked packages and the cpli command
	@echo "Set up: $(BIN)/cpli"

demo: $(READY)  ## reconcile a made-up population over two nights and show what came out
	@echo "Reconciling a made-up population over two nights."
	@$(BIN)/cpli demo $(ARGS)

demo-real: $(READY)  ## the same from a PostgreSQL, an SFTP server and messy workbooks, with the same result
	@echo "Reconciling the demo's population from a database, an SFTP server and messy workbooks."
	@PYTHONPATH=tests $(BIN)/python -m real.demo $(ARGS)

test: $(READY)  ## run the tests but for the slow proofs
	@echo "Running the tests. The slow proofs have their own: make prove."
	@$(TESTS) $(ARGS)

cover: $(READY)  ## the same with branch coverage, which takes half as long again
	@echo "Running the tests, with branch coverage."
	@$(TESTS) --cov --cov-report term $(ARGS)

check: $(READY)  ## check style, types and who imports whom
	@echo "Checking style, types and who imports whom."
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/mypy

lock:  ## write requirements.lock anew from pyproject.toml (ARGS=--upgrade for newer versions)
	@echo "Resolving pyproject.toml into requirements.lock."
	@[ -x $(BIN)/uv ] || $(MAKE) bootstrap
	@$(UV) pip compile pyproject.toml --group dev --universal --python $(BIN)/python \
		--python-version 3.11 --generate-hashes --no-header $(ARGS) -o requirements.lock

bench: $(READY)  ## time the reconciliation of 100,000 CPLIs, stage by stage
	@echo "Timing the reconciliation, stage by stage."
	@$(BIN)/python -m benchmarks $(ARGS)

prove: $(READY)  ## kill nights at length, and compare both engines 10,000 times (an hour or two)
	@echo "Killing nights at length, and comparing both engines on 10,000 drawn populations."
	@CPLI_DRAWS=$${CPLI_DRAWS:-10000} $(BIN)/python -m pytest -n auto --maxprocesses 4 \
		--dist loadgroup -m "slow or draws" $(ARGS)

clean:  ## remove .venv and everything else that these targets made
	@echo "Removing .venv and everything else that these targets made."
	@rm -rf $(VENV) demo demo-real build dist htmlcov benchmarks/results .coverage .coverage.* .prefect \
		.mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Bytecode is compiled here because nothing compiles it later where PYTHONDONTWRITEBYTECODE is set,
# and Prefect then takes 24 seconds to start instead of 9.
$(READY): requirements.lock pyproject.toml
	@echo "Setting up $(VENV); the first time takes a minute or two."
	@[ -x $(BIN)/uv ] && $(BIN)/python -c '' 2>/dev/null || $(MAKE) bootstrap
	@$(UV) pip sync requirements.lock --python $(BIN)/python --require-hashes --compile-bytecode
	@$(UV) pip install --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

# uv comes from the lock like everything else, its hashes checked.
bootstrap:
	@for python in $(PYTHON); do \
		if "$$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null; then \
			"$$python" -m venv --clear $(VENV) || { rm -rf $(VENV); exit 1; }; \
			sed -n '/^uv==/,/[^\\]$$/p' requirements.lock > $(VENV)/uv.lock; \
			exec $(BIN)/python -m pip install --quiet --disable-pip-version-check \
				--no-deps --require-hashes --requirement $(VENV)/uv.lock; \
		fi; \
	done; \
	echo "Python 3.11, 3.12 or 3.13 is needed and none was found. Install one," >&2; \
	echo "or say where it is: make setup PYTHON=/path/to/python3.12" >&2; \
	exit 1
