"""The whole command against the embedded AWS: what goes, what stays and why, refused, resumed, killed for real."""

from __future__ import annotations

import json
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from estate.names import TAG_RUN, TAG_RUNBOOKS
from lab.cloud.delays import NONE
from lab.cloud.install import install, reset_backends
from lab.cloud.server import CloudServer
from runbooks.cli.main import main
from runbooks.reap.request import ReapRequest
from tests.runbooks.reap.region import (
    FUTURE,
    SOURCE,
    SOURCE_ARN,
    add_endpoint_and_scaling,
    add_instance,
    clusters,
    groups,
    listed,
    make_clone,
    make_quarantine,
    make_source,
    secrets,
    snapshots,
    tags,
)
from tests.support.call_crash import counted_calls
from tests.support.crash import CrashPoint, run_until
from tests.support.scenario import REGION, Cloud
from tests.support.transport import no_wire

pytestmark = pytest.mark.lab


@pytest.fixture
def cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    install(delays=NONE)
    reset_backends()
    for name, value in {**Cloud.environment, "RUNBOOK_HOME": str(tmp_path / "home")}.items():
        monkeypatch.setenv(name, value)
    made = Cloud(tmp_path)
    make_source(made)
    with no_wire():
        yield made


def reap(*words: str) -> int:
    return main(["reap", *words, "--output", "json"])


def shown(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(capsys.readouterr().out)
    return answer


def test_a_dry_run_shows_what_goes_and_why_the_rest_stays(cloud: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
    make_clone(cloud, "dev", tags())
    make_clone(cloud, "next", tags("r2", expires=FUTURE))
    before = clusters(cloud)
    assert main(["reap"]) == 0
    said = capsys.readouterr().out
    assert "delete-cluster dev" in said
    assert "FinalDBSnapshotIdentifier=dev-final-" in said
    assert "next  expires 2099-01-01 00:00 UTC" in said
    assert "shop-orders  no run of a runbook made it" in said
    assert "Nothing was changed. Add --execute to do it." in said
    assert all(len(line) <= 80 or ":" in line for line in said.splitlines())
    assert clusters(cloud) == before
    assert reap() == 0
    answer = shown(capsys)
    assert {each["cluster"] for each in answer["details"]["kept"]} == {"next", SOURCE}


def test_an_expired_clone_goes_with_all_that_hangs_on_it(cloud: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
    group = make_quarantine(cloud, "dev", tags())
    make_clone(cloud, "dev", tags(), VpcSecurityGroupIds=[group])
    add_endpoint_and_scaling(cloud, "dev", tags())
    assert reap("--execute", "--run-id", "one") == 0
    answer = shown(capsys)
    assert [step["step"].split()[0] for step in answer["steps"]] == [
        "stop-scaling", "delete-endpoint", "delete-instances", "delete-cluster", "tag-final-snapshot", "delete-secret",
        "delete-security-group",
    ]  # fmt: skip
    calls = [call["operation"] for step in answer["steps"] for call in step["calls"]]
    assert Counter(calls)["DeleteDBInstance"] == 2
    assert answer["result"]["deleted"] == [{"cluster_id": "dev", "final_snapshot": "dev-final-one"}]
    assert [each["cluster_id"] for each in answer["result"]["kept"]] == [SOURCE]
    assert clusters(cloud) == {SOURCE}
    assert list(snapshots(cloud)) == ["dev-final-one"]
    assert "dev-quarantine" not in groups(cloud)
    assert not secrets(cloud)
    assert not cloud.client("ssm").describe_parameters()["Parameters"]


def test_the_writer_is_deleted_last(cloud: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
    make_clone(cloud, "dev", tags())
    cloud.client("rds").failover_db_cluster(DBClusterIdentifier="dev", TargetDBInstanceIdentifier="dev-b")
    cloud.client("rds").failover_db_cluster(DBClusterIdentifier="dev", TargetDBInstanceIdentifier="dev-a")
    assert reap() == 0
    (step,) = [step for step in shown(capsys)["steps"] if step["step"].startswith("delete-instances")]
    assert [call["parameters"]["DBInstanceIdentifier"] for call in step["calls"]] == ["dev-b", "dev-a"]


def protect(cloud: Cloud) -> None:
    make_clone(cloud, "dev", tags(), DeletionProtection=True)


def share(cloud: Cloud) -> None:
    make_clone(cloud, "dev", tags())
    arn = SOURCE_ARN.replace(SOURCE, "dev")
    cloud.client("ram").create_resource_share(name="s", resourceArns=[arn], principals=["222222222222"])


def join(cloud: Cloud) -> None:
    make_clone(cloud, "dev", tags())
    cloud.client("rds").create_global_cluster(
        GlobalClusterIdentifier="world", SourceDBClusterIdentifier=SOURCE_ARN.replace(SOURCE, "dev")
    )


def retag(cloud: Cloud) -> None:
    """Tags copied by hand onto a cluster that is no copy of anything: SFC would have deleted it by its name."""
    make_source(cloud, "dev")
    cloud.client("rds").modify_db_cluster(DBClusterIdentifier="dev", DeletionProtection=False)
    cloud.client("rds").add_tags_to_resource(ResourceName=SOURCE_ARN.replace(SOURCE, "dev"), Tags=listed(tags()))


def clone_without_tags(cloud: Cloud) -> None:
    """Somebody's clone of a copy has the copy's tags (facts C10), and instances of its own."""
    make_clone(cloud, "first", tags())
    cloud.client("rds").restore_db_cluster_to_point_in_time(
        SourceDBClusterIdentifier="first", DBClusterIdentifier="dev", RestoreType="copy-on-write",
        UseLatestRestorableTime=True,
    )  # fmt: skip
    add_instance(cloud, "dev", "dev-1", {})


def orphan(cloud: Cloud) -> None:
    make_source(cloud, "old")
    make_clone(cloud, "dev", tags(source=SOURCE_ARN.replace(SOURCE, "old")), source="old")
    rds = cloud.client("rds")
    rds.modify_db_cluster(DBClusterIdentifier="old", DeletionProtection=False)
    rds.delete_db_instance(DBInstanceIdentifier="old-a")
    rds.delete_db_cluster(DBClusterIdentifier="old", SkipFinalSnapshot=True)


def have_heirs(cloud: Cloud) -> None:
    make_clone(cloud, "dev", tags())
    source = SOURCE_ARN.replace(SOURCE, "dev")
    make_clone(cloud, "grandchild", tags("r2", source=source, expires=FUTURE), source="dev")


def point(cloud: Cloud) -> None:
    """A refreshed copy that was retired, and that somebody went back to."""
    make_clone(cloud, "dev", tags())
    route53 = cloud.client("route53")
    zone = route53.create_hosted_zone(Name="shop.internal", CallerReference="c")["HostedZone"]["Id"]
    end = cloud.client("rds").describe_db_clusters(DBClusterIdentifier="dev")["DBClusters"][0]["Endpoint"]
    record = {"Name": "db.shop.internal", "Type": "CNAME", "TTL": 5, "ResourceRecords": [{"Value": f"{end}."}]}
    changes = {"Changes": [{"Action": "CREATE", "ResourceRecordSet": record}]}
    route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch=changes)


def forbid(cloud: Cloud) -> None:
    make_clone(cloud, "dev", {**tags(), TAG_RUNBOOKS: "none"})


REFUSED: tuple[tuple[Callable[[Cloud], None], str], ...] = (
    (protect, "dev must have deletion protection off, got on; nothing here turns it off"),
    (share, "dev must be shared with nobody, got a share in AWS RAM; `runbook cluster unshare dev`"),
    (join, "dev must be in no global database, got"),
    (retag, "dev must have the clone group of its source shop-orders"),
    (clone_without_tags, "dev must have instances of run r1 only, got dev-1"),
    (orphan, "dev must have a source that proves it a copy, got none: old does not exist any more"),
    (have_heirs, "dev must be no source of others, got grandchild"),
    (point, "dev must have no record of Route 53 that leads to it, got db.shop.internal"),
    (forbid, "dev must let `reap` touch it"),
)


@pytest.mark.parametrize(("prepare", "said"), REFUSED, ids=[row[0].__name__ for row in REFUSED])
def test_what_is_not_a_copy_for_certain_stays(
    cloud: Cloud, prepare: Callable[[Cloud], None], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """By name: refused, with every reason. In a sweep: left where it is."""
    prepare(cloud)
    before = clusters(cloud)
    assert reap("dev", "--execute") == 3
    reasons = shown(capsys)["error"]["reasons"]
    assert any(said in reason for reason in reasons), reasons
    assert clusters(cloud) == before
    assert reap("--execute") == 0
    result = shown(capsys)["result"]
    assert any(said in reason for each in result["kept"] for reason in each["reasons"])
    assert "dev" in clusters(cloud)
    protection = cloud.client("rds").describe_db_clusters(DBClusterIdentifier="dev")["DBClusters"][0]
    assert protection["DeletionProtection"] is (prepare is protect)


def test_without_a_final_snapshot_each_name_is_typed(cloud: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
    for number, name in enumerate(("dev", "test")):
        make_clone(cloud, name, tags(f"r{number}"))
    assert reap("--no-final-snapshot", "--execute") == 2
    assert "--no-final-snapshot must name each copy, got none" in shown(capsys)["error"]["message"]
    assert reap("dev", "test", "--no-final-snapshot", "--execute", "--confirm", "dev") == 3
    assert clusters(cloud) == {SOURCE, "dev", "test"}
    capsys.readouterr()
    assert reap("dev", "test", "--no-final-snapshot", "--execute", "--confirm", "dev,test") == 0
    assert clusters(cloud) == {SOURCE}
    assert not snapshots(cloud)
    assert [each["final_snapshot"] for each in shown(capsys)["result"]["deleted"]] == ["", ""]


def test_what_is_prolonged_meanwhile_stays(cloud: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
    """After the instances, before the cluster; its secret and its group stay with it."""
    group = make_quarantine(cloud, "dev", tags())
    make_clone(cloud, "dev", tags(), VpcSecurityGroupIds=[group])

    def prolong(_place: int, parameters: dict[str, Any]) -> None:
        if parameters.get("DBInstanceIdentifier") == "dev-a":
            arn = SOURCE_ARN.replace(SOURCE, "dev")
            cloud.client("rds").add_tags_to_resource(ResourceName=arn, Tags=listed(tags(expires=FUTURE)))

    with counted_calls(look=prolong):
        assert reap("--execute", "--run-id", "one") == 1
    assert "dev must have expired, got 2099-01-01 00:00 UTC" in capsys.readouterr().out
    assert "dev" in clusters(cloud)
    assert reap("--execute", "--run-id", "one") == 0
    assert "dev" in clusters(cloud)
    assert "dev-quarantine" in groups(cloud)
    assert secrets(cloud) == {"aurora-estate/dev/master"}
    capsys.readouterr()


def test_a_new_cluster_of_the_name_keeps_its_secret(cloud: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
    """It is born while the run deletes another copy."""
    make_clone(cloud, "dev", tags())
    make_quarantine(cloud, "gone", tags("r8"))

    def build(_place: int, parameters: dict[str, Any]) -> None:
        if parameters.get("DBInstanceIdentifier") == "dev-a":
            make_source(cloud, "gone")

    with counted_calls(look=build):
        assert reap("--execute") == 1
    assert "secret aurora-estate/gone/master must be of run r8, whose cluster is gone, got cluster gone; it stays" in (
        capsys.readouterr().out
    )
    assert secrets(cloud) == {"aurora-estate/gone/master"}
    assert clusters(cloud) == {SOURCE, "gone"}


def test_nothing_expired_is_nothing_to_do(cloud: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
    assert reap("--execute") == 0
    assert shown(capsys)["verdict"]["summary"] == "0 deleted: nothing had to go"
    assert main(["reap", "nothing"]) == 0
    assert "no cluster has the name nothing: gone already?" in capsys.readouterr().out


def test_another_runs_lock_is_in_the_way(cloud: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
    make_clone(cloud, "dev", tags())
    lease = {
        "owner": "ada", "host": "h", "run": "other", "acquired": "2026-11-21T00:00:00+00:00",
        "expires": "2099-01-01T00:00:00+00:00",
    }  # fmt: skip
    cloud.client("ssm").put_parameter(Name="/aurora-estate/locks/dev", Value=json.dumps(lease), Type="String")
    assert reap("dev", "--execute") == 3
    assert "dev is locked by run other of ada" in shown(capsys)["error"]["reasons"][0]
    assert reap("--execute") == 0
    assert "dev" in clusters(cloud)
    capsys.readouterr()


def test_a_group_and_a_secret_of_a_copy_that_is_gone_go_too(cloud: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
    make_quarantine(cloud, "gone", tags("r8"))
    make_quarantine(cloud, "coming", tags("r9", expires=FUTURE))
    assert reap("other", "--execute") == 0
    assert {"gone-quarantine", "coming-quarantine"} <= groups(cloud)
    assert reap("--execute") == 0
    assert "gone-quarantine" not in groups(cloud)
    assert "coming-quarantine" in groups(cloud)
    assert secrets(cloud) == {"aurora-estate/coming/master"}
    capsys.readouterr()


def test_what_two_clusters_of_a_run_use_stays_with_the_second(cloud: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
    group = make_quarantine(cloud, "dev", tags())
    make_clone(cloud, "dev", tags(), VpcSecurityGroupIds=[group])
    make_clone(cloud, "second", tags(expires=FUTURE), VpcSecurityGroupIds=[group])
    assert reap("--execute") == 0
    assert clusters(cloud) == {SOURCE, "second"}
    assert "dev-quarantine" in groups(cloud)
    assert secrets(cloud)
    capsys.readouterr()


def test_two_hundred_clusters_take_as_few_calls_as_pages_allow(
    cloud: Cloud, capsys: pytest.CaptureFixture[str]
) -> None:
    """Half of them expired: 2 pages of clusters, 1 of instances per hundred, one call of each other kind and zone."""
    rds = cloud.client("rds")
    for number in range(199):
        run = f"r{number}"
        given = tags(run) if number < 100 else {}
        rds.restore_db_cluster_to_point_in_time(
            SourceDBClusterIdentifier=SOURCE, DBClusterIdentifier=f"dev-{number:03}", RestoreType="copy-on-write",
            UseLatestRestorableTime=True, Tags=listed(given),
        )  # fmt: skip
    with counted_calls() as counted:
        assert reap() == 0
    made = Counter(each[1] for each in counted.made)
    assert made["DescribeDBClusters"] == 2
    assert made["DescribeDBInstances"] == 1
    assert made.pop("GetParameters") == 10  # the lock of each that would go, ten at a time
    assert sum(made.values()) <= 15, made
    capsys.readouterr()


@pytest.mark.parametrize("point", [CrashPoint(1, "after"), CrashPoint(2, "after"), CrashPoint(3, "before")], ids=str)
def test_killed_for_real_the_second_run_finishes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, point: CrashPoint, capsys: pytest.CaptureFixture[str]
) -> None:
    server = CloudServer(delays=NONE)
    server.start()
    environment = {**Cloud.environment, "AWS_ENDPOINT_URL": server.endpoint, "RUNBOOK_HOME": str(tmp_path / "home")}
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    reset_backends()
    cloud = Cloud(tmp_path)
    make_source(cloud)
    group = make_quarantine(cloud, "dev", tags())
    make_clone(cloud, "dev", tags(), VpcSecurityGroupIds=[group])
    request = ReapRequest(at="2026-11-21T20:00:00+00:00", region=REGION)
    try:
        runbook = "runbooks.reap.runbook:reap_runbook"
        assert run_until(point, runbook, request.to_plain(), "one", environment) == -signal.SIGKILL
        assert main(["resume", "one", "--output", "json"]) == 0
        assert shown(capsys)["verdict"]["passed"]
    finally:
        server.stop()
    assert clusters(cloud) == {SOURCE}
    assert snapshots(cloud)["dev-final-one"][TAG_RUN] == "one"
    assert "dev-quarantine" not in groups(cloud)
