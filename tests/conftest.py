from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.labs import Lab

LONGEST = (
    "shop_lab",
    "test_failover_lab.py",
    "hands_on",
    "test_lifecycle.py",
    "test_cdk_cli.py",
    "test_volumes.py",
    "test_examples.py",
    "test_made_estates.py",
)
"""Groups and files that take a minute or more. xdist begins with groups of many tests; among equals this holds."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--estates", type=int, help="how many estates to make up, others on each run")


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep each file on one worker, so that what its tests share is set up once; marked groups span files.

    After the longest comes what starts processes: it mostly waits.
    """
    for item in items:
        if item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group(str(item.path)))
    items.sort(key=lambda item: (_rank(item), item.get_closest_marker("lab") is None))


def _rank(item: pytest.Item) -> int:
    """Place among the longest, or behind them all."""
    marker = item.get_closest_marker("xdist_group")
    group = str(marker.args[0]) if marker else ""
    names = (group, item.path.name)
    return next((rank for rank, name in enumerate(LONGEST) if name in names), len(LONGEST))


@pytest.fixture(autouse=True)
def no_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reaches an AWS account: whatever the developer has in the environment is gone."""
    for name in (
        "AWS_PROFILE",
        "AWS_ENDPOINT_URL",
        "AWS_SESSION_TOKEN",
        "RUNBOOK_HOME",
        "RUNBOOK_RESOLVER",
        "RUNBOOK_TLS_OFF_FOR",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture(scope="session")
def shop_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """The lab with `examples/estates/shop.yaml` deployed; tests that use it put back what they change."""
    lab = Lab(tmp_path_factory.mktemp("shop-lab"))
    yield lab
    lab.down()
