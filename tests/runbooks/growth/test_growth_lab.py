"""The command against the embedded AWS, which reports no such metric by itself: the tests do, for RDS."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from moto.cloudwatch.models import cloudwatch_backends
from moto.rds.models import rds_backends

from lab.cloud.delays import NONE
from lab.cloud.install import install, reset_backends
from runbooks.cli.main import main
from tests.runbooks.reap.region import SOURCE_ARN, make_clone, make_source, tags
from tests.support.scenario import ACCOUNT, REGION, Cloud
from tests.support.transport import no_wire

pytestmark = pytest.mark.lab

GIB = 1024**3
NOW = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)


@pytest.fixture
def cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    install(delays=NONE)
    reset_backends()
    for name, value in {**Cloud.environment, "RUNBOOK_HOME": str(tmp_path / "home")}.items():
        monkeypatch.setenv(name, value)
    made = Cloud(tmp_path)
    make_source(made)
    make_clone(made, "dev", tags(expires=f"{NOW + timedelta(days=6):%Y-%m-%dT%H:%M:%SZ}"))
    born = rds_backends[ACCOUNT][REGION].clusters["dev"]
    born.cluster_create_time = NOW - timedelta(days=4, hours=1)
    with no_wire():
        yield made


def grow(hours_ago: float, gib: float) -> None:
    cloudwatch_backends[ACCOUNT][REGION].record(
        "AWS/RDS", "VolumeBytesUsed", {"DBClusterIdentifier": "dev"}, gib * GIB, NOW - timedelta(hours=hours_ago)
    )


def test_growth_and_cost_until_expiry(cloud: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
    del cloud
    for day in range(5):
        grow(24 * (4 - day) + 2, 1 + day / 2)
    words = ["cluster", "growth", "dev", "--price-per-gib-month", "0.1"]
    assert main([*words, "--output", "json"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert found["source"] == SOURCE_ARN
    assert found["growth"]["bytes_per_day"] == pytest.approx(GIB / 2, rel=0.1)
    assert found["growth"]["bytes_at_expiry"] == pytest.approx(6 * GIB, rel=0.1)
    assert found["cost_until_expiry"] > found["cost_so_far"] > 0
    assert main(words) == 0
    said = capsys.readouterr().out
    assert "growth a day   0.500 GiB" in said
    assert "in the currency of the price" in said
    assert all(len(line) <= 84 for line in said.splitlines())


def test_before_the_first_sample(cloud: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
    del cloud
    assert main(["cluster", "growth", "dev"]) == 0
    said = capsys.readouterr().out
    assert "CloudWatch has no VolumeBytesUsed of it yet" in said
    assert "give --price-per-gib-month" in said


def test_a_full_copy_is_refused(cloud: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
    """A restore to a point in time has its source's clone group, and shares no page with it."""
    make_clone(cloud, "then", tags(purpose="restore point-in-time"))
    assert main(["cluster", "growth", "then", "--output", "json"]) == 3
    (reason,) = json.loads(capsys.readouterr().out)["error"]["reasons"]
    assert "then must be a clone, got a full copy, made by `restore point-in-time`" in reason


def test_what_is_no_clone_is_refused(cloud: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
    make_source(cloud, "alone")
    for name, said in (("alone", "alone must be a clone"), ("none", "cluster none must exist, got none")):
        assert main(["cluster", "growth", name, "--output", "json"]) == 3
        assert said in json.loads(capsys.readouterr().out)["error"]["reasons"][0]
    assert main(["cluster", "growth", "dev", "--price-per-gib-month", "-1", "--output", "json"]) == 2
    assert "must be 0 or more, got -1.0" in json.loads(capsys.readouterr().out)["error"]["message"]
