"""The legal side of the rules for AWS Backup and blue/green deployments; `test_rules.py` has the other."""

from __future__ import annotations

from typing import Any

import pytest

from tests.estate.rows_backups import NEIGHBOURS
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
