# Two commands matter: `make run` and `make test`. Both build what they need, from the pinned lock.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin

.PHONY: run test simulate soak lock format clean

run: $(VENV)/.run
	@exec $(BIN)/roadmate run

test: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -n auto

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
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: requirements.lock pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: requirements-dev.lock $(VENV)/.run
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
