"""Growth and cost by table."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from runbooks.aws.cloudwatch import Sample
from runbooks.growth.projection import GIB, MONTH_S, project

BORN = datetime(2026, 11, 1, tzinfo=UTC)


def at(days: float, gib: float) -> Sample:
    return Sample(at=BORN + timedelta(days=days), value=gib * GIB)


@pytest.mark.parametrize(
    ("samples", "expires_days", "per_day", "at_expiry"),
    [
        pytest.param([], 10, None, None, id="no sample yet"),
        pytest.param([at(0, 1)], 10, None, None, id="one sample says nothing of growth"),
        pytest.param([at(0, 1), at(0.01, 2)], 10, None, None, id="nor do minutes"),
        pytest.param([at(0, 1), at(4, 3)], 10, 0.5, 6.0, id="a straight line"),
        pytest.param([at(4, 3), at(0, 1)], 10, 0.5, 6.0, id="in any order"),
        pytest.param([at(0, 1), at(4, 1)], 10, 0.0, 1.0, id="no growth"),
        pytest.param([at(0, 4), at(4, 2)], 20, -0.5, 0.0, id="never below nothing"),
        pytest.param([at(0, 1), at(4, 3)], 2, 0.5, 3.0, id="expired already"),
    ],
)
def test_growth(samples: list[Sample], expires_days: float, per_day: float | None, at_expiry: float | None) -> None:
    found = project(samples, BORN + timedelta(days=expires_days))
    wanted = (None if value is None else value * GIB for value in (per_day, at_expiry))
    assert (found.bytes_per_day, found.bytes_at_expiry) == pytest.approx(tuple(wanted))


def test_cost_is_what_was_held_times_the_price_that_was_given() -> None:
    month = MONTH_S / 86_400
    found = project([at(0, 2), at(month, 2)], BORN + timedelta(days=2 * month), price=0.5)
    assert found.used_gib_months == pytest.approx(2.0)
    assert found.until_expiry_gib_months == pytest.approx(4.0)
    assert found.cost_so_far == pytest.approx(1.0)
    assert found.cost_until_expiry == pytest.approx(2.0)


def test_without_a_price_or_an_expiry_nothing_is_made_up() -> None:
    found = project([at(0, 1), at(4, 3)], None)
    assert (found.cost_so_far, found.cost_until_expiry, found.bytes_at_expiry) == (None, None, None)
    assert project([at(0, 1), at(4, 3)], None, price=1.0).cost_until_expiry is None
