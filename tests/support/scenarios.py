"""Every verb's scenario, found by its module."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from tests.support.scenario import Scenario

_FOLDER = Path(__file__).parents[1] / "runbooks"


def all_scenarios() -> list[Scenario]:
    """The scenarios of all `tests/runbooks/<verb>/scenario.py`, by name."""
    modules = [f"tests.runbooks.{path.parent.name}.scenario" for path in sorted(_FOLDER.glob("*/scenario.py"))]
    return [each for module in modules for each in import_module(module).SCENARIOS]
