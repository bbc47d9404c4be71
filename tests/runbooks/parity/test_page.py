"""The page says what the code does."""

from __future__ import annotations

import re
from dataclasses import replace

from runbooks.parity.compare import compare
from runbooks.parity.observe import READS
from runbooks.parity.report import render, result_of
from runbooks.parity.settings import CLUSTER, INSTANCE, OPERATIONS, way_of
from tests.runbooks.birth.small import MODEL, ORIGIN, TARGET
from tests.runbooks.birth.test_plan import ALL, WHOLE, run
from tests.support.pages import ROOT, blocks, matches

PAGE = ROOT / "docs" / "runbooks" / "parity.md"
TEXT = PAGE.read_text(encoding="utf-8")


def test_the_page_shows_the_table() -> None:
    rows = re.findall(r"^\| (\w+) \| (\w+) \| (\w+) \| (\w+) \|$", TEXT, re.MULTILINE)
    assert rows == [(each.name, *(way_of(each.name, call).value for call in OPERATIONS)) for each in CLUSTER]
    assert all(each.name in TEXT for each in INSTANCE)


def test_the_page_shows_the_output() -> None:
    copy = run(ALL, ORIGIN, WHOLE)
    odd = replace(copy, cluster={**copy.cluster, "StorageType": "aurora"})
    ((_, shown),) = blocks(PAGE, "text")
    assert matches(shown, render(result_of(MODEL, TARGET, compare(WHOLE, odd))))


def test_the_page_names_every_action() -> None:
    assert [action for action in READS if f"`{action}`" not in TEXT] == []
