# Two commands do all the set-up: `make run` and `make test`. `make help` shows the others.

PYTHON ?= python3
BIN := .venv/bin
DEBIAN_PACKAGES := $$(sed 's/\#.*//' tests/debian-packages.txt)

ON_THE_WAY := $(shell sed -n 's/^ *"\(.*\.py\)",/\1/p' setup.py)

.PHONY: help run test unit compiled integration mutants lint format bench clean-demo

help: ## show this
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 22

run: .venv/run ## serve the demo organisation until Ctrl-C
	@mkdir -p var && $(BIN)/casctl demo init
	@$(BIN)/casctl demo show --wait & \
	    exec $(BIN)/twistd --nodaemon --pidfile var/cas.pid cas --config etc/cas.ini

test: unit compiled integration ## run all tests

unit: .venv/test ## run the unit tests, with branch coverage
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

compiled: build/compiled ## run the unit tests on the compiled modules
	@cp -r tests etc docs setup.cfg build/compiled
	cd build/compiled && ../../$(BIN)/python -m pytest tests/casd tests/protocols

integration: .venv/test ## run the tests with sockets, processes and real clients
	@.ci/debian $(DEBIAN_PACKAGES)
	$(BIN)/trial tests.integration

mutants: .venv/test ## prove that each security rule has a test that fails without it
	$(BIN)/python -m tests.mutants

lint: .venv/lint ## check style, types, floors and news
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/towncrier build --draft --version next >/dev/null

format: .venv/lint ## have ruff mend what it can
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

bench: .venv/run build/compiled .venv-bench/done ## measure beside other proxies: a table, and docs/bench.svg (10 minutes)
	@.ci/debian $$(sed 's/\#.*//' bench/debian-packages.txt)
	@mkdir -p var
	$(BIN)/python -m bench.run --json var/bench.json --chart docs/bench.svg

clean-demo: ## forget the demo organisation
	@! kill -0 "$$(cat var/cas.pid 2>/dev/null)" 2>/dev/null || { echo 'the demo is running: stop it first' >&2; exit 1; }
	rm -rf var/demo

# Each of these files says when its part was installed last.

build/compiled: setup.py setup.cfg $(ON_THE_WAY) | $(BIN)/python
	@.ci/debian gcc libc6-dev
	@$(BIN)/python -c 'import os, sysconfig; os.stat(sysconfig.get_path("include") + "/Python.h")' 2>/dev/null \
	    || .ci/debian python3-dev
	@rm -rf build
	@echo "compiling what is on the way of every request"
	CASD_COMPILE=1 $(BIN)/pip install --quiet --no-deps --target $@ .
	@touch $@

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	    || { echo 'casd needs Python 3.11 or newer: make PYTHON=/path/to/python3' >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || .ci/debian python3-venv
	$(PYTHON) -m venv .venv

.venv/run: setup.cfg pyproject.toml | $(BIN)/python
	@echo "installing casd and what it needs into .venv"
	$(BIN)/pip install --quiet --editable '.[preview]'
	@touch $@

.venv-bench/done: bench/requirements.txt | $(BIN)/python
	@echo "installing peers of casd into .venv-bench"
	$(PYTHON) -m venv .venv-bench
	.venv-bench/bin/pip install --quiet --requirement $<
	@touch $@

.venv/test .venv/lint: .venv/%: setup.cfg pyproject.toml | $(BIN)/python
	$(BIN)/pip install --quiet --editable '.[$*]'
	@touch $@ .venv/run
