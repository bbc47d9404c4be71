"""The feature page: generated, sorted into groups, and each row's test is there."""

from __future__ import annotations

import ast
from collections import Counter
from itertools import groupby
from pathlib import Path

import pytest

from tools import generate_features
from tools.features import Feature
from tools.generate_features import FEATURES
from tools.generated import ROOT, write_or_check


def test_the_page_is_up_to_date() -> None:
    assert write_or_check(generate_features.render(), check=True) == 0


@pytest.mark.parametrize("feature", FEATURES, ids=lambda feature: str(feature.name))
def test_each_row_names_a_test_and_an_example_that_exist(feature: Feature) -> None:
    path, _, function = feature.test.partition("::")
    assert function in functions(ROOT / path)
    assert (ROOT / "examples" / "estates" / feature.estate).is_file()


def functions(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_groups_stand_together_and_no_row_stands_twice() -> None:
    headings = [group for group, _ in groupby(FEATURES, key=lambda feature: feature.group)]
    assert len(set(headings)) == len(headings)
    assert Counter(feature.name for feature in FEATURES).most_common(1)[0][1] == 1
