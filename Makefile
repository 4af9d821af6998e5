PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALL = $(BIN)/python -m pip install -q --disable-pip-version-check -c constraints.txt -e

# Of training: the run's folder, its model's name, how long it trains, where the weights go.
NAME ?= vi-print
RUN ?= training/runs/$(NAME)
MINUTES ?= 100
OUT ?= models
FACES := training/fonts/faces.json
ARCHIVE := training/runs/train.tgz
BASE := training/runs/recognizer_base.safetensors
SHIPPED := worker/ocr/weights/vi-print.safetensors

.PHONY: run test acceptance check bench faults hostile train train-gpu pack gpu-pack tune evaluate export docs release clean

run: $(VENV)/run.stamp
	@exec $(BIN)/python -m shared.running.local

test: $(VENV)/test.stamp
	$(BIN)/python -m pytest $(ARGS)

# What takes long, or is fetched from the registries of Python and node; needs node and npm.
acceptance: $(VENV)/test.stamp
	$(BIN)/python -m pytest -m acceptance $(ARGS)

check: $(VENV)/test.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# The documentation as a site, in site/; every link in it is looked at.
docs: $(VENV)/bin/python
	$(INSTALL) '.[docs]'
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict

bench: $(VENV)/test.stamp
	$(BIN)/python -m bench $(ARGS)

faults: $(VENV)/test.stamp
	$(BIN)/python -m tests.faults $(ARGS)

hostile: $(VENV)/test.stamp
	$(BIN)/python -m tests.hostile $(ARGS)

train: $(FACES) $(BASE)
	$(BIN)/python -m training.train --minutes $(MINUTES) --out $(RUN) $(ARGS)

# As a machine with a GPU and no network does it: out of one archive, going on where RUN is.
train-gpu: pack
	mkdir -p $(RUN) && tar xzf $(ARCHIVE) -C training/runs
	PYTHON="$(abspath $(BIN)/python)" sh training/runs/train/run.sh \
		--minutes $(MINUTES) --out "$(abspath $(RUN))" $(ARGS)

pack: $(FACES)
	mkdir -p training/runs && $(BIN)/python -m training.pack $(ARCHIVE)

# All that a machine with a GPU and no network needs: tar xzf, sh docchu-gpu/run.sh MINUTES.
gpu-pack: $(VENV)/test.stamp
	mkdir -p training/runs && $(BIN)/python -m bench.gpu.pack training/runs/gpu.tgz

# make tune LINES=my-lines NAME=mine MINUTES=30
tune: $(FACES)
	$(BIN)/python -m training.train --start $(SHIPPED) --rate 0.3 --real $(LINES) \
		--minutes $(MINUTES) --out $(RUN) $(ARGS)

evaluate: $(FACES)
	$(BIN)/python -m training.evaluate synthetic --tesseract --rapidocr $(ARGS)

export: $(FACES)
	$(BIN)/python -m training.export $(RUN) --name $(NAME) --out $(OUT) $(ARGS)

$(FACES): | $(VENV)/test.stamp
	$(BIN)/python -m training.fonts

$(BASE): | $(VENV)/test.stamp
	$(BIN)/python -m training.import_weights

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

# Wheels, sdists, checksums, a bill of materials, a bundle for machines without a network, images.
release: $(VENV)/test.stamp
	@PYTHON=$(BIN)/python sh release/make.sh $(ARGS)

clean:
	rm -rf $(VENV) build dist *.egg-info
