# Every target sets up what it needs. `make help` lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help
ESTATE ?= examples/estates/shop.yaml
OUT ?= cdk.out
PY := .venv/bin/python
export PATH := $(CURDIR)/.venv/bin:$(CURDIR)/node_modules/.bin:$(PATH)
export CDK_DISABLE_CLI_TELEMETRY := true
export PYTHONUNBUFFERED := 1

LISTS := requirements.txt requirements-dev.txt requirements-node.txt requirements-setup.txt package-lock.json pyproject.toml lab/pyproject.toml

.PHONY: help setup demo test check fmt synth golden generate scan bench soak pins clean

help: ## this list
	@awk -F':.*## ' '/^[a-z]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: .setup-done ## .venv and node_modules, pinned and hashed

.setup-done: $(LISTS) tools/setup.sh
	@tools/setup.sh

demo: .setup-done ## the main job: synthesize, deploy to the embedded AWS, fail over under a real client, report
	@$(PY) -m lab.demo

test: .setup-done ## every gate: format, lint, types, walls, generated files, tests with branch coverage
	@$(PY) -m tools.gates

check: .setup-done ## the quick gates only, for while you work
	@$(PY) -m tools.gates --quick

fmt: .setup-done ## format and mend what can be mended by itself
	@ruff format . && ruff check --fix .

synth: .setup-done ## templates of ESTATE=FILE into OUT=DIR (no AWS call, byte-identical everywhere)
	@$(PY) -m tools.synth $(ESTATE) $(OUT)

golden: .setup-done ## rewrite the golden templates; review the diff
	@pytest tests/stacks -q --update-golden

generate: .setup-done ## rewrite the generated files (JSON Schema, engine data, CLI reference, policies)
	@$(PY) -m tools.generate

scan: .setup-done .scan-done ## checkov, in a venv of its own, over the synthesized examples
	@$(PY) -m tools.scan

.scan-done: requirements-scan.txt
	@echo "[setup] installing checkov into .venv-scan" >&2
	@$(PY) -m venv .venv-scan
	@.venv/bin/uv pip install --quiet --python .venv-scan/bin/python --require-hashes -r requirements-scan.txt || .venv-scan/bin/pip install --quiet --require-hashes -r requirements-scan.txt
	@touch .scan-done

bench: .setup-done ## the budgets, each beside its peer in the same run
	@$(PY) -m bench

soak: .setup-done ## what takes longer: fifty drills in a row against the lab, two thousand estates made up
	@$(PY) -m bench.soak
	@$(PY) -m bench.estates

pins: ## compile the dependency lists anew (needs uv)
	@tools/pins.sh

clean: ## all that the other targets made; your runs (.runbook) are kept
	@rm -rf .venv .venv-scan node_modules cdk.out build dist .setup-done .scan-done .coverage .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis *.egg-info lab/*.egg-info
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
