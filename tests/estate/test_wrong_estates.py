"""`docs/wrong-estates.md`: twelve files and what is said of them, run as they stand there.

`python -m tests.estate.test_wrong_estates` rewrites the page; the difference is to be read before it is committed.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from estate.load import EstateError, load_text
from runbooks.cli.estate import render_problems

PAGE = Path(__file__).parents[2] / "docs" / "wrong-estates.md"
BLOCK = re.compile(
    r"^## (?P<title>.+?)\n(?P<words>.*?)```yaml\n(?P<yaml>.*?)```\n\n```text\n(?P<said>.*?)```\n",
    re.MULTILINE | re.DOTALL,
)


def said_of(text: str) -> str:
    with pytest.raises(EstateError) as caught:
        load_text(text)
    return render_problems(caught.value.problems) + "\n"


def blocks() -> list[re.Match[str]]:
    return list(BLOCK.finditer(PAGE.read_text(encoding="utf-8")))


@pytest.mark.parametrize("block", blocks(), ids=[match["title"] for match in blocks()])
def test_page_shows_what_is_said(block: re.Match[str]) -> None:
    assert said_of(block["yaml"]) == block["said"]


def test_there_are_twelve() -> None:
    assert len(blocks()) == 12


def test_lines_fit_a_terminal() -> None:
    assert [line for block in blocks() for line in block["said"].splitlines() if len(line) > 80] == []


def rewrite() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for block in blocks():
        text = text.replace(f"```text\n{block['said']}```", f"```text\n{said_of(block['yaml'])}```", 1)
    PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    rewrite()
