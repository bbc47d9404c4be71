"""The commands against the embedded AWS: done, refused, resumed after kill -9, across accounts and Regions."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from moto.rds.models import rds_backends

from estate.names import TAG_OWNER, TAG_PURPOSE, TAG_RUN, TAG_SOURCE, lock_parameter
from lab.cloud.delays import Delays
from lab.cloud.install import reset_backends
from lab.cloud.runtime import RUNTIME
from lab.cloud.server import CloudServer
from runbooks.cli.main import main
from tests.runbooks.snapshot.world import (
    ELSEWHERE,
    OTHER,
    locks,
    make_bucket,
    make_cluster,
    make_key,
    make_role,
    shared_with,
    snapshots,
    tags_of,
    take,
)
from tests.support.crash import CrashPoint, run_until
from tests.support.scenario import ACCOUNT, REGION, Cloud
from tests.support.served import Account, new_account
from tests.support.transport import Keys, no_wire

pytestmark = pytest.mark.lab

OWNER = ("--owner", "me")


@pytest.fixture
def cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    """An account that is empty, reached without a socket; nothing takes time there."""
    with new_account(monkeypatch, tmp_path) as account:
        yield account


@pytest.fixture
def slow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    """An account behind a server, where copies and exports take their time."""
    server = CloudServer(delays=Delays(copying_s=1.0, exporting_s=1.0))
    reset_backends()
    environment = {**Cloud.environment, "AWS_ENDPOINT_URL": server.endpoint, "RUNBOOK_HOME": str(tmp_path / "home")}
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with server:
        yield Cloud(tmp_path)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, Any]]:
    """A command's exit code and its JSON."""

    def call(*words: str) -> tuple[int, Any]:
        capsys.readouterr()
        code = main(["snapshot", *words, "--output", "json"])
        return code, json.loads(capsys.readouterr().out)

    return call


Run = Callable[..., tuple[int, Any]]


def reasons(answer: Any) -> str:
    return "\n".join(answer["error"]["reasons"])


def test_a_dry_run_shows_the_call_and_changes_nothing(cloud: Cloud, run: Run) -> None:
    make_cluster(cloud)
    code, plan = run("create", "shop-orders", *OWNER)
    assert (code, plan["state"]) == (0, "planned")
    (made,) = plan["steps"][0]["calls"]
    assert (made["service"], made["operation"]) == ("rds", "CreateDBClusterSnapshot")
    assert made["parameters"]["DBClusterIdentifier"] == "shop-orders"
    assert not snapshots(cloud)


def test_a_snapshot_has_its_own_tags_and_not_its_clusters(cloud: Cloud, run: Run) -> None:
    make_cluster(cloud, CopyTagsToSnapshot=True)
    code, answer = run("create", "shop-orders", "--as", "Before-It", "--tag", "team=orders", "--execute")
    assert code == 0
    made = snapshots(cloud)["before-it"]
    tags = tags_of(made)
    assert tags.pop(TAG_OWNER).startswith("arn:aws:")
    assert tags == {
        "team": "orders", TAG_RUN: answer["run_id"], TAG_PURPOSE: "snapshot create",
        TAG_SOURCE: f"arn:aws:rds:{REGION}:{ACCOUNT}:cluster:shop-orders",
    }  # fmt: skip
    assert answer["result"]["snapshot_id"] == "before-it"
    assert answer["result"]["created_at"].endswith("+00:00")
    assert not locks(cloud)


def test_a_name_that_is_taken_is_left_alone(cloud: Cloud, run: Run) -> None:
    make_cluster(cloud)
    take(cloud, "by-hand")
    code, answer = run("create", "shop-orders", "--as", "by-hand", *OWNER, "--execute")
    assert (code, "no run of a runbook made" in reasons(answer)) == (3, True)
    code, answer = run("create", "shop-ordrs", *OWNER, "--execute")
    assert (code, "cluster shop-ordrs must exist, got none" in reasons(answer)) == (3, True)
    assert sorted(snapshots(cloud)) == ["by-hand"]


def test_the_same_run_is_done_once_whether_its_journal_survived_or_not(
    cloud: Cloud, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_cluster(cloud)
    words = ("create", "shop-orders", "--expires-in", "2d", *OWNER, "--execute", "--run-id", "mine")
    assert run(*words)[0] == 0
    before = snapshots(cloud)
    monkeypatch.setenv("RUNBOOK_HOME", str(tmp_path / "another"))
    code, answer = run(*words)
    assert (code, [step["calls"] for step in answer["steps"]]) == (0, [[]]), "it is looked at, and nothing is called"
    assert snapshots(cloud) == before


def test_a_lock_of_somebody_else_is_named(cloud: Cloud, run: Run) -> None:
    """On the source, which another run changes, and on the name, which another run makes."""
    make_cluster(cloud)
    lease = {"owner": "arn:aws:iam::1:user/eve", "host": "h", "run": "theirs", "acquired": "2026-11-21T12:00:00+00:00",
             "expires": "2999-01-01T00:00:00+00:00"}  # fmt: skip
    for name in ("shop-orders", "snapshot/mine"):
        parameter = {"Name": lock_parameter(name), "Value": json.dumps(lease), "Type": "String"}
        cloud.client("ssm").put_parameter(**parameter)
        code, answer = run("create", "shop-orders", "--as", "mine", *OWNER, "--execute")
        assert (code, "locked by run theirs of arn:aws:iam::1:user/eve" in reasons(answer)) == (3, True)
        cloud.client("ssm").delete_parameter(Name=lock_parameter(name))
    assert not snapshots(cloud)


def test_its_owner_keeps_verbs_away(cloud: Cloud, run: Run) -> None:
    make_cluster(cloud)
    take(cloud, Tags=[{"Key": "aurora-estate:runbooks", "Value": "snapshot:copy"}])
    code, answer = run("share", "nightly", OTHER, "--execute", "--confirm", "nightly")
    assert (code, "must let `snapshot share` touch it" in reasons(answer)) == (3, True)
    assert run("copy", "nightly", *OWNER, "--execute")[0] == 0


def test_listing_takes_one_call_for_a_page_and_one_for_each_key(cloud: Account, run: Run) -> None:
    """A peer asks for tags one by one and is throttled (awslabs/aurora-snapshot-tool issue 11)."""
    make_cluster(cloud, StorageEncrypted=True)
    for number in range(60):
        take(cloud, f"s{number:02}", Tags=[{"Key": TAG_RUN, "Value": "r"}])
    rds_backends[ACCOUNT][REGION].back_up("shop-orders")
    cloud.forget()
    code, found = run("list", "shop-orders")
    assert cloud.made == ["DescribeDBClusterSnapshots", "DescribeKey"]
    assert (code, len(found)) == (0, 61)
    assert {each["kind"] for each in found} == {"manual", "automated"}
    assert {each["default_key"] for each in found} == {True}
    assert found[-1]["tags"] == {TAG_RUN: "r"}
    assert found[0]["created_at"] >= found[-1]["created_at"]


def test_a_copy_in_another_region_is_complete_before_it_is_done(slow: Cloud, run: Run) -> None:
    cloud = slow
    make_cluster(cloud, StorageEncrypted=True)
    take(cloud)
    key = make_key(cloud, "alias/far", ELSEWHERE)
    words = ("copy", "nightly", "--as", "far-away", "--to-region", ELSEWHERE, "--key", "alias/far", *OWNER)
    code, answer = run(*words, "--execute")
    assert code == 0
    made = snapshots(cloud, ELSEWHERE)["far-away"]
    assert (made["Status"], made["KmsKeyId"]) == ("available", key)
    assert answer["result"]["copied_from"] == snapshots(cloud)["nightly"]["DBClusterSnapshotArn"]
    assert answer["result"]["region"] == ELSEWHERE


def test_the_sixth_copy_to_a_region_waits_when_it_is_told_to(
    slow: Cloud, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud = slow
    make_cluster(cloud)
    arn = take(cloud)
    monkeypatch.setattr(RUNTIME, "delays", Delays(copying_s=10.0))  # long enough for a run on a loaded machine
    for number in range(5):
        cloud.client("rds", ELSEWHERE).copy_db_cluster_snapshot(
            SourceDBClusterSnapshotIdentifier=arn, TargetDBClusterSnapshotIdentifier=f"copy-{number}"
        )
    words = ("copy", "nightly", "--as", "sixth", "--to-region", ELSEWHERE, *OWNER, "--execute")
    code, answer = run(*words)
    assert (code, "fewer than 5, got copy-0, copy-1" in reasons(answer)) == (3, True)
    monkeypatch.setattr(RUNTIME, "delays", Delays(copying_s=0.2))
    assert run(*words, "--wait-for-slot")[0] == 0
    assert snapshots(cloud, ELSEWHERE)["sixth"]["Status"] == "available"


def test_an_automated_one_under_the_default_key_is_copied_then_shared_taken_and_unshared(
    cloud: Account, run: Run
) -> None:
    """The whole way to another account, which copies it under its own key (facts S1, S2)."""
    make_cluster(cloud, StorageEncrypted=True)
    automated = rds_backends[ACCOUNT][REGION].back_up("shop-orders").resource_id
    make_key(cloud, "alias/shared", accounts=(OTHER,))
    confirmed = ("--execute", "--confirm", "to-share")

    code, answer = run("share", automated, OTHER, "--execute")
    assert (code, "got an automated one" in reasons(answer)) == (3, True)
    assert run("copy", automated, "--as", "as-it-is", *OWNER, "--execute")[0] == 0
    code, answer = run("share", "as-it-is", OTHER, "--execute")
    assert (code, "got AWS's default key" in reasons(answer)) == (3, True)
    assert run("copy", automated, "--as", "to-share", "--key", "alias/shared", *OWNER, "--execute")[0] == 0
    code, answer = run("share", "to-share", OTHER, "--execute")
    assert (code, shared_with(cloud, "to-share")) == (3, []), "nobody typed its name"
    assert run("share", "to-share", OTHER, *confirmed)[0] == 0
    assert shared_with(cloud, "to-share") == [OTHER]
    arn = snapshots(cloud)["to-share"]["DBClusterSnapshotArn"]

    with no_wire(Keys(account=OTHER)):  # as if by the other account's credentials
        code, found = run("list", "--shared")
        assert code == 0, found
        (seen,) = found
        assert (seen["arn"], seen["kind"], seen["tags"]) == (arn, "shared", {})
        code, answer = run("copy", arn, "--as", "theirs", *OWNER, "--execute")
        assert (code, "--key must be a key of this account" in reasons(answer)) == (3, True)
        own = cloud.client("kms", account=OTHER).create_key()["KeyMetadata"]["Arn"]
        code, answer = run("copy", arn, "--as", "theirs", "--key", own, *OWNER, "--execute")
        assert (code, answer["result"]["key"]) == (0, own)
        assert answer["result"]["arn"].split(":")[4] == OTHER

    assert run("unshare", "to-share", OTHER, "--execute")[0] == 0
    assert shared_with(cloud, "to-share") == []
    code, answer = run("unshare", "to-share", OTHER, "--execute")
    assert (code, answer["steps"]) == (0, [])


def test_a_key_whose_policy_does_not_name_the_account(cloud: Cloud, run: Run) -> None:
    make_cluster(cloud, StorageEncrypted=True, KmsKeyId=make_key(cloud, "alias/home"))
    take(cloud)
    code, answer = run("share", "nightly", OTHER, "--execute", "--confirm", "nightly")
    assert (code, f"must let account {OTHER} use it" in reasons(answer)) == (3, True)
    assert shared_with(cloud, "nightly") == []


def lake(cloud: Cloud, region: str = REGION) -> tuple[str, ...]:
    make_cluster(cloud)
    take(cloud)
    make_bucket(cloud, region=region)
    make_key(cloud, "alias/lake")
    return ("export", "nightly", "--bucket", "lake", "--role", make_role(cloud), "--key", "alias/lake")


def test_an_export_says_where_it_is(slow: Cloud, run: Run) -> None:
    cloud = slow
    words = lake(cloud)
    code, answer = run(*words, "--prefix", "/aurora/", "--execute", "--confirm", "nightly")
    task = f"nightly-{answer['run_id']}"
    assert (code, answer["result"]["location"]) == (0, f"s3://lake/aurora/{task}/")
    (written,) = cloud.client("s3").list_objects_v2(Bucket="lake")["Contents"]
    assert written["Key"].startswith(f"aurora/{task}/")


def test_an_export_that_fails_says_why_and_is_not_gone_on_with(slow: Cloud, run: Run) -> None:
    cloud = slow
    words = lake(cloud)
    run_id = ("--execute", "--confirm", "nightly", "--run-id", "mine")
    import threading

    def lose_bucket() -> None:
        while not cloud.client("rds").describe_export_tasks()["ExportTasks"]:
            time.sleep(0.05)
        cloud.client("s3").delete_bucket(Bucket="lake")

    thread = threading.Thread(target=lose_bucket)
    thread.start()
    code, answer = run(*words, *run_id)
    thread.join()
    assert code == 1
    assert "isn't located in the current AWS Region or it doesn't exist" in answer["error"]["message"]
    make_bucket(cloud)
    code, answer = run(*words, *run_id)
    assert (code, "export nightly-mine must not have ended, got failed" in reasons(answer)) == (3, True)


def test_a_bucket_of_another_region_is_refused_before(cloud: Cloud, run: Run) -> None:
    code, answer = run(*lake(cloud, ELSEWHERE), "--execute", "--confirm", "nightly")
    assert (code, "bucket lake must be in eu-west-1" in reasons(answer)) == (3, True)
    assert not cloud.client("rds").describe_export_tasks()["ExportTasks"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        pytest.param(("export", "nightly", "--bucket", "lake"), "must have --role and --key", id="export"),
        pytest.param(("create", "shop-orders", "--expires-in", "soon"), "must be hours or days", id="expiry"),
        pytest.param(("create", "shop-orders", "--owner", "me", "--tag", "x"), "must be KEY=VALUE", id="tag"),
        pytest.param(("copy", "arn:aws:rds:eu-west-1:1:snapshot:x"), "a cluster snapshot's ARN", id="arn"),
        pytest.param(("list", "--estate", "x.yaml"), "--estate must come with a SOURCE", id="list"),
    ],
)
def test_bad_arguments(cloud: Cloud, run: Run, words: tuple[str, ...], said: str) -> None:
    code, answer = run(*words)
    assert (code, said in answer["error"]["message"]) == (2, True), answer


ESTATE = """\
estate: shop
defaults: "2026-11"
regions: [eu-west-1]
aurora:
  orders: {engine: aurora-postgresql, version: "17.7", instances: {a: &one {class: db.r8g.large}, b: *one}}
caches:
  sessions: {}
serverless_caches:
  carts: {}
"""


@pytest.mark.parametrize(
    ("name", "family", "found"),
    [
        pytest.param("orders", "aurora", "shop-orders", id="a-cluster"),
        pytest.param("shop-sessions", "cache", "shop-sessions", id="a-cache-by-its-identifier"),
        pytest.param("carts", "serverless", "shop-carts", id="a-serverless-cache"),
    ],
)
def test_an_estate_file_says_what_a_name_is(tmp_path: Path, name: str, family: str, found: str) -> None:
    from argparse import Namespace

    from runbooks.cli.command import UsageError
    from runbooks.snapshot.arguments import source_of

    file = tmp_path / "estate.yaml"
    file.write_text(ESTATE, encoding="utf-8")
    given = Namespace(source=name, estate=str(file), family=None, region=None)
    assert source_of(given) == (found, family, REGION)
    with pytest.raises(UsageError) as caught:
        source_of(Namespace(source="nope", estate=str(file), family=None, region=None))
    assert caught.value.next_step.startswith("declared: shop-carts, shop-orders, shop-sessions")
    given.family = "serverless" if family != "serverless" else "cache"
    with pytest.raises(UsageError, match=f"--family must be {family}"):
        source_of(given)


@pytest.mark.parametrize("point", [CrashPoint(1, "before"), CrashPoint(1, "torn"), CrashPoint(2, "after")], ids=str)
def test_killed_for_real_the_second_run_finishes(slow: Cloud, point: CrashPoint) -> None:
    make_cluster(slow)
    take(slow)
    request = {"snapshot": "nightly", "owner": "me", "to_region": ELSEWHERE, "region": REGION}
    runbook = "runbooks.snapshot.runbook:copy_runbook"
    assert run_until(point, runbook, request, "killed", os.environ) == -signal.SIGKILL
    assert run_until(CrashPoint(0, "never"), runbook, request, "killed", os.environ) == 0
    assert {name: each["Status"] for name, each in snapshots(slow, ELSEWHERE).items()} == {
        "nightly-killed": "available"
    }
    assert not locks(slow)
