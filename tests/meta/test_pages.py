"""The reader of the documentation pages, which the tests of the pages rely on."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.pages import commands, matches


@pytest.mark.parametrize(
    ("expected", "actual", "agrees"),
    [
        pytest.param("a\nb", "a  \nb\n", True, id="blanks-at-line-ends"),
        pytest.param("a\n...\nc", "a\nc", True, id="no-line-between"),
        pytest.param("a\n...\nc", "a\nb\nb\nc", True, id="lines-between"),
        pytest.param("in ... s", "in 4.2 s", True, id="text-within"),
        pytest.param("a\nb", "a", False, id="line-missing"),
        pytest.param("a", "a\nb", False, id="line-too-much"),
        pytest.param("", "a", False, id="nothing-shown"),
    ],
)
def test_matches(expected: str, actual: str, agrees: bool) -> None:
    assert matches(expected, actual) is agrees


def test_commands_go_on_over_lines_and_keep_their_output(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("text\n```console\n$ one \\\n>   two\nout\n$ three\n```\n")
    assert [(c.text, c.expected, c.line) for c in commands(page)] == [("one \\\n  two", "out", 3), ("three", "", 6)]
