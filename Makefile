# The two commands a newcomer needs: `make chat` and `make test`. Both make the environment first, once.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin

.PHONY: chat test lint bench install clean lock

chat: $(VENV)/.installed
	@echo "reading the sample documents (only new or changed files take time)"
	$(BIN)/rag ingest data/samples --exclude '*.jsonl'
	$(BIN)/rag chat

test: $(VENV)/.tests-installed
	$(BIN)/python -m pytest

lint: $(VENV)/.tests-installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.installed
	$(BIN)/python -m benchmarks.reader

install: $(VENV)/.installed

# constraints.txt holds the exact versions that were tested together.
$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed: make PYTHON=python3.11 chat"; exit 1; }
	@echo "making the environment in $(VENV) (about 2 GB; a few minutes, once)"
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: $(VENV)/bin/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install -q --disable-pip-version-check -c constraints.txt -e .
	@touch $@

$(VENV)/.tests-installed: $(VENV)/bin/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install -q --disable-pip-version-check -c constraints.txt -e '.[test]'
	@touch $@ $(VENV)/.installed

lock: $(VENV)/.tests-installed
	$(BIN)/python -m pip freeze --exclude-editable | grep -v '^-e' | sed 's/+cpu$$//' > constraints.txt

clean:
	rm -rf $(VENV) build *.egg-info .pytest_cache .mypy_cache .ruff_cache
