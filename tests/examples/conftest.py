from __future__ import annotations

import pytest

FEW = 6


@pytest.fixture
def estates(pytestconfig: pytest.Config) -> int:
    """How many estates hypothesis makes up."""
    wanted: int | None = pytestconfig.getoption("--estates")
    return FEW if wanted is None else wanted


@pytest.fixture
def always_the_same(pytestconfig: pytest.Config) -> bool:
    """Whether every run makes up the same estates: a gate must not depend on luck."""
    return pytestconfig.getoption("--estates") is None
