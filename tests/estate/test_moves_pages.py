"""The excerpts of the pages on serverless caches and engine moves: estates, and steps that no deploy would refuse."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import pytest

from estate import compare
from estate.caches.serverless import ServerlessCacheSpec
from estate.compare import changes_of
from estate.load import load_text

PAGES = Path(__file__).parents[2] / "docs" / "options"
HEAD = 'estate: shop\ndefaults: "2026-11"\nregions: [eu-west-1]\n'


def sections(name: str) -> dict[str, list[str]]:
    """YAML blocks of a page by the heading that they stand under."""
    parts = re.split(r"^## (.*)$", (PAGES / f"{name}.md").read_text(encoding="utf-8"), flags=re.MULTILINE)
    found = {title: re.findall(r"```yaml\n(.*?)```", text, re.DOTALL) for title, text in zip(parts[1::2], parts[2::2])}  # noqa: B905
    return {title: blocks for title, blocks in found.items() if blocks}


BLOCKS = [
    pytest.param(block, id=f"{name}-{title}-{number}")
    for name in ("serverless-cache", "engine-moves")
    for title, blocks in sections(name).items()
    for number, block in enumerate(blocks)
]


@pytest.mark.parametrize("block", BLOCKS)
def test_an_excerpt_is_an_estate(block: str) -> None:
    assert load_text(HEAD + block).warnings == ()


@pytest.mark.parametrize("title", sorted(sections("engine-moves")))
def test_each_step_of_a_move_is_one_that_goes(title: str) -> None:
    steps = [load_text(HEAD + block).estate for block in sections("engine-moves")[title]]
    assert len(steps) > 1
    for old, new in pairwise(steps):
        found = list(changes_of(old, new))
        assert [change for change in found if change.level == "error"] == []
        assert found or old.caches["sessions"].shards != new.caches["sessions"].shards
    skipped = list(changes_of(steps[0], steps[-1])) if len(steps) > 2 else []
    assert not skipped or "error" in {change.level for change in skipped}


def test_the_pages_name_only_rules_that_there_are() -> None:
    text = "".join((PAGES / f"{name}.md").read_text("utf-8") for name in ("engine-moves", "serverless-cache"))
    whole = Path(compare.__file__).read_text("utf-8")
    known = {rule.id for table in compare.TABLES.values() for rule in table}
    known |= {rule.id for rule in ServerlessCacheSpec.RULES} | set(re.findall(r'"(change/[a-z-]+)"', whole))
    named = set(re.findall(r"`((?:change|serverless-cache)/[a-z-]+)`", text))
    assert len(named) > 20
    assert named - known == set()
