"""A backup of a real PostgreSQL restored and looked into: its rows counted, and compared with the source's."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import psycopg
import pytest

from patterns.connect import connection_options
from tests.support.labs import Lab
from tests.support.served import run

pytestmark = [pytest.mark.lab, pytest.mark.xdist_group("shop_lab")]

CLUSTER = "shop-orders"
ROWS = 1234
CHECKS = """\
-- check: rows
-- expect: = 1234
SELECT count(*) FROM verify_rows;

-- check: same as the source
-- compare: 0%
SELECT sum(n) FROM verify_rows;
"""
TOO_MANY = "-- check: rows\n-- expect: >= 99999\nSELECT count(*) FROM verify_rows;\n"


def connect() -> Any:
    """As the master user, at the source."""
    cluster = boto3.client("rds").describe_db_clusters(DBClusterIdentifier=CLUSTER)["DBClusters"][0]
    secret = boto3.client("secretsmanager").get_secret_value(SecretId=cluster["MasterUserSecret"]["SecretArn"])
    password = json.loads(secret["SecretString"])["password"]
    options: dict[str, Any] = connection_options(
        cluster["Endpoint"], cluster["Port"], user=cluster["MasterUsername"], password=password, dbname="orders"
    )
    return psycopg.connect(**options, autocommit=True)


@pytest.fixture
def rows(shop_lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    for name, value in {**shop_lab.environment, "RUNBOOK_HOME": str(tmp_path)}.items():
        monkeypatch.setenv(name, value)
    with connect() as connection:
        connection.execute("DROP TABLE IF EXISTS verify_rows")
        connection.execute("CREATE TABLE verify_rows AS SELECT n FROM generate_series(1, 1234) AS n")
    yield tmp_path
    with connect() as connection:
        connection.execute("DROP TABLE verify_rows")
    left = [each["DBClusterIdentifier"] for each in boto3.client("rds").describe_db_clusters()["DBClusters"]]
    assert not [name for name in left if "-verify-" in name]
    secrets = boto3.client("secretsmanager").list_secrets()["SecretList"]
    assert not [each["Name"] for each in secrets if "-verify-" in each["Name"]]


def test_rows_are_counted_compared_and_the_copy_is_gone(rows: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (rows / "checks.sql").write_text(CHECKS, encoding="utf-8")
    words = ("restore", "verify", CLUSTER, "--reach-from", "10.20.0.0/16", "--owner", "tests")
    done = run(capsys, *words, "--checks", str(rows / "checks.sql"), "--execute", "--run-id", "good")
    assert done["verdict"]["passed"]
    assert done["result"]["queries"] == "2 of 2 passed"
    assert set(done["result"]["took_s"]) == {"restore", "first instance", "queries"}
    evidence = json.loads(Path(done["result"]["evidence"]).read_text(encoding="utf-8"))
    total = str(ROWS * (ROWS + 1) // 2)
    assert [(each["value"], each["source"]) for each in evidence["checks"]] == [(str(ROWS), ""), (total, total)]

    (rows / "checks.sql").write_text(TOO_MANY, encoding="utf-8")
    wrong = run(capsys, *words, "--checks", str(rows / "checks.sql"), "--execute", "--run-id", "bad", code=4)
    assert wrong["result"]["failed"] == ["rows"]
    found = {each["cluster_id"]: each["state"] for each in run(capsys, "restore", "verify", "--list")}
    assert (found[CLUSTER], found["shop-catalog"]) == ("failed", "unproven")
    by_default = run(capsys, *words, "--execute", "--run-id", "plain")
    assert by_default["result"]["queries"] == "3 of 3 passed"
    boto3.client("ssm").delete_parameter(Name=f"/aurora-estate/verified/{CLUSTER}")
