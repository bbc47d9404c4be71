from __future__ import annotations

import pytest

from estate.load import load_estate
from estate.model import Estate
from tests.support.synthesis import SHOP


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="rewrite tests/stacks/golden; review the diff")


@pytest.fixture(scope="session")
def shop() -> Estate:
    return load_estate(SHOP)
