"""The whole command against the embedded AWS: pruned, refused, spared, finished after kill -9."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from moto.rds.models import rds_backends

from estate.names import TAG_HOLD
from runbooks.cli.main import main
from runbooks.prune.request import PruneRequest
from runbooks.prune.retention import Policy
from runbooks.prune.runbook import prune_runbook
from tests.runbooks.prune.scenario import CLUSTER, KEPT, NOW, OURS, SCENARIOS, take
from tests.support.crash import CrashPoint, run_until
from tests.support.scenario import ACCOUNT, REGION
from tests.support.served import Account, new_account, on_the_wire, run

pytestmark = pytest.mark.lab

(SCENARIO,) = SCENARIOS
WORDS = SCENARIO.words
DO = ("--execute", "--confirm", CLUSTER)
REQUEST = PruneRequest(source_id=CLUSTER, policy=Policy(daily=2, weekly=0, monthly=0, yearly=0, keep_at_least=1))
CONFIRMED = "tests.runbooks.prune.test_prune_lab:confirmed"


def backend() -> Any:
    return rds_backends[ACCOUNT][REGION]


def confirmed() -> Any:
    """The runbook for a process of its own, where nobody types."""
    return replace(prune_runbook(), irreversible=False)


@pytest.fixture
def cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    with new_account(monkeypatch, tmp_path) as account:
        SCENARIO.set_up(account)
        yield account


def names(cloud: Account) -> set[str]:
    pages = cloud.client("rds").get_paginator("describe_db_cluster_snapshots").paginate()
    return {each["DBClusterSnapshotIdentifier"] for page in pages for each in page["DBClusterSnapshots"]}


def test_a_dry_run_shows_the_plan_and_changes_nothing(cloud: Account, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*WORDS]) == 0
    said = capsys.readouterr().out
    assert "legal hold: case 4711" in said
    assert "no run of a runbook made it" in said
    assert "Nothing was changed. Add --execute to do it." in said
    assert cloud.changed == []


def test_what_no_rule_keeps_is_deleted(cloud: Account, capsys: pytest.CaptureFixture[str]) -> None:
    done = run(capsys, *WORDS, *DO)
    assert done["result"]["deleted"] == ["day-3", "day-2"]
    assert (done["result"]["restorable"], done["verdict"]["passed"]) == (3, True)
    assert (done["result"]["used"], done["result"]["quota"]) == (4, 100)
    assert cloud.changed == ["DeleteDBClusterSnapshot"] * 2
    SCENARIO.done(cloud)
    assert run(capsys, *WORDS, "--execute")["steps"] == []  # nothing left, so nobody has to type anything


def test_without_the_name_nothing_is_deleted(cloud: Account, capsys: pytest.CaptureFixture[str]) -> None:
    said = run(capsys, *WORDS, "--execute", code=3)
    assert "this cannot be undone" in said["error"]["message"]
    assert cloud.changed == []


def test_every_page_is_read(cloud: Account, capsys: pytest.CaptureFixture[str]) -> None:
    """cdk-rds-sanitized-snapshots keeps the newest of the first page, and deletes or forgets the rest."""
    for number in range(60):
        backend().create_db_cluster_snapshot(CLUSTER, f"automated-{number}", snapshot_type="automated")
    for day in range(4, 64):
        take(cloud.client("rds"), f"day-{day}", day, OURS)
    cloud.forget()
    planned = run(capsys, *WORDS)
    assert len(planned["steps"]) == 62
    assert cloud.made.count("DescribeDBClusterSnapshots") == 2 + 62  # two pages, and one look at each that goes


def test_a_shared_one_is_kept(cloud: Account, capsys: pytest.CaptureFixture[str]) -> None:
    cloud.client("rds").modify_db_cluster_snapshot_attribute(
        DBClusterSnapshotIdentifier="day-3", AttributeName="restore", ValuesToAdd=["210987654321"]
    )
    assert run(capsys, *WORDS, *DO)["result"]["deleted"] == ["day-2"]
    assert names(cloud) == {*KEPT, "day-3"}


def test_the_snapshots_of_other_clusters_are_not_touched(cloud: Account, capsys: pytest.CaptureFixture[str]) -> None:
    cloud.client("rds").create_db_cluster(
        DBClusterIdentifier="other", Engine="aurora-mysql", MasterUsername="keeper", MasterUserPassword="p" * 12
    )
    take(cloud.client("rds"), "other-old", 99, OURS, cluster="other")
    run(capsys, *WORDS, *DO)
    assert "other-old" in names(cloud)


def test_one_that_was_held_after_the_plan_is_spared(
    cloud: Account, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last look is just before the deletion; the run goes on with the rest."""
    from runbooks.prune import steps

    judge, rds = steps._judge_again, cloud.client("rds")

    def meanwhile(step: Any, *given: Any) -> Any:
        if step.subject == "day-3":
            rds.add_tags_to_resource(ResourceName=step.arguments["arn"], Tags=[{"Key": TAG_HOLD, "Value": "case 12"}])
        return judge(step, *given)

    monkeypatch.setattr(steps, "_judge_again", meanwhile)
    done = run(capsys, *WORDS, *DO)
    assert done["result"]["deleted"] == ["day-2"]
    assert done["result"]["spared"] == ["day-3: legal hold: case 12"]
    assert names(cloud) == {*KEPT, "day-3"}


def test_when_others_delete_what_the_plan_kept_the_minimum_stays(
    cloud: Account, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from runbooks.prune import steps

    judge, rds = steps._judge_again, cloud.client("rds")

    def meanwhile(step: Any, *given: Any) -> Any:
        for name in {"day-0", "day-1"} & names(cloud):
            rds.delete_db_cluster_snapshot(DBClusterSnapshotIdentifier=name)
        return judge(step, *given)

    monkeypatch.setattr(steps, "_judge_again", meanwhile)
    done = run(capsys, *WORDS, *DO)
    assert done["result"]["deleted"] == []
    assert names(cloud) == {"day-2", "day-3", "held", "by-hand", "rds:own"}


def test_one_that_is_being_exported_or_copied_is_kept(cloud: Account, capsys: pytest.CaptureFixture[str]) -> None:
    rds = cloud.client("rds")
    rds.copy_db_cluster_snapshot(
        SourceDBClusterSnapshotIdentifier="day-3", TargetDBClusterSnapshotIdentifier="copy-of-3"
    )
    here = backend()
    here.cluster_snapshots["copy-of-3"].status = "copying"
    here.export_tasks["task"] = type("Task", (), {})()
    task = here.export_tasks["task"]
    task.export_task_identifier, task.status, task.task_start_time = "task", "IN_PROGRESS", NOW
    task.source_arn = here.cluster_snapshots["day-2"].arn
    planned = run(capsys, *WORDS)
    assert planned["steps"] == []


def test_a_picture_with_a_hole_deletes_nothing(
    cloud: Account, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page that cannot be read ends the run before anything is done."""
    from runbooks.snapshot.aurora_family import AuroraFamily

    def torn(self: Any, source_id: str = "") -> Any:
        self._session.rds.describe_db_cluster_snapshots(Marker="not-a-marker")

    monkeypatch.setattr(AuroraFamily, "list_snapshots", torn)
    cloud.forget()
    assert main([*WORDS, *DO]) == 3
    assert cloud.changed == []


def test_killed_it_keeps_others_out_and_is_finished_by_the_second_run(
    cloud: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    with on_the_wire() as environment:
        SCENARIO.set_up(cloud)
        point = CrashPoint(1, "torn")
        assert run_until(point, CONFIRMED, REQUEST.to_plain(), "one", environment) == -signal.SIGKILL
    assert names(cloud) == {*KEPT, "day-2"}
    said = run(capsys, *WORDS, *DO, "--run-id", "two", code=3)
    assert f"{CLUSTER} is locked by run one" in said["error"]["reasons"][0]
    assert run(capsys, "resume", "one", "--confirm", CLUSTER)["verdict"]["passed"]
    SCENARIO.done(cloud)


def test_with_an_estate_names_are_those_of_the_file(
    cloud: Account, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "shop.yaml"
    file.write_text(
        'estate: shop\ndefaults: "2026-11"\nregions: [eu-west-1]\naurora:\n  orders: {engine: aurora-postgresql, '
        'version: "17.7", instances: {a: {class: db.r8g.large}, b: {class: db.r8g.large}}}\n',
        encoding="utf-8",
    )
    planned = run(capsys, "snapshot", "prune", "orders", "--estate", str(file), *WORDS[3:])
    assert planned["target"] == CLUSTER
    assert len(planned["steps"]) == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        pytest.param(("--keep-at-least", "0"), "--keep-at-least must be 1 or more, got 0", id="none"),
        pytest.param(("--daily", "-1"), "--daily must be 0 or more, got -1", id="negative"),
    ],
)
def test_wrong_numbers(words: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["snapshot", "prune", CLUSTER, *words]) == 2
    assert said in capsys.readouterr().err


def test_what_snapshot_create_and_copy_take_is_ours(cloud: Account, capsys: pytest.CaptureFixture[str]) -> None:
    """And what people take of a clone is not, although RDS copied the clone's tags to it."""
    run(capsys, "snapshot", "create", CLUSTER, "--as", "taken", "--owner", "tests", "--execute")
    run(capsys, "snapshot", "copy", "taken", "--as", "copied", "--owner", "tests", "--execute")
    rds = cloud.client("rds")
    rds.restore_db_cluster_from_snapshot(
        DBClusterIdentifier="clone", SnapshotIdentifier="taken", Engine="aurora-postgresql", CopyTagsToSnapshot=True,
        Tags=[{"Key": key, "Value": value} for key, value in OURS.items()],
    )  # fmt: skip
    rds.create_db_cluster_snapshot(DBClusterIdentifier="clone", DBClusterSnapshotIdentifier="by-hand-of-clone")
    assert main([*WORDS]) == 0
    said = capsys.readouterr().out
    assert "kept      " in next(line for line in said.splitlines() if line.endswith("  copied"))
    assert "goes      " in next(line for line in said.splitlines() if line.endswith("  taken"))
    assert main(["snapshot", "prune", "clone"]) == 0
    assert "its tags were copied from the cluster, which a run made" in capsys.readouterr().out


def test_snapshots_of_caches_are_pruned_by_the_same_rules(cloud: Account, capsys: pytest.CaptureFixture[str]) -> None:
    caches, name = cloud.client("elasticache"), "shop-sessions"
    caches.create_replication_group(
        ReplicationGroupId=name, ReplicationGroupDescription="d", Engine="valkey", EngineVersion="8.2",
        CacheNodeType="cache.r7g.large", NumCacheClusters=2, AutomaticFailoverEnabled=True,
    )  # fmt: skip
    source = f"arn:aws:elasticache:{REGION}:{ACCOUNT}:replicationgroup:{name}"
    tags = [{"Key": "aurora-estate:run", "Value": "earlier"}, {"Key": "aurora-estate:source", "Value": source}]
    for letter in "abc":
        caches.create_snapshot(ReplicationGroupId=name, SnapshotName=letter, Tags=tags)
    caches.create_snapshot(ReplicationGroupId=name, SnapshotName="by-hand")
    words = ("snapshot", "prune", name, "--family", "cache", *WORDS[3:])
    done = run(capsys, *words, "--execute", "--confirm", name)
    assert done["verdict"]["passed"]
    assert len(done["result"]["deleted"]) == 2
    left = {each["SnapshotName"] for each in caches.describe_snapshots()["Snapshots"]}
    assert len(left) == 2
    assert "by-hand" in left


def test_snapshots_of_serverless_caches_too(cloud: Account, capsys: pytest.CaptureFixture[str]) -> None:
    caches, name = cloud.client("elasticache"), "shop-carts"
    caches.create_serverless_cache(ServerlessCacheName=name, Engine="valkey")
    source = f"arn:aws:elasticache:{REGION}:{ACCOUNT}:serverlesscache:{name}"
    tags = [{"Key": "aurora-estate:run", "Value": "earlier"}, {"Key": "aurora-estate:source", "Value": source}]
    for letter in "abc":
        caches.create_serverless_cache_snapshot(
            ServerlessCacheName=name, ServerlessCacheSnapshotName=f"carts-{letter}", Tags=tags
        )
    words = ("snapshot", "prune", name, "--family", "serverless", *WORDS[3:])
    done = run(capsys, *words, "--execute", "--confirm", name)
    assert len(done["result"]["deleted"]) == 2
    assert len(caches.describe_serverless_cache_snapshots()["ServerlessCacheSnapshots"]) == 1


def test_a_typing_error_is_refused(cloud: Account, capsys: pytest.CaptureFixture[str]) -> None:
    said = run(capsys, "snapshot", "prune", "shop-order", code=3)
    assert "shop-order must exist or have snapshots, got neither" in said["error"]["reasons"][0]


def test_the_policy_lets_it_delete_only_what_runs_made(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["policy", "snapshot", "prune", "--cluster", CLUSTER, "--output", "json"]) == 0
    statements = json.loads(capsys.readouterr().out)["Statement"]
    deletes = [each for each in statements if any(":Delete" in action for action in each["Action"])]
    assert deletes
    for each in deletes:
        if each["Action"] != ["ssm:DeleteParameter"] and "ssm:GetParameter" not in each["Action"]:
            assert each["Condition"]["Null"] == {
                "aws:ResourceTag/aurora-estate:run": "false",
                "aws:ResourceTag/aurora-estate:hold": "true",
            }
