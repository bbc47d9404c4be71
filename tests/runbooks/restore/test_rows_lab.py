"""Real rows of the shop's lab: a moment has what was there then, and a deleted cluster comes back with all of it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import psycopg
import pytest

from patterns.connect import connection_options
from tests.support.labs import Lab
from tests.support.served import run

pytestmark = [pytest.mark.lab, pytest.mark.xdist_group("shop_lab")]

SOURCE, THEN, BACK = "shop-orders", "restored-then", "restored-back"
PATIENCE_S = 60.0


class Shop:
    """Connections through the lab's DNS, with the passwords of the clusters' own secrets."""

    def sql(self, cluster_id: str, *statements: Any) -> list[Any]:
        cluster = boto3.client("rds").describe_db_clusters(DBClusterIdentifier=cluster_id)["DBClusters"][0]
        text = boto3.client("secretsmanager").get_secret_value(SecretId=cluster["MasterUserSecret"]["SecretArn"])
        options: dict[str, Any] = connection_options(
            cluster["Endpoint"], cluster["Port"], user=cluster["MasterUsername"],
            password=json.loads(text["SecretString"])["password"], dbname="orders",
        )  # fmt: skip
        with psycopg.connect(**options, autocommit=True) as connection:
            answers = [connection.execute(statement) for statement in statements]
            return answers[-1].fetchall() if answers[-1].description else []

    def rows(self, cluster_id: str) -> list[str]:
        return [name for (name,) in self.sql(cluster_id, "SELECT name FROM restored ORDER BY name")]

    def delete(self, name: str, *, keep: bool) -> None:
        """A cluster and its instances, and wait until both are gone."""
        rds: Any = boto3.client("rds")
        wait = {"Delay": 1, "MaxAttempts": 60}
        found = rds.describe_db_clusters(Filters=[{"Name": "db-cluster-id", "Values": [name]}])["DBClusters"]
        for cluster in found:
            rds.modify_db_cluster(DBClusterIdentifier=name, DeletionProtection=False, ApplyImmediately=True)
            self.until(
                lambda: rds.describe_db_clusters(DBClusterIdentifier=name)["DBClusters"][0]["Status"] == "available"
            )
            for member in cluster["DBClusterMembers"]:
                instance = member["DBInstanceIdentifier"]
                rds.delete_db_instance(DBInstanceIdentifier=instance, SkipFinalSnapshot=True)
                rds.get_waiter("db_instance_deleted").wait(DBInstanceIdentifier=instance, WaiterConfig=wait)
            rds.delete_db_cluster(DBClusterIdentifier=name, SkipFinalSnapshot=True, DeleteAutomatedBackups=not keep)
            rds.get_waiter("db_cluster_deleted").wait(DBClusterIdentifier=name, WaiterConfig=wait)

    @staticmethod
    def until(is_so: Any) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not is_so():
            assert time.monotonic() < deadline
            time.sleep(0.1)


@pytest.fixture
def shop(shop_lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    for name, value in {**shop_lab.environment, "RUNBOOK_HOME": str(tmp_path / "home")}.items():
        monkeypatch.setenv(name, value)
    made = Shop()
    made.sql(SOURCE, "CREATE TABLE restored (name text)", "INSERT INTO restored VALUES ('before')")
    yield made
    made.sql(SOURCE, "DROP TABLE restored")
    for name in (THEN, BACK):
        made.delete(name, keep=False)
    rds = boto3.client("rds")
    for backup in rds.describe_db_cluster_automated_backups(Filters=[{"Name": "status", "Values": ["retained"]}])[
        "DBClusterAutomatedBackups"
    ]:
        rds.delete_db_cluster_automated_backup(DbClusterResourceId=backup["DbClusterResourceId"])


def test_a_moment_has_what_was_there_then_and_a_deleted_cluster_all_that_it_had(
    shop: Shop, capsys: pytest.CaptureFixture[str]
) -> None:
    """A restore takes whole seconds: the moment is the second after the first row, the second row comes later."""
    at = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=1)
    shop.until(lambda: datetime.now(UTC) > at + timedelta(seconds=1))
    shop.sql(SOURCE, "INSERT INTO restored VALUES ('after')")
    to = ("--to", at.isoformat())
    shape = ("--instances", "1", "--owner", "test", "--execute")
    done = run(capsys, "restore", "point-in-time", SOURCE, *to, "--as", THEN, *shape)
    assert done["verdict"]["passed"]
    assert shop.rows(THEN) == ["before"]
    shop.sql(THEN, "INSERT INTO restored VALUES ('of the restored one')")
    assert shop.rows(SOURCE) == ["after", "before"]

    shop.delete(THEN, keep=True)
    (listed,) = run(capsys, "restore", "deleted")
    assert listed["CLUSTER"] == THEN
    back = run(capsys, "restore", "deleted", THEN, "--latest", "--like", SOURCE, "--as", BACK, *shape)
    assert back["verdict"]["passed"]
    assert shop.rows(BACK) == ["before", "of the restored one"]
