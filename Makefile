# Everything a person needs, by name; `make` or `make help` lists it.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.ONESHELL:
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
# `CLUSTER=current make demo` uses the cluster that kubectl points to instead of making one.
CLUSTER ?= own
# uv trusts the machine's own certificates, as pip does: some networks end TLS themselves.
export UV_SYSTEM_CERTS := 1
export PYTHONPATH := tests/cluster:tests/support
export PYTHONUNBUFFERED := 1

.PHONY: help install run demo cluster-up cluster-down images test test-fast lint format generate panels lock bench clean clean-all

help:  ## Show this list
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(VENV)/.installed  ## Make .venv with the backend, the operator, the small weights and the tools

$(VENV)/.installed: pyproject.toml requirements-dev.txt backend/requirements-builtin.txt
	@start=$$SECONDS; echo "install: making $(VENV) from the locked requirements"
	test -x $(VENV)/bin/pip || $(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check "$$(grep -oE '^uv==[0-9.]+' requirements-dev.txt)"
	$(VENV)/bin/uv pip install --quiet --compile-bytecode --python $(PY) --no-deps --require-hashes -r requirements-dev.txt -r backend/requirements-builtin.txt
	$(VENV)/bin/uv pip install --quiet --python $(PY) --no-deps --no-build-isolation -e .
	touch $@; echo "install: done after $$((SECONDS - start)) s"

run: install  ## Start the backend on :9090 with the small weights (set variables as in docs/guide.md for others)
	@export OCR_MODEL_SOURCE="$${OCR_MODEL_SOURCE:-builtin}"
	if [ "$$OCR_MODEL_SOURCE" = builtin ]; then export PADDLEOCR_VERSION="$${PADDLEOCR_VERSION:-PP-OCRv6}" PADDLEOCR_MODEL_TYPE="$${PADDLEOCR_MODEL_TYPE:-mobile}"; fi
	exec $(VENV)/bin/ocr-backend serve

demo: install  ## Read an image with the backend alone, then through an OCRBackend on a real cluster
	@$(PY) -m ocr_demo --cluster $(CLUSTER)

cluster-up: install  ## Start a real single-node Kubernetes (built from Go modules at first) and print its kubeconfig
	@$(PY) -m ocr_cluster up

cluster-down: install  ## Stop that cluster and leave nothing of it behind
	@$(PY) -m ocr_cluster down

images: install  ## Build the container images with docker, podman or buildah, and load them into the cluster if it runs
	@$(PY) -m ocr_cluster images --load demo

test: install  ## Prove everything: checks, fast tests, Label Studio, API server, real node
	@tests/run checks fast labelstudio light e2e

test-fast: install  ## The inner loop: checks and the tests that need no cluster and no Label Studio
	@tests/run checks fast

lint: install  ## Only the checks: format, style, types, imports, generated files
	@tests/run checks

format: install  ## Let ruff mend what it can
	@$(VENV)/bin/ruff check --fix --quiet . || true; $(VENV)/bin/ruff format --quiet .

generate: install  ## Write the generated files again: CRD, chart schema, alerts, dashboards, tables in the docs
	@$(PY) -m ocr_operator.docs
	$(PY) -m ocr_backend.commands.reference_docs

panels: install  ## Draw the dashboards' panels for docs/monitoring.md, from a real Prometheus that scrapes the real node
	@mkdir -p docs/images; PANEL_IMAGES=docs/images $(PY) -m pytest -q -m e2e tests/e2e/test_monitoring.py

bench: install  ## Measure reading and serving beside stock PaddleOCR, as ratios in one run
	@$(PY) benchmarks/reading.py; $(PY) benchmarks/serving.py

lock: install  ## Resolve the requirements again and write the lock files
	@compile() { $(VENV)/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	    --no-header --no-annotate --no-emit-index-url pyproject.toml "$$@"; }
	tmp=$$(mktemp -d); trap 'rm -rf "$$tmp"' EXIT
	# paddlex pins a PyYAML that the kubernetes client refuses; only the development environment holds both.
	echo 'pyyaml==6.0.3' > "$$tmp/override"
	compile --extra base --extra runtime --extra operator --extra prelabel --extra dev --override "$$tmp/override" -o requirements-dev.txt
	grep -oE '^[a-z0-9_.-]+==[^ ]+( ;.*[^ \\])?' requirements-dev.txt | grep -v ^pyyaml > "$$tmp/pins"
	compile --extra base -c "$$tmp/pins" -o backend/requirements-base.txt
	compile --extra runtime -c "$$tmp/pins" -o backend/requirements.txt
	compile --extra operator -c "$$tmp/pins" -o operator/requirements.txt
	# It is installed beside base, so with the PyYAML of base.
	grep -oE '^pyyaml==[^ ]+' backend/requirements-base.txt >> "$$tmp/pins"
	compile --extra prelabel -c "$$tmp/pins" -o backend/requirements-prelabel.txt
	compile --extra builtin --no-deps -o backend/requirements-builtin.txt

clean: cluster-down  ## Stop the cluster, remove .venv and what the tools left in this folder
	@rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache build dist

clean-all: clean  ## Also empty the cache of built programs, images and Label Studio
	@rm -rf "$${OCR_CACHE_DIR:-$${XDG_CACHE_HOME:-$$HOME/.cache}/ocr-backend}"
