"""One golden template per stack of `shop.yaml`: what a change of the kit changes is seen in review."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from estate.model import Estate
from stacks.compose import compose
from tests.support.synthesis import Template, synthesize

GOLDEN = Path(__file__).parent / "golden"
STACKS = ("shop-network", "shop-aurora-orders", "shop-aurora-catalog", "shop-cache-sessions")


@pytest.fixture(scope="module")
def synthesized(tmp_path_factory: pytest.TempPathFactory, shop: Estate) -> dict[str, Template]:
    return synthesize(tmp_path_factory.mktemp("golden"), lambda app: compose(app, shop))


def test_there_is_one_golden_template_per_stack(synthesized: dict[str, Template]) -> None:
    assert set(synthesized) == set(STACKS)


@pytest.mark.parametrize("stack", STACKS)
def test_template_is_the_golden_one(
    request: pytest.FixtureRequest, synthesized: dict[str, Template], stack: str
) -> None:
    path = GOLDEN / f"{stack}.json"
    if request.config.getoption("--update-golden", default=False):
        path.write_text(json.dumps(synthesized[stack], indent=1) + "\n", encoding="utf-8")
    assert synthesized[stack] == json.loads(path.read_text(encoding="utf-8")), "`make golden`, then review the diff"
