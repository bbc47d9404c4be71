"""The command against the embedded AWS: alike, unlike, wrong arguments; and that it changes nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lab.cloud.delays import NONE
from lab.cloud.install import install, reset_backends
from runbooks.cli.main import main
from tests.runbooks.birth.small import do, wish
from tests.runbooks.parity.rich import make_rich
from tests.support.scenario import Cloud
from tests.support.transport import no_wire

pytestmark = pytest.mark.lab

MODEL, COPY = "shop-orders", "shop-orders-dev"


@pytest.fixture
def cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    made = Cloud(tmp_path)
    for name, value in {**made.environment, "RUNBOOK_HOME": str(tmp_path / "home")}.items():
        monkeypatch.setenv(name, value)
    install(delays=NONE)
    reset_backends()
    with no_wire():
        make_rich(made)
        yield made


def test_a_copy_with_other_instances(cloud: Cloud, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Modelled on the writer, the third instance is of another class than its namesake: said, and exit code 4."""
    do(wish("a", "b", "reporting"))
    capsys.readouterr()
    assert main(["parity", MODEL, COPY, "--output", "json"]) == 4
    shown: dict[str, Any] = json.loads(capsys.readouterr().out)
    odd = [(row["subject"], row["setting"], row["model"], row["copy"]) for row in shown["rows"] if not row["ok"]]
    assert odd == [
        (f"{COPY}-reporting", "DBInstanceClass", "db.serverless", "db.r8g.large"),
        (f"{COPY}-reporting", "PromotionTier", 15, 2),
    ]
    assert shown["unexplained"] == 2
    excepted = ["--except", "DBInstanceClass", "--except", "PromotionTier"]
    assert main(["parity", MODEL, COPY, *excepted]) == 0
    text = capsys.readouterr().out
    assert "nothing unexplained" in text.replace("\n", " ")
    assert [line for line in text.splitlines() if len(line) > 80 and " " in line.strip()] == []
    assert not (tmp_path / "home").exists()  # no run, no journal


def test_a_cluster_is_like_itself(cloud: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
    arn = cloud.client("rds").describe_db_clusters()["DBClusters"][0]["DBClusterArn"]
    assert main(["parity", MODEL, arn]) == 0
    assert "0 different, nothing unexplained" in capsys.readouterr().out.replace("\n", " ")


def test_a_cluster_that_is_not_there(cloud: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["parity", "nope", "neither"]) == 3
    said = capsys.readouterr().err
    assert "cluster nope must exist, got none in eu-west-1" in said
    assert "cluster neither must exist" in said


def test_an_exception_that_is_no_setting(cloud: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["parity", MODEL, COPY, "--except", "Storagetype"]) == 2
    assert "StorageType" in capsys.readouterr().err
