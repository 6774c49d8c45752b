# Two commands on a machine with Python >= 3.11, make and PyPI:
#   make audit   set up, and audit an example repository
#   make test    set up, and run every test
# Each stands alone. `make check` is what the project's CI runs.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin

.PHONY: audit test check lint bench clean

audit: $(VENV)/.installed
	$(BIN)/gatekeeper audit fixtures/repos/order-service --exit-zero

test: $(VENV)/.developer
	$(BIN)/python -m pytest --numprocesses=auto

check:
	bash .ci/run

lint: $(VENV)/.developer
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.developer
	$(BIN)/python bench/compare.py

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

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
