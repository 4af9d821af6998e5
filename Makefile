PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALL = $(BIN)/python -m pip install -q --disable-pip-version-check -c constraints.txt -e

.PHONY: run test check bench faults clean

run: $(VENV)/run.stamp
	@exec $(BIN)/python -m shared.local

test: $(VENV)/test.stamp
	$(BIN)/python -m pytest $(ARGS)

check: $(VENV)/test.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/test.stamp
	$(BIN)/python -m bench $(ARGS)

faults: $(VENV)/test.stamp
	$(BIN)/python -m tests.faults $(ARGS)

# Debian ships Python without ensurepip: then the machine's own pip installs one.
$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV) >/dev/null 2>&1 || { \
		$(PYTHON) -m venv --without-pip --clear $(VENV) && \
		$(PYTHON) -m pip --python $(VENV)/bin/python install -q pip; }

$(VENV)/run.stamp: $(VENV)/bin/python constraints.txt pyproject.toml
	$(INSTALL) '.[api,worker,local]'
	@touch $@

$(VENV)/test.stamp: $(VENV)/run.stamp
	$(INSTALL) '.[api,worker,local,training,dev]'
	@touch $@

clean:
	rm -rf $(VENV) build *.egg-info
