"""The excerpts of the option pages are estates: with a head they load without a warning."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from estate.load import load_text

PAGES = Path(__file__).parents[2] / "docs" / "options"
HEAD = 'estate: page\ndefaults: "2026-11"\nregions: [eu-west-1]\n'
EXCERPTS = [
    pytest.param(block, id=f"{name}-{number}")
    for name in (
        "cache-access",
        "cache-autoscaling",
        "cache-restored",
        "memcached",
        "provisioned",
        "replication-group",
        "serverless-v2",
        "two-zones",
    )
    for number, block in enumerate(
        re.findall(r"```yaml\n(.*?)```", (PAGES / f"{name}.md").read_text("utf-8"), re.DOTALL)
    )
]


@pytest.mark.parametrize("block", EXCERPTS)
def test_an_excerpt_is_an_estate(block: str) -> None:
    assert load_text(HEAD + block).warnings == ()


def test_each_page_has_one() -> None:
    assert len(EXCERPTS) == 10
