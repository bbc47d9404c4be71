"""A clone with real rows: it has them, what it writes does not reach the source, production's passwords do not work."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import psycopg
import pytest

from patterns.connect import connection_options
from runbooks.cli.main import main
from tests.support.labs import Lab

pytestmark = [pytest.mark.lab, pytest.mark.xdist_group("shop_lab")]

SOURCE, TARGET, RUN = "shop-orders", "clone-of-orders", "rows"
USER, PASSWORD = "clone_reader", "of-production-only"
HERE = "127.0.0.1/32"
MASK = "UPDATE customers SET email = 'masked-' || id || '@example.invalid', name = 'nobody';\n"
LEAKS = "-- leak: real addresses\nSELECT id FROM customers WHERE email NOT LIKE '%@example.invalid';\n"


class Shop:
    """The shop's orders and its clone, through the lab's DNS."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self.rds, self._capsys = boto3.client("rds"), capsys

    def runbook(self, *words: str, code: int = 0) -> Any:
        ended = main([*words, "--output", "json"])
        said = self._capsys.readouterr()
        assert ended == code, said.out + said.err
        assert PASSWORD not in said.out + said.err
        return json.loads(said.out)

    def connect(self, name: str, user: str = "", password: str = "") -> psycopg.Connection[Any]:
        """As the master user with the password of RDS's secret, or as somebody else."""
        cluster = self.rds.describe_db_clusters(DBClusterIdentifier=name)["DBClusters"][0]
        if not user:
            found = boto3.client("secretsmanager").get_secret_value(SecretId=cluster["MasterUserSecret"]["SecretArn"])
            login = json.loads(found["SecretString"])
            user, password = login["username"], login["password"]
        options: dict[str, Any] = connection_options(
            cluster["Endpoint"], cluster["Port"], user=user, password=password, dbname="orders"
        )
        return psycopg.connect(**options, autocommit=True)

    def run(self, name: str, *statements: Any) -> list[Any]:
        with self.connect(name) as connection:
            answers = [connection.execute(statement) for statement in statements]
            return answers[-1].fetchall() if answers[-1].description else []

    def drop(self) -> None:
        """The clone, by what tests made of it."""
        found = self.rds.describe_db_clusters(Filters=[{"Name": "db-cluster-id", "Values": [TARGET]}])["DBClusters"]
        waiting: Any = {"Delay": 1, "MaxAttempts": 60}
        for cluster in found:
            for each in cluster["DBClusterMembers"]:
                instance = each["DBInstanceIdentifier"]
                self.rds.delete_db_instance(DBInstanceIdentifier=instance, SkipFinalSnapshot=True)
                self.rds.get_waiter("db_instance_deleted").wait(DBInstanceIdentifier=instance, WaiterConfig=waiting)
            self.rds.delete_db_cluster(DBClusterIdentifier=TARGET, SkipFinalSnapshot=True)
            self.rds.get_waiter("db_cluster_deleted").wait(DBClusterIdentifier=TARGET, WaiterConfig=waiting)
        ec2 = boto3.client("ec2")
        by_name: Any = [{"Name": "group-name", "Values": [f"{TARGET}-quarantine"]}]
        for group in ec2.describe_security_groups(Filters=by_name)["SecurityGroups"]:
            ec2.delete_security_group(GroupId=group["GroupId"])


@pytest.fixture
def shop(
    shop_lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Shop]:
    for name, value in {**shop_lab.environment, "RUNBOOK_HOME": str(tmp_path)}.items():
        monkeypatch.setenv(name, value)
    shop = Shop(capsys)
    shop.run(
        SOURCE,
        "CREATE TABLE customers (id int PRIMARY KEY, name text, email text)",
        "INSERT INTO customers VALUES (1, 'Ada', 'ada@shop.com'), (2, 'Grace', 'grace@shop.com')",
        f"CREATE ROLE {USER} LOGIN PASSWORD '{PASSWORD}'",
        f"GRANT SELECT ON customers TO {USER}",
    )
    yield shop
    shop.drop()
    shop.run(SOURCE, "DROP TABLE customers", f"DROP ROLE {USER}")


def test_a_clone_has_the_rows_masked_and_none_of_the_passwords(shop: Shop, tmp_path: Path) -> None:
    mask, leaks = tmp_path / "mask.sql", tmp_path / "leaks.sql"
    mask.write_text(MASK, encoding="utf-8")
    leaks.write_text(LEAKS, encoding="utf-8")
    began = sorted(each["DBClusterIdentifier"] for each in shop.rds.describe_db_clusters()["DBClusters"])
    words = ("clone", SOURCE, "--as", TARGET, "--class", "db.r8g.large", "--reach-from", HERE)
    done = shop.runbook(*words, "--mask", str(mask), "--leaks", str(leaks), "--execute", "--run-id", RUN)
    assert done["verdict"]["passed"], done["verdict"]["checks"]
    assert (done["result"]["is_open"], done["result"]["is_masked"]) == (True, True)

    assert shop.run(TARGET, "SELECT name, email FROM customers ORDER BY id") == [
        ("nobody", "masked-1@example.invalid"),
        ("nobody", "masked-2@example.invalid"),
    ]
    shop.run(TARGET, "INSERT INTO customers VALUES (3, 'only', 'here@example.invalid')")
    rows = "SELECT email FROM customers ORDER BY id"
    assert shop.run(SOURCE, rows) == [("ada@shop.com",), ("grace@shop.com",)]

    with shop.connect(SOURCE, USER, PASSWORD) as connection:
        assert connection.execute("SELECT count(*) FROM customers").fetchall() == [(2,)]
    with pytest.raises(psycopg.OperationalError):
        shop.connect(TARGET, USER, PASSWORD)
    shop.drop()
    assert sorted(each["DBClusterIdentifier"] for each in shop.rds.describe_db_clusters()["DBClusters"]) == began


def test_a_leak_leaves_the_clone_closed(shop: Shop, tmp_path: Path) -> None:
    """A scrub that failed leaves no unmasked copy in production's security group."""
    leaks = tmp_path / "leaks.sql"
    leaks.write_text(LEAKS, encoding="utf-8")
    words = ("clone", SOURCE, "--as", TARGET, "--class", "db.r8g.large", "--reach-from", HERE, "--leaks", str(leaks))
    shop.runbook(*words, "--execute", "--run-id", RUN, code=1)
    cluster = shop.rds.describe_db_clusters(DBClusterIdentifier=TARGET)["DBClusters"][0]
    (group,) = cluster["VpcSecurityGroups"]
    shown = boto3.client("ec2").describe_security_groups(GroupIds=[group["VpcSecurityGroupId"]])["SecurityGroups"]
    assert shown[0]["GroupName"] == f"{TARGET}-quarantine"
    assert [each["CidrIp"] for rule in shown[0]["IpPermissions"] for each in rule["IpRanges"]] == [HERE]
