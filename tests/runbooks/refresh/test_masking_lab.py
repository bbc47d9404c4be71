"""Real rows of the shop's lab: masked in the copy, untouched at the source; a leak leaves the copy closed."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import psycopg
import pytest

from patterns.connect import connection_options
from runbooks.cli.main import main
from runbooks.tags import run_suffix
from tests.support.labs import Lab

pytestmark = [pytest.mark.lab, pytest.mark.xdist_group("shop_lab")]

SOURCE, TARGET = "shop-orders", "masked"
PEOPLE = [(1, "ada@lovelace.net", "+441"), (2, "grace@hopper.net", "+12")]
MASK = """
-- People are numbers.
UPDATE refresh_people SET email = 'person' || id || '@example.com', phone = '+15550100';
DO $$ BEGIN PERFORM 1; END $$;
"""
COMMAND = """
import os, psycopg
with psycopg.connect("") as connection:
    connection.execute("UPDATE refresh_letters SET body = 'masked'")
print("letters masked as", os.environ["PGUSER"], "with", os.environ["PGPASSWORD"])
"""
LEAKS = """
-- leak: people with a number of their own
SELECT id FROM refresh_people WHERE phone <> '+15550100'
"""


class Shop:
    """The shop's lab, the runbook in this process, and connections through the lab's DNS."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self._capsys = folder, capsys
        for name, text in (("mask.sql", MASK), ("mask.py", COMMAND), ("leaks.sql", LEAKS)):
            (folder / name).write_text(text)

    def refresh(self, run_id: str, *more: str, code: int = 0) -> tuple[Any, str]:
        """A refresh's JSON, and everything that was said."""
        words = ["refresh", TARGET, "--from", SOURCE, "--rename", "--reach-from", "10.0.0.7/32", "--owner", "test"]
        ended = main([*words, *more, "--run-id", run_id, "--output", "json"])
        said = self._capsys.readouterr()
        assert ended == code, said.out + said.err
        return json.loads(said.out), said.out + said.err

    def path(self, name: str) -> str:
        return str(self.folder / name)

    def sql(self, cluster_id: str, *statements: Any) -> list[Any]:
        """As the master user, with the password that the cluster's own secret has now."""
        cluster = boto3.client("rds").describe_db_clusters(DBClusterIdentifier=cluster_id)["DBClusters"][0]
        text = boto3.client("secretsmanager").get_secret_value(SecretId=cluster["MasterUserSecret"]["SecretArn"])
        options: dict[str, Any] = connection_options(
            cluster["Endpoint"], cluster["Port"], user=cluster["MasterUsername"],
            password=json.loads(text["SecretString"])["password"], dbname="orders",
        )  # fmt: skip
        with psycopg.connect(**options, autocommit=True) as connection:
            answers = [connection.execute(statement) for statement in statements]
            return answers[-1].fetchall() if answers[-1].description else []


@pytest.fixture
def shop(
    shop_lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Shop]:
    for name, value in {**shop_lab.environment, "RUNBOOK_HOME": str(tmp_path / "home")}.items():
        monkeypatch.setenv(name, value)
    made = Shop(tmp_path, capsys)
    made.sql(
        SOURCE,
        "CREATE TABLE refresh_people (id int PRIMARY KEY, email text, phone text)",
        "INSERT INTO refresh_people VALUES (1, 'ada@lovelace.net', '+441'), (2, 'grace@hopper.net', '+12')",
        "CREATE TABLE refresh_letters (body text)",
        "INSERT INTO refresh_letters VALUES ('write to ada@lovelace.net'), ('or to ada@example.org')",
    )
    yield made
    made.sql(SOURCE, "DROP TABLE refresh_people", "DROP TABLE refresh_letters")
    _delete_copies()


def _delete_copies() -> None:
    rds, ec2 = boto3.client("rds"), boto3.client("ec2")
    wait: Any = {"Delay": 1, "MaxAttempts": 60}
    for cluster in rds.describe_db_clusters()["DBClusters"]:
        name = cluster["DBClusterIdentifier"]
        if not name.startswith(TARGET):
            continue
        for member in cluster["DBClusterMembers"]:
            instance = member["DBInstanceIdentifier"]
            rds.delete_db_instance(DBInstanceIdentifier=instance, SkipFinalSnapshot=True)
            rds.get_waiter("db_instance_deleted").wait(DBInstanceIdentifier=instance, WaiterConfig=wait)
        rds.delete_db_cluster(DBClusterIdentifier=name, SkipFinalSnapshot=True)
        rds.get_waiter("db_cluster_deleted").wait(DBClusterIdentifier=name, WaiterConfig=wait)
    for group in ec2.describe_security_groups()["SecurityGroups"]:
        if group["GroupName"].startswith(TARGET):
            ec2.delete_security_group(GroupId=group["GroupId"])


def test_rows_are_masked_in_the_copy_and_nowhere_else(shop: Shop) -> None:
    program = f"{sys.executable} {shop.path('mask.py')}"
    masks = ("--mask", shop.path("mask.sql"), "--mask-with", program, "--leaks", shop.path("leaks.sql"))
    shown, _ = shop.refresh("masks", *masks)
    kinds = [step["step"].split()[0] for step in shown["steps"]]
    order = ["restore-cluster", "note-rotated", "mask-by-file", "mask-by-command", "look-for-leaks", "open", "keep"]
    assert [kind for kind in kinds if kind in order] == order

    done, said = shop.refresh("masks", *masks, "--execute")
    assert done["verdict"]["passed"], done["verdict"]
    assert done["result"]["cluster_id"] == TARGET
    assert "letters masked as" in said
    assert "(withheld)" in said  # what the program printed of its password
    assert shop.sql(TARGET, "SELECT id, email, phone FROM refresh_people ORDER BY 1") == [
        (1, "person1@example.com", "+15550100"),
        (2, "person2@example.com", "+15550100"),
    ]
    assert set(shop.sql(TARGET, "SELECT body FROM refresh_letters")) == {("masked",)}
    marks = shop.sql(TARGET, "SELECT run, name FROM aurora_estate.masks ORDER BY name")
    assert [name for _, name in marks] == ["birth", "mask.sql", Path(sys.executable).name]
    assert shop.sql(SOURCE, "SELECT id, email, phone FROM refresh_people ORDER BY 1") == PEOPLE
    assert shop.sql(SOURCE, "SELECT to_regclass('aurora_estate.masks')") == [(None,)]


def test_a_leak_leaves_the_copy_closed(shop: Shop) -> None:
    (Path(shop.path("mask.sql"))).write_text("UPDATE refresh_letters SET body = body || '!' WHERE body LIKE 'or%'")
    masks = ("--mask", shop.path("mask.sql"), "--leaks", shop.path("leaks.sql"))
    ended, said = shop.refresh("leaks", *masks, "--execute", code=1)
    reason = ended["error"]["message"]
    assert "people with a number of their own: 2 rows" in reason
    assert "public.refresh_people.email: 2 rows (looks personal, and no mask wrote it)" in reason
    assert "public.refresh_people.phone: 2 rows (looks personal, and no mask wrote it)" in reason
    assert "public.refresh_letters.body: 1 row (an e-mail address of a real domain)" in reason
    assert "lovelace" not in said  # counts, never values
    copy = f"{TARGET}-{run_suffix('leaks')}"
    (cluster,) = boto3.client("rds").describe_db_clusters(DBClusterIdentifier=copy)["DBClusters"]
    (group,) = [each["VpcSecurityGroupId"] for each in cluster["VpcSecurityGroups"]]
    (shown,) = boto3.client("ec2").describe_security_groups(GroupIds=[group])["SecurityGroups"]
    assert shown["GroupName"] == f"{copy}-quarantine"
    tags = {tag["Key"]: tag["Value"] for tag in cluster["TagList"]}
    assert tags["aurora-estate:quarantine"] == "rotated"
    assert "aurora-estate:expires" in tags  # nobody uses it: `runbook reap` takes it away
    rds = boto3.client("rds")
    rds.remove_tags_from_resource(ResourceName=cluster["DBClusterArn"], TagKeys=["aurora-estate:masked"])
    hidden = (
        "CREATE TABLE refresh_hidden AS SELECT 'x@real.net' AS email",
        "ALTER TABLE refresh_hidden ENABLE ROW LEVEL SECURITY",
        "ALTER TABLE refresh_hidden FORCE ROW LEVEL SECURITY",
    )
    shop.sql(copy, *hidden)  # whom a policy hides rows from is not told that there are none
    _, said = shop.refresh("leaks", *masks, "--execute", code=1)  # as if killed before the tag; found again, closed
    assert "mask-by-file mask.sql" in said
    assert "public.refresh_hidden.email" in said
    assert sorted(shop.sql(copy, "SELECT body FROM refresh_letters")) == [  # masked once
        ("or to ada@example.org!",),
        ("write to ada@lovelace.net",),
    ]
