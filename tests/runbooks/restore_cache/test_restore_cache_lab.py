"""The whole command against the embedded AWS: done, refused, found again after kill -9; with real servers and keys."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lab.cloud.install import install, reset_backends
from lab.data.plane import ProcessPlane
from runbooks.cli.main import main
from runbooks.engine.clock import SystemClock
from runbooks.guard import hold, this_holder
from runbooks.restore_cache.request import RestoreCacheRequest
from runbooks.tools import Tools
from tests.lab.data.support import eventually
from tests.lab.data.test_valkey import filled, held
from tests.runbooks.restore_cache.scenario import (
    MENUS,
    MENUS_2,
    MENUS_SNAPSHOT,
    SCENARIOS,
    SNAPSHOT,
    SOURCE,
    TARGET,
    done_group,
    group_of,
    make_group,
    make_menus,
    take,
)
from tests.support.crash import CrashPoint, run_until
from tests.support.scenario import REGION, Cloud
from tests.support.served import Account, new_account, on_the_wire, run
from tests.support.transport import no_wire

pytestmark = pytest.mark.lab

NODES, SERVERLESS = SCENARIOS
WORDS = ("restore", "cache", SNAPSHOT, "--as", TARGET, "--owner", "me")
REQUEST = RestoreCacheRequest(snapshot=SNAPSHOT, target=TARGET, owner="me")
RUNBOOK = "runbooks.restore_cache.runbook:restore_cache_runbook"


@pytest.fixture
def cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    with new_account(monkeypatch, tmp_path) as account:
        NODES.set_up(account)
        yield account


def test_a_dry_run_shows_the_call_and_changes_nothing(cloud: Account, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*WORDS]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert f"> elasticache CreateReplicationGroup ReplicationGroupId={TARGET}" in said
    assert f"SnapshotName={SNAPSHOT}" in said
    assert "PreferredMaintenanceWindow=sun:05:00-sun:06:00" in said
    assert cloud.changed == []


def test_a_group_is_like_its_source(cloud: Account, capsys: pytest.CaptureFixture[str]) -> None:
    done = run(capsys, *WORDS, "--execute")
    assert done["verdict"]["passed"]
    assert done["result"]["endpoint"].startswith(f"clustercfg.{TARGET}.")
    assert (done["result"]["like"], done["result"]["expires"]) == (SOURCE, "")
    assert cloud.changed == ["CreateReplicationGroup"]
    done_group(cloud)


def test_what_is_asked_for_differs_and_passes(cloud: Account, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ("--node-type", "cache.r7g.xlarge", "--replicas", "2", "--engine-version", "8.1", "--expires-in", "2d")
    done = run(capsys, *WORDS, *asked, "--execute")
    assert done["verdict"]["passed"]
    new = group_of(cloud, TARGET)
    assert (new["CacheNodeType"], len(new["MemberClusters"])) == ("cache.r7g.xlarge", 6)
    assert done["result"]["expires"]


def test_what_aws_made_otherwise_fails_with_exit_code_4(
    cloud: Account, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An unexplained difference is no success."""
    perform = Tools.perform

    def forgetful(self: Tools, call: Any, secrets: Any = None) -> Any:
        answer = perform(self, call, secrets)
        self.session.elasticache.modify_replication_group(
            ReplicationGroupId=TARGET, SnapshotRetentionLimit=1, ApplyImmediately=True
        )
        return answer

    monkeypatch.setattr(Tools, "perform", forgetful)
    done = run(capsys, *WORDS, "--execute", code=4)
    (wrong,) = [check for check in done["verdict"]["checks"] if not check["passed"]]
    assert (wrong["name"], wrong["detail"]) == ("SnapshotRetentionLimit", "must be 7, got 1")


@pytest.mark.parametrize("engine", ["valkey", "memcached"])
def test_serverless(cloud: Account, capsys: pytest.CaptureFixture[str], engine: str) -> None:
    make_menus(cloud, engine)
    words = ("restore", "cache", MENUS_SNAPSHOT, "--family", "serverless", "--as", MENUS_2, "--owner", "me")
    done = run(capsys, *words, "--execute")
    assert done["verdict"]["passed"]
    assert (done["result"]["like"], done["result"]["engine"]) == (MENUS, engine)
    SERVERLESS.done(cloud)


def test_when_the_source_is_gone_another_is_named(cloud: Account, capsys: pytest.CaptureFixture[str]) -> None:
    cache = cloud.client("elasticache")
    cache.delete_replication_group(ReplicationGroupId=SOURCE)
    said = run(capsys, *WORDS, "--execute", code=3)
    assert f"replication group {SOURCE} must exist for the new one to be like it" in said["error"]["reasons"][0]
    cloud.forget()
    make_group(cloud, "shop-other")
    run(capsys, *WORDS, "--like", "shop-other", "--execute")
    assert group_of(cloud, TARGET)["UserGroupIds"] == ["shop-other"]


def test_a_token_that_nobody_can_read_is_not_replaced_in_silence(
    cloud: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    cloud.client("elasticache").create_replication_group(
        ReplicationGroupId="shop-legacy", ReplicationGroupDescription="d", Engine="redis", EngineVersion="7.1",
        CacheNodeType="cache.r7g.large", NumCacheClusters=2, AutomaticFailoverEnabled=True,
        TransitEncryptionEnabled=True, AuthToken="x" * 32,
    )  # fmt: skip
    take(cloud, "nightly", "shop-legacy")
    words = ("restore", "cache", "nightly", "--as", "shop-legacy-2", "--owner", "me")
    said = run(capsys, *words, "--execute", code=3)
    assert "got an AUTH token, which nobody can read back" in said["error"]["reasons"][0]
    assert cloud.changed == []


def test_a_name_that_somebody_else_has_is_left_alone(cloud: Account, capsys: pytest.CaptureFixture[str]) -> None:
    make_group(cloud, TARGET)
    said = run(capsys, *WORDS, "--execute", code=3)
    assert "got one that no run of a runbook made" in said["error"]["reasons"][0]
    assert cloud.changed == []


def test_a_second_run_at_once_is_refused_with_who_holds_it(cloud: Account, capsys: pytest.CaptureFixture[str]) -> None:
    with hold(Tools().ssm, TARGET, this_holder("arn:aws:iam::1:user/ann", "hers"), SystemClock()):
        said = run(capsys, *WORDS, "--execute", code=3)
    assert f"{TARGET} is locked by run hers of arn:aws:iam::1:user/ann" in said["error"]["reasons"][0]
    assert cloud.changed == []


@pytest.mark.parametrize("journal", ["kept", "lost"])
def test_killed_after_the_call_it_is_not_made_again(
    cloud: Account, capsys: pytest.CaptureFixture[str], journal: str
) -> None:
    with on_the_wire() as environment:
        reset_backends()  # a server empties some of the account
        NODES.set_up(cloud)
        point = CrashPoint(1, "after")
        assert run_until(point, RUNBOOK, REQUEST.to_plain(), "one", environment) == -signal.SIGKILL
    if journal == "lost":
        (cloud.folder / "home").rename(cloud.folder / "lost")
    cloud.forget()
    run(capsys, *WORDS, "--execute", "--run-id", "one")
    assert cloud.changed == []
    done_group(cloud)


def test_wrong_arguments(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["restore", "cache", SNAPSHOT]) == 2
    assert "--as" in capsys.readouterr().err
    assert main([*WORDS, "--expires-in", "soon"]) == 2
    assert "--expires-in must be hours or days" in capsys.readouterr().err


def test_the_keys_are_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With real servers: what was there when the snapshot was taken, and the source goes its own way."""
    plane = ProcessPlane(dns_delay_s=0)
    try:
        install(plane)
        reset_backends()
        for name, value in {**Cloud.environment, "RUNBOOK_HOME": str(tmp_path / "home")}.items():
            monkeypatch.setenv(name, value)
        with no_wire():
            _restore_with_servers(plane, Cloud(tmp_path), capsys)
    finally:
        install()
        reset_backends()
        plane.close()


def _restore_with_servers(plane: ProcessPlane, cloud: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
    cache = cloud.client("elasticache", REGION)
    cache.create_replication_group(
        ReplicationGroupId=SOURCE, ReplicationGroupDescription="d", Engine="valkey", CacheNodeType="cache.r7g.large",
        NumNodeGroups=2, ReplicasPerNodeGroup=0, AutomaticFailoverEnabled=True, Port=6380,
    )  # fmt: skip
    eventually(lambda: group_of(cloud, SOURCE)["Status"] == "available", "the source")
    source = plane._caches[SOURCE]
    filled(source)
    take(cloud)
    eventually(
        lambda: cache.describe_snapshots(SnapshotName=SNAPSHOT)["Snapshots"][0]["SnapshotStatus"] == "available",
        "the snapshot",
    )
    before = held(source)
    for node in source.all_nodes():
        node.run("FLUSHALL")
    done = run(capsys, *WORDS, "--execute")
    assert done["verdict"]["passed"]
    assert held(plane._caches[TARGET]) == before
    assert any(before)
    assert not any(held(source))
