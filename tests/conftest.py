from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.labs import Lab

LONGEST = "test_failover_lab.py"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--estates", type=int, help="how many estates to make up, others on each run")


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep each file on one worker, so that what its tests share is set up once; marked groups span files.

    What starts processes comes first: it mostly waits, and would be waited for at the end.
    """
    items.sort(key=lambda item: (item.path.name != LONGEST, item.get_closest_marker("lab") is None))
    for item in items:
        if item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group(str(item.path)))


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
