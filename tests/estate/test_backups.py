"""The legal side of the rules for AWS Backup and blue/green deployments; `test_rules.py` has the other."""

from __future__ import annotations

from typing import Any

import pytest

from estate.explain import billed
from estate.load import load_text
from tests.estate.rows_backups import NEIGHBOURS, PLAN, TWO_REGIONS
from tests.support.estate_files import changed, problems


@pytest.mark.parametrize("changes", [row[1] for row in NEIGHBOURS], ids=[row[0] for row in NEIGHBOURS])
def test_the_legal_neighbour_passes(changes: dict[str, Any]) -> None:
    assert problems(changed(changes)) == ()


def test_no_backups_at_all_are_refused_with_the_reason() -> None:
    (problem,) = problems(changed({"aurora.orders.backup.retention_days": 0}))
    assert problem.message == (
        "aurora.orders.backup.retention_days must be between 1 and 35, got 0; "
        "Aurora can't turn its backups off: keep a day at least"
    )


def test_the_key_of_each_region_that_takes_copies_is_billed_and_said_so() -> None:
    there = {
        "engine": "aurora-postgresql",
        "version": "17.7",
        "instances": {"a": {}, "b": {}},
        "backup": {"plan": {"copy_to_region": "us-east-1"}},
    }
    changes = {**TWO_REGIONS, "caches": {}, "aurora.more": there, f"{PLAN}.copy_to_region": "us-east-1"}
    said = [item.what for item in billed(load_text(changed(changes)))]
    assert "5 customer managed KMS keys, by the month and by request" in said  # 2 networks, 2 clusters, 1 of copies
