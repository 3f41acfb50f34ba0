# Two commands matter: `make run` and `make test`. Both build what they need, from the pinned lock.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin

PIP := $(BIN)/python -m pip install --disable-pip-version-check

# Installs what a lock names, and tells how far it is; sh gives a pipe's last exit code, so pip's own is kept in a file.
define installed
total=$$(grep -c == $(1)); { $(PIP) --require-hashes -r $(1); echo $$? > $(VENV)/.pip; } | awk -v of=$$total \
  '/^(Collecting|Requirement already)/ && ++n % 10 == 0 { print "  found " n " of " of " packages"; fflush() } \
  /^Installing/ { print "  installing them"; fflush() }'; exit $$(cat $(VENV)/.pip)
endef

.PHONY: run test simulate soak lock format clean

run: $(VENV)/.run
	@exec $(BIN)/roadmate run

test: $(VENV)/.dev
	@echo "1/5 lint" && $(BIN)/ruff check .
	@echo "2/5 format" && $(BIN)/ruff format --check .
	@echo "3/5 types, about a minute the first time" && $(BIN)/mypy
	@echo "4/5 imports" && $(BIN)/lint-imports --no-logo
	@echo "5/5 tests, some minutes; pytest says how many percent are done" && $(BIN)/pytest -n auto

# A study group's years in minutes, with crashes and outages, from one seed; shows the shortest story that goes wrong.
YEARS ?= 100
SEED  ?= 1
simulate: $(VENV)/.dev
	@$(BIN)/python -m tests.simulation --years $(YEARS) --seed $(SEED)

# The long proofs, an hour or two: a thousand member-years, a hundred kills, a million members.
soak: $(VENV)/.dev
	SOAK_MEMBERS=$${SOAK_MEMBERS:-1000000} $(BIN)/pytest -m soak

format: $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Pins every dependency, with hashes, for every Python we support; names no host.
lock:
	$(PYTHON) -m venv $(VENV)/uv && $(VENV)/uv/bin/pip -q install uv
	$(VENV)/uv/bin/uv -q pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-header --no-annotate --upgrade --group build pyproject.toml -o requirements.lock
	$(VENV)/uv/bin/uv -q pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-header --no-annotate --upgrade --group build --group dev -c requirements.lock pyproject.toml -o requirements-dev.lock

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit("Roadmate needs Python 3.11 or newer; set PYTHON=python3.12, say.") if sys.version_info < (3, 11) else None'
	@echo "A place of its own for Roadmate, in $(VENV)"
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.run: requirements.lock pyproject.toml | $(VENV)/bin/python
	@echo "What Roadmate needs to run"
	@$(call installed,requirements.lock)
	@$(PIP) -q --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: requirements-dev.lock $(VENV)/.run
	@echo "What its tests need"
	@$(call installed,requirements-dev.lock)
	@touch $@

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
