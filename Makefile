# The commands of this project; `make` or `make help` lists them.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.ONESHELL:
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
# `CLUSTER=current make demo` uses the cluster of your kubeconfig instead of creating one.
CLUSTER ?= own
# uv trusts the certificates of the machine, as pip does: some networks terminate TLS.
export UV_SYSTEM_CERTS := 1
export PYTHONPATH := tests/cluster:tests/support
export PYTHONUNBUFFERED := 1

.PHONY: help install run demo cluster-up cluster-down images test test-versions test-keda test-fast lint format generate panels lock fuzz bench clean clean-all

help:  ## Show this list
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(VENV)/.installed  ## Create .venv with the backend, the operator, the builtin models and the tools

$(VENV)/.installed: pyproject.toml requirements-dev.txt backend/requirements-builtin.txt
	@start=$$SECONDS; echo "install: creating $(VENV) from the locked requirements"
	test -x $(VENV)/bin/pip || $(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check "$$(grep -oE '^uv==[0-9.]+' requirements-dev.txt)"
	$(VENV)/bin/uv pip install --quiet --compile-bytecode --python $(PY) --no-deps --require-hashes -r requirements-dev.txt -r backend/requirements-builtin.txt
	$(VENV)/bin/uv pip install --quiet --python $(PY) --no-deps --no-build-isolation -e .
	touch $@; echo "install: done after $$((SECONDS - start)) s"

run: install  ## Start the backend on port 9090 with the builtin models (docs/guide.md lists the variables)
	@export OCR_MODEL_SOURCE="$${OCR_MODEL_SOURCE:-builtin}"
	if [ "$$OCR_MODEL_SOURCE" = builtin ]; then export PADDLEOCR_MODEL_TYPE="$${PADDLEOCR_MODEL_TYPE:-mobile}"; fi
	exec $(VENV)/bin/ocr-backend serve

demo: install  ## Read an image with the backend, then through an OCRBackend on a real cluster
	@$(PY) -m ocr_demo --cluster $(CLUSTER)

cluster-up: install  ## Start a single-node Kubernetes (the first run builds it) and print its kubeconfig
	@$(PY) -m ocr_cluster up

cluster-down: install  ## Stop that cluster and remove all its files
	@$(PY) -m ocr_cluster down

images: install  ## Build the container images with docker, podman or buildah; load them into the cluster if it runs
	@$(PY) -m ocr_cluster images --load demo

test: install  ## Run all tests: checks, fast, real models, Label Studio, API server, real node
	@tests/run checks fast model labelstudio light e2e

test-versions: install  ## Run the operator's tests on the oldest Kubernetes that the chart admits (builds it first)
	@tests/run versions

test-keda: install  ## Scale real pods on the images that wait, with KEDA's own programs (builds them first)
	@tests/run keda

test-fast: install  ## The inner loop: checks and the tests that need no model, cluster or Label Studio
	@tests/run checks fast

lint: install  ## Run only the checks: format, style, types, imports
	@tests/run checks

format: install  ## Format the code and fix what ruff can fix
	@$(VENV)/bin/ruff check --fix --quiet . || true; $(VENV)/bin/ruff format --quiet .

generate: install  ## Write the generated files: CRD, chart schema, alerts, dashboards, tables in the docs
	@$(PY) -m ocr_operator.docs
	$(PY) -m ocr_backend.commands.reference_docs

panels: install  ## Draw the dashboards for docs/monitoring.md, from a real Prometheus and the real node
	@mkdir -p docs/images; PANEL_IMAGES=docs/images $(PY) -m pytest -q -m e2e tests/e2e/test_monitoring.py

fuzz: install  ## Look for harmful inputs with Atheris: FUZZ_SECONDS (300) for each of FUZZ_TARGETS (all)
	@$(VENV)/bin/uv pip install --quiet --python $(PY) --target build/fuzz/tools --no-deps --require-hashes -r tests/fuzz/requirements.txt
	for target in $${FUZZ_TARGETS:-url label_config image exif pdf}; do
	  echo "fuzz: $$target"
	  PYTHONPATH="$$PYTHONPATH:build/fuzz/tools" $(PY) tests/fuzz/explore.py "$$target" "$${FUZZ_SECONDS:-300}" build/fuzz
	done

bench: install  ## Measure reading and serving against PaddleOCR, as ratios in one run
	@$(PY) benchmarks/reading.py; $(PY) benchmarks/serving.py

lock: install  ## Resolve the requirements and write the lock files
	@compile() { $(VENV)/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	    --no-header --no-annotate --no-emit-index-url pyproject.toml "$$@"; }
	tmp=$$(mktemp -d); trap 'rm -rf "$$tmp"' EXIT
	# paddlex pins a PyYAML that the Kubernetes client refuses; only the development environment has both.
	echo 'pyyaml==6.0.3' > "$$tmp/override"
	compile --extra base --extra runtime --extra paddle --extra operator --extra prelabel --extra sdk --extra dev --override "$$tmp/override" -o requirements-dev.txt
	grep -oE '^[a-z0-9_.-]+==[^ ]+( ;.*[^ \\])?' requirements-dev.txt | grep -v ^pyyaml > "$$tmp/pins"
	compile --extra base -c "$$tmp/pins" -o backend/requirements-base.txt
	compile --extra runtime -c "$$tmp/pins" -o backend/requirements-cpu.txt
	compile --extra runtime --extra paddle -c "$$tmp/pins" -o backend/requirements.txt
	# CUDA's libraries are only for Linux on x86-64 here.
	compile --extra gpu --python-platform x86_64-manylinux_2_28 --no-universal -c "$$tmp/pins" -o backend/requirements-gpu.txt
	compile --extra operator -c "$$tmp/pins" -o operator/requirements.txt
	# Installed together with base, so it needs the PyYAML of base.
	grep -oE '^pyyaml==[^ ]+' backend/requirements-base.txt >> "$$tmp/pins"
	compile --extra prelabel -c "$$tmp/pins" -o backend/requirements-prelabel.txt
	compile --extra sdk --no-deps -c "$$tmp/pins" -o "$$tmp/sdk"
	cat "$$tmp/sdk" >> backend/requirements-prelabel.txt
	compile --extra builtin --no-deps -o backend/requirements-builtin.txt

clean: cluster-down  ## Stop the cluster, remove .venv and the caches of the tools
	@rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache build dist

clean-all: clean  ## Also remove the built programs, images and Label Studio
	@rm -rf "$${OCR_CACHE_DIR:-$${XDG_CACHE_HOME:-$$HOME/.cache}/ocr-backend}"
