"""The whole command against the embedded AWS, without processes: restored, refused, cleared away whatever happens."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.rds.models import rds_backends

from estate.names import TAG_RUNBOOKS
from runbooks.cli.main import main
from runbooks.tools import Tools
from runbooks.verification.request import VerifyRequest, copy_id
from tests.runbooks.clone.scenario import SOURCE, make_source
from tests.runbooks.verification.scenario import CLASS, SCENARIOS, WORDS, nothing_is_left, proof_of
from tests.support.crash import CrashPoint, run_until
from tests.support.scenario import ACCOUNT, REGION
from tests.support.served import Account, new_account, on_the_wire, run

pytestmark = pytest.mark.lab

LATEST, SNAPSHOT = SCENARIOS
DO = ("--execute", "--run-id", "one")
COPY = f"{SOURCE}-verify-one"
REQUEST = VerifyRequest(cluster_id=SOURCE, owner="team-orders", expires="2026-11-30T00:00:00Z", queries=False)


@pytest.fixture
def cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    with new_account(monkeypatch, tmp_path) as account:
        make_source(account)
        account.forget()
        yield account


def test_a_dry_run_shows_the_plan_and_changes_nothing(cloud: Account, capsys: pytest.CaptureFixture[str]) -> None:
    planned = run(capsys, *WORDS, "--class", CLASS, "--run-id", "one")
    assert [step["step"].split()[0] for step in planned["steps"]] == [
        "create-security-group",
        "shut-egress",
        "restore-cluster",
        "create-instance",
        "record-proof",
        "delete-instances",
        "delete-cluster",
        "delete-security-group",
    ]
    restore = planned["steps"][2]["calls"][0]
    assert restore["operation"] == "RestoreDBClusterToPointInTime"
    assert restore["parameters"]["RestoreType"] == "full-copy"  # a clone would prove nothing of the backups
    assert restore["parameters"]["UseLatestRestorableTime"] is True
    instance = planned["steps"][3]["calls"][0]["parameters"]
    assert (instance["DBInstanceClass"], instance["PubliclyAccessible"]) == (CLASS, False)
    assert cloud.changed == []


def test_what_was_proven_is_said_and_kept(cloud: Account, capsys: pytest.CaptureFixture[str]) -> None:
    done = run(capsys, *WORDS, *DO)
    LATEST.done(cloud)
    result = done["result"]
    assert done["verdict"]["passed"]
    assert (result["copy_id"], result["queries"], result["kept"]) == (COPY, "none were run", False)
    assert set(result["took_s"]) == {"restore", "first instance"}
    evidence = json.loads(Path(result["evidence"]).read_text(encoding="utf-8"))
    assert (evidence["run"], evidence["copy"], evidence["checks"]) == ("one", COPY, [])


def test_the_result_is_readable_in_eighty_columns(cloud: Account, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*WORDS, *DO]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"restore verify {SOURCE}: done"
    assert lines[2:4] == ["  backup    latest restorable time", "  checks    none were run"]
    assert lines[4].startswith("  took      restore ")
    assert "  ok  cleared away: nothing is left of the copy" in lines
    assert all(len(line) <= 80 or "evidence" in line for line in lines)


def test_the_source_is_only_read(cloud: Account, capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, *WORDS, *DO)
    for service, operation, given in cloud.seen.made:
        if service == "rds" and not operation.startswith("Describe"):
            named = {given.get("DBClusterIdentifier"), given.get("DBInstanceIdentifier")} - {None}
            assert named <= {COPY, f"{COPY}-1"}, (operation, given)


def test_the_newest_snapshot_is_taken_wherever_it_is_in_the_list(
    cloud: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """KAM takes the fifth of the list for the latest."""
    rds = cloud.client("rds")
    for name in ("m", "a", "z"):
        rds.create_db_cluster_snapshot(DBClusterIdentifier=SOURCE, DBClusterSnapshotIdentifier=name)
    rds_backends[ACCOUNT][REGION].cluster_snapshots["z"].status = "creating"
    planned = run(capsys, *WORDS, "--backup", "snapshot")
    restore = next(step for step in planned["steps"] if step["step"].startswith("restore"))
    assert restore["calls"][0]["parameters"]["SnapshotIdentifier"].endswith(":a")


def refused_by(cloud: Account, monkeypatch: pytest.MonkeyPatch, operation: str) -> None:
    """AWS refuses one operation from now on."""
    perform = Tools.perform

    def refuse(self: Tools, call: Any, *given: Any) -> Any:
        if call.operation == operation:
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "not allowed"}}, operation)
        return perform(self, call, *given)

    monkeypatch.setattr(Tools, "perform", refuse)


@pytest.mark.parametrize("operation", ["CreateDBInstance", "PutParameter", "RestoreDBClusterToPointInTime"])
def test_what_fails_is_cleared_away_too(
    cloud: Account, operation: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """HENNGE's cleanup is not in a `finally`: a step that fails leaves a copy of production running."""
    with monkeypatch.context() as patched:
        refused_by(cloud, patched, operation)
        run(capsys, *WORDS, *DO, code=1)
    (source,) = cloud.client("rds").describe_db_clusters()["DBClusters"]
    assert source["DBClusterIdentifier"] == SOURCE
    groups = cloud.client("ec2").describe_security_groups()["SecurityGroups"]
    assert not [each for each in groups if "verify" in each["GroupName"]]
    run(capsys, *WORDS, *DO)  # the same run again does it from the start
    LATEST.done(cloud)


def test_with_keep_it_stays_and_stays_closed(cloud: Account, capsys: pytest.CaptureFixture[str]) -> None:
    done = run(capsys, *WORDS, "--keep", *DO)
    assert (done["result"]["kept"], done["verdict"]["passed"]) == (True, True)
    (copy,) = cloud.client("rds").describe_db_clusters(DBClusterIdentifier=COPY)["DBClusters"]
    (group,) = copy["VpcSecurityGroups"]
    (shown,) = cloud.client("ec2").describe_security_groups(GroupIds=[group["VpcSecurityGroupId"]])["SecurityGroups"]
    assert (shown["IpPermissions"], shown["IpPermissionsEgress"]) == ([], [])
    tags = {tag["Key"]: tag["Value"] for tag in copy["TagList"]}
    assert tags["aurora-estate:purpose"] == "restore verify"
    assert "env" not in tags
    assert tags["aurora-estate:expires"]


def test_somebody_elses_cluster_of_that_name_is_not_touched(cloud: Account, capsys: pytest.CaptureFixture[str]) -> None:
    cloud.client("rds").create_db_cluster(
        DBClusterIdentifier=COPY, Engine="aurora-postgresql", MasterUsername="keeper", MasterUserPassword="p" * 12
    )
    cloud.forget()
    said = run(capsys, *WORDS, *DO, code=3)
    assert f"{COPY} must be a name that is free, got one that no run of a runbook made" in str(said["error"])
    assert cloud.changed == []


def test_refusals_come_all_at_once(cloud: Account, capsys: pytest.CaptureFixture[str]) -> None:
    said = run(capsys, "restore", "verify", SOURCE, "--backup", "snapshot", code=3)
    reasons = "\n".join(said["error"]["reasons"])
    assert f"{SOURCE} must have a snapshot that is available, got none" in reasons
    assert "--reach-from must say from where the copy is queried, got nothing" in reasons
    (reason,) = run(capsys, "restore", "verify", "nothing", code=3)["error"]["reasons"]
    assert reason == "cluster nothing must exist, got none; `restore verify --list` lists them"


def test_mysql_is_restored_without_looking_inside(cloud: Account, capsys: pytest.CaptureFixture[str]) -> None:
    cloud.client("rds").create_db_cluster(
        DBClusterIdentifier="shop-catalog", Engine="aurora-mysql", MasterUsername="keeper", MasterUserPassword="p" * 12
    )
    (reason,) = run(
        capsys, "restore", "verify", "shop-catalog", "--reach-from", "10.0.0.0/8", "--class", CLASS, code=3
    )["error"]["reasons"]
    assert "engine must be aurora-postgresql to be queried, got aurora-mysql" in reason
    done = run(capsys, "restore", "verify", "shop-catalog", "--no-queries", "--class", CLASS, *DO)
    assert done["verdict"]["passed"]


def test_the_owner_s_tag_is_asked(cloud: Account, capsys: pytest.CaptureFixture[str]) -> None:
    arn = cloud.client("rds").describe_db_clusters()["DBClusters"][0]["DBClusterArn"]
    cloud.client("rds").add_tags_to_resource(ResourceName=arn, Tags=[{"Key": TAG_RUNBOOKS, "Value": "none"}])
    said = run(capsys, *WORDS, code=3)
    assert "must let `restore verify` touch it" in said["error"]["reasons"][0]


def test_killed_it_keeps_others_out_and_the_second_run_finishes(
    cloud: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    with on_the_wire() as environment:
        make_source(cloud)
        point = CrashPoint(4, "torn")  # the instance is there, and nothing says so
        verb = "runbooks.verification.runbook:verify_runbook"
        assert run_until(point, verb, REQUEST.to_plain(), "one", environment) == -signal.SIGKILL
    assert len(cloud.client("rds").describe_db_clusters()["DBClusters"]) == 2
    said = run(capsys, *WORDS, "--execute", "--run-id", "two", code=3)
    assert f"{SOURCE}-verify is locked by run one" in said["error"]["reasons"][0]
    assert run(capsys, "resume", "one")["verdict"]["passed"]
    nothing_is_left(cloud)
    assert proof_of(cloud)["run"] == "one"


def test_the_list_says_what_is_unproven(cloud: Account, capsys: pytest.CaptureFixture[str]) -> None:
    cloud.client("rds").create_db_cluster(
        DBClusterIdentifier="shop-catalog", Engine="aurora-mysql", MasterUsername="keeper", MasterUserPassword="p" * 12
    )
    assert {each["state"] for each in run(capsys, "restore", "verify", "--list")} == {"unproven"}
    run(capsys, *WORDS, *DO)
    found = {each["cluster_id"]: each for each in run(capsys, "restore", "verify", "--list")}
    assert found[SOURCE]["state"] == "proven"
    assert found[SOURCE]["queries"] == "none were run"
    assert found["shop-catalog"] == {
        "cluster_id": "shop-catalog", "state": "unproven", "at": "", "backup": "", "queries": "", "took_s": None
    }  # fmt: skip
    assert main(["restore", "verify", "--list"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("unproven  shop-catalog\n")
    assert "1 of 2 have no backup that is known to be good" in said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        pytest.param((), "CLUSTER must be given, got none", id="nothing"),
        pytest.param((SOURCE, "--list"), "--list must stand without CLUSTER", id="both"),
        pytest.param(
            (SOURCE, "--no-queries", "--checks", "x"), "--no-queries must stand without --checks", id="checks"
        ),
        pytest.param((SOURCE, "--checks", "/nowhere"), "--checks must be a file that can be read", id="no file"),
        pytest.param((SOURCE, "--owner", "x", "--expires-in", "soon"), "--expires-in must be hours or days", id="when"),
    ],
)
def test_wrong_arguments(words: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["restore", "verify", *words]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("cluster", "run_id", "name"),
    [
        pytest.param(SOURCE, "20261121-101500-3f2a", f"{SOURCE}-verify-20261121-101500-3f2a", id="usual"),
        pytest.param("c" * 63, "one", f"{'c' * 50}-verify-one", id="long cluster"),
        pytest.param(SOURCE, "two--hyphens", f"{SOURCE}-verify-c3b4d32a8ba9", id="a name that RDS would not take"),
    ],
)
def test_the_copy_is_called_after_the_cluster_and_the_run(cluster: str, run_id: str, name: str) -> None:
    assert copy_id(cluster, run_id)[: len(name) - 12] == name[: len(name) - 12]
    assert len(f"{copy_id(cluster, run_id)}-1") <= 63
    assert "--" not in copy_id(cluster, run_id)


def test_a_request_comes_back_from_the_journal() -> None:
    assert VerifyRequest.from_plain(json.loads(json.dumps(REQUEST.to_plain()))) == REQUEST
