"""Access given and taken in a real PostgreSQL of the shop's lab; each test leaves the database as it was."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from signal import SIGKILL
from typing import Any

import boto3
import psycopg
import pytest

from patterns.connect import auth_token, connection_options
from runbooks.cli.main import main
from tests.runbooks.access.builders import ask
from tests.support.crash import CrashPoint, run_until
from tests.support.labs import Lab

pytestmark = [pytest.mark.lab, pytest.mark.xdist_group("shop_lab")]

CLUSTER = "shop-orders"
GRANT = "runbooks.access.runbook:grant_runbook"
REVOKE = "tests.runbooks.access.builders:confirmed_revoke"


class Shop:
    """The shop's orders, the runbook in this process, and connections through the lab's DNS."""

    def __init__(self, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.home, self._capsys = home, capsys
        self.cluster = boto3.client("rds").describe_db_clusters(DBClusterIdentifier=CLUSTER)["DBClusters"][0]

    def runbook(self, *words: str, code: int = 0) -> Any:
        """One command's JSON."""
        ended = main([*words, "--output", "json"])
        said = self._capsys.readouterr()
        assert ended == code, said.out + said.err
        assert self.password not in said.out + said.err
        return json.loads(said.out)

    @property
    def password(self) -> str:
        secret = boto3.client("secretsmanager").get_secret_value(SecretId=self.cluster["MasterUserSecret"]["SecretArn"])
        return str(json.loads(secret["SecretString"])["password"])

    def connect(self, user: str, database: str = "orders") -> psycopg.Connection[Any]:
        """As an application does, with an IAM token; the master user with the password."""
        host, port = self.cluster["Endpoint"], self.cluster["Port"]
        master = user == self.cluster["MasterUsername"]
        password = self.password if master else auth_token(host, port, user, "eu-west-1")
        options: dict[str, Any] = connection_options(host, port, user=user, password=password, dbname=database)
        return psycopg.connect(**options, autocommit=True)

    def as_master(self, *statements: Any) -> list[Any]:
        with self.connect(self.cluster["MasterUsername"]) as connection:
            answers = [connection.execute(statement) for statement in statements]
            return answers[-1].fetchall() if answers[-1].description else []

    def roles(self) -> list[str]:
        query = "SELECT rolname FROM pg_roles WHERE rolname LIKE 'app%' ORDER BY 1"
        return [name for (name,) in self.as_master(query)]


@pytest.fixture
def shop(
    shop_lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Shop]:
    for name, value in {**shop_lab.environment, "RUNBOOK_HOME": str(tmp_path)}.items():
        monkeypatch.setenv(name, value)
    shop = Shop(tmp_path, capsys)
    yield shop
    for role in shop.roles():
        shop.as_master(f'GRANT "{role}" TO CURRENT_USER', f'DROP OWNED BY "{role}"', f'DROP ROLE "{role}"')
    assert not boto3.client("ssm").describe_parameters(
        ParameterFilters=[{"Key": "Name", "Option": "BeginsWith", "Values": ["/aurora-estate/locks/"]}]
    )["Parameters"]


def test_a_reader_gets_in_by_iam_and_is_put_out_again(shop: Shop) -> None:
    shown = shop.runbook("access", "grant", CLUSTER, "app_reader", "--read-only")
    assert [step["step"].split()[0] for step in shown["steps"]] == [
        "create-role",
        "grant-iam",
        "grant-connect",
        "grant-read",
    ]
    assert shop.roles() == []  # a dry run changes nothing

    done = shop.runbook("access", "grant", CLUSTER, "app_reader", "--read-only", "--execute")
    assert (done["state"], done["verdict"]["passed"]) == ("done", True)
    assert done["result"]["user_arn"].endswith(f":dbuser:{shop.cluster['DbClusterResourceId']}/app_reader")
    shop.as_master("CREATE TABLE access_test (n int)", "INSERT INTO access_test VALUES (42)")
    try:
        with shop.connect("app_reader") as connection:
            assert connection.execute("SELECT n FROM access_test").fetchall() == [(42,)]
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute("INSERT INTO access_test VALUES (43)")
            assert shop.runbook("access", "grant", CLUSTER, "app_reader", "--read-only", "--execute")["steps"] == []
            (listed,) = shop.runbook("access", "list", CLUSTER)
            assert (listed["name"], listed["reads_all"], listed["databases"]) == ("app_reader", True, ["orders"])
            shop.runbook("access", "revoke", CLUSTER, "app_reader", "--execute", code=3)  # nobody typed the name
            shop.runbook("access", "revoke", CLUSTER, "app_reader", "--execute", "--confirm", CLUSTER)
            with pytest.raises(psycopg.OperationalError):  # put out at once, not when it leaves
                connection.execute("SELECT 1")
    finally:
        shop.as_master("DROP TABLE access_test")
    assert shop.roles() == []
    assert shop.runbook("access", "list", CLUSTER) == []
    with pytest.raises(psycopg.OperationalError):
        shop.connect("app_reader")


def test_a_user_that_owns_something_stays_without_login(shop: Shop) -> None:
    shop.runbook("access", "grant", CLUSTER, "app_owner", "--execute")
    shop.as_master('GRANT CREATE ON DATABASE orders TO "app_owner"')
    with shop.connect("app_owner") as connection:
        connection.execute("CREATE SCHEMA app_things")
    done = shop.runbook("access", "revoke", CLUSTER, "app_owner", "--execute", "--confirm", CLUSTER)
    assert done["verdict"]["passed"]
    assert done["result"]["left"] == [
        "has CREATE on database orders",
        "owns 1 of pg_namespace in database orders",
    ]
    assert shop.roles() == ["app_owner"]
    with pytest.raises(psycopg.OperationalError):
        shop.connect("app_owner")


def test_refusals_come_all_at_once_and_change_nothing(shop: Shop) -> None:
    said = shop.runbook("access", "grant", CLUSTER, "rds_iam", "--database", "nope", "--execute", code=3)
    assert len(said["error"]["reasons"]) == 2
    shop.as_master("CREATE ROLE app_password LOGIN PASSWORD 'correct-horse'")
    said = shop.runbook("access", "grant", CLUSTER, "app_password", "--execute", code=3)
    assert "password would no longer work" in said["error"]["reasons"][0]
    (reason,) = shop.runbook("access", "grant", "shop-catalog", "app", code=3)["error"]["reasons"]
    assert "no MySQL in the lab yet" in reason


@pytest.fixture
def iam_cluster(shop: Shop) -> Iterator[str]:
    """A cluster of one instance whose master user has no password."""
    rds, name = boto3.client("rds"), "access-iam"
    rds.create_db_cluster(
        DBClusterIdentifier=name, Engine="aurora-postgresql", EngineVersion=shop.cluster["EngineVersion"],
        MasterUsername="keeper", MasterUserAuthenticationType="iam-db-auth", EnableIAMDatabaseAuthentication=True,
        DBSubnetGroupName=shop.cluster["DBSubnetGroup"],
    )  # fmt: skip
    rds.create_db_instance(
        DBInstanceIdentifier=f"{name}-a", DBClusterIdentifier=name, Engine="aurora-postgresql",
        DBInstanceClass="db.r8g.large",
    )  # fmt: skip
    rds.get_waiter("db_instance_available").wait(
        DBInstanceIdentifier=f"{name}-a", WaiterConfig={"Delay": 1, "MaxAttempts": 60}
    )
    yield name
    rds.delete_db_instance(DBInstanceIdentifier=f"{name}-a", SkipFinalSnapshot=True)
    rds.get_waiter("db_instance_deleted").wait(
        DBInstanceIdentifier=f"{name}-a", WaiterConfig={"Delay": 1, "MaxAttempts": 60}
    )
    rds.delete_db_cluster(DBClusterIdentifier=name, SkipFinalSnapshot=True)
    rds.get_waiter("db_cluster_deleted").wait(DBClusterIdentifier=name, WaiterConfig={"Delay": 1, "MaxAttempts": 60})


def test_a_master_user_without_password_logs_in_with_a_token(shop: Shop, iam_cluster: str) -> None:
    done = shop.runbook("access", "grant", iam_cluster, "app", "--execute")
    assert done["verdict"]["passed"]
    assert [role["name"] for role in shop.runbook("access", "list", iam_cluster)] == ["app", "keeper"]


@pytest.mark.parametrize("step", range(1, 7))
def test_killed_at_any_step_it_is_finished_by_the_second_run(shop: Shop, step: int) -> None:
    at: Any = ("before", "after", "torn")[step % 3]
    request = ask(user="app_killed", read_only=True).to_plain()
    environ = {"RUNBOOK_HOME": str(shop.home)}
    assert run_until(CrashPoint(min(step, 4), at), GRANT, request, "give", environ) == -SIGKILL
    assert shop.runbook("resume", "give")["verdict"]["passed"]
    with shop.connect("app_killed") as connection:
        assert connection.execute("SELECT current_user").fetchall() == [("app_killed",)]
    assert run_until(CrashPoint(step, at), REVOKE, request, "take", environ) == -SIGKILL
    assert shop.runbook("resume", "take", "--confirm", CLUSTER)["verdict"]["passed"]
    assert shop.roles() == []
