"""The house keeps its own rules: function sizes, empty `__init__` files, no leftovers."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.pages import ROOT

ROOMS = ("estate", "constructs_lib", "stacks", "runbooks", "patterns", "lab", "tools", "bench", "examples")
SOURCES = [p for room in ROOMS for p in sorted((ROOT / room).rglob("*.py"))] + [ROOT / "app.py"]
LONGEST = 45
LEFTOVERS = ("TODO", "FIXME", "XXX", "breakpoint(")


def functions(path: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, _length(node)


def _length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    body = node.body
    documented = isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant)
    last = node.end_lineno or node.lineno
    first = body[0].lineno if len(body) == 1 or not documented else body[1].lineno
    return last - first + 1


def test_no_function_is_longer_than_a_screen() -> None:
    long = [
        f"{p.relative_to(ROOT)}: {n} has {lines} lines" for p in SOURCES for n, lines in functions(p) if lines > LONGEST
    ]
    assert not long


def test_half_of_the_functions_fit_in_ten_lines() -> None:
    sizes = sorted(lines for p in SOURCES for _, lines in functions(p))
    assert sizes[len(sizes) // 2] <= 10
    assert sizes[len(sizes) * 9 // 10] <= 25


@pytest.mark.parametrize("room", ROOMS[:6])
def test_init_files_are_empty(room: str) -> None:
    """Importing a spec must not start Node, importing a plan must not load boto3."""
    assert [p for p in (ROOT / room).rglob("__init__.py") if p.read_text().strip() and p.parent.name != "cloud"] == []


@pytest.mark.parametrize("word", LEFTOVERS)
def test_nothing_is_left_for_later(word: str) -> None:
    assert [str(p.relative_to(ROOT)) for p in SOURCES if word in p.read_text(encoding="utf-8")] == []


def test_the_composition_root_is_short() -> None:
    assert len((ROOT / "app.py").read_text().splitlines()) < 60
