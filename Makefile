# make demo   installs the core into .venv, makes sample videos, runs the demo pipeline
# make test   installs what the tests need, then linters, types, import rules and every test
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SAMPLE := data/sample
# Test files that run at a time; those that start Ray take two CPUs each.
JOBS ?= 2

.PHONY: demo test check clean

demo: $(BIN)/.core $(SAMPLE)/answers.json
	$(BIN)/curate run pipelines.yaml

test: check
	$(BIN)/python -m pytest -q -n $(JOBS) --dist loadfile

check: $(BIN)/.test
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

clean:
	rm -rf $(VENV) data runs

# uv is a package like any other; it resolves and installs in seconds what takes pip a minute.
$(BIN)/uv:
	$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else f"curate needs Python 3.11 or later, and {sys.executable} is {sys.version.split()[0]}: make PYTHON=python3.12 demo")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv

$(BIN)/.core: pyproject.toml constraints/core.txt | $(BIN)/uv
	$(BIN)/uv pip install --quiet --python $(BIN)/python --constraint constraints/core.txt --editable .
	touch $@

$(BIN)/.test: pyproject.toml constraints/core.txt constraints/test.txt | $(BIN)/uv
	$(BIN)/uv pip install --quiet --python $(BIN)/python --constraint constraints/core.txt --constraint constraints/test.txt --editable '.[test]'
	touch $(BIN)/.core $@

$(SAMPLE)/answers.json: $(BIN)/.core
	$(BIN)/curate sample $(SAMPLE)
