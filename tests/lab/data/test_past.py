"""Any moment since a cluster's first instance ran can be had back, with real rows."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lab.data import past
from lab.data.plane import ProcessPlane
from lab.plane import ClusterRequest, PlaneError
from tests.lab.cloud.conftest import Aws
from tests.lab.data.support import PASSWORD, PORT, Rig, eventually, make_rig
from tests.lab.data.test_volumes import LOGIN, NUMBERS, SOURCE, available, numbers, sql, write

pytestmark = pytest.mark.lab


def _request(cluster_id: str, **origin: Any) -> ClusterRequest:
    return ClusterRequest(
        cluster_id=cluster_id,
        engine="aurora-postgresql",
        version="17.7",
        port=PORT,
        username="boss",
        password=PASSWORD,
        **origin,
    )


@contextmanager
def restored(
    plane: ProcessPlane, cluster_id: str, *, source: str = "", backup: str = "", moment: datetime | None = None
) -> Iterator[Rig]:
    """A cluster with the data of a moment, and one instance."""
    plane.create_cluster(_request(cluster_id, from_cluster=source, from_backup=backup, to_time=moment))
    rig = Rig(plane, cluster_id)
    try:
        plane.create_instance(cluster_id, rig.instance("a"))
        yield rig
    finally:
        plane.delete_cluster(cluster_id)


def tick() -> datetime:
    """A moment between two writes."""
    time.sleep(0.01)
    moment = datetime.now(UTC)
    time.sleep(0.01)
    return moment


@pytest.fixture
def source(plane: ProcessPlane) -> Iterator[Rig]:
    made = make_rig(plane, "then", ("a", "b"))
    yield made
    plane.delete_cluster("then")


def test_what_was_written_later_is_not_there(plane: ProcessPlane, source: Rig) -> None:
    write(source, 1)
    early = tick()
    write(source, 2)
    late = tick()
    with restored(plane, "early", source="then", moment=early) as rig:
        assert numbers(rig) == [1]
        write(rig, 9)
        again = tick()
        write(rig, 10)
        with restored(plane, "again", source="early", moment=again) as second:
            assert numbers(second) == [1, 9], "what was restored has a past of its own"
    with restored(plane, "late", source="then", moment=late) as rig:
        assert numbers(rig) == [1, 2]
    assert numbers(source) == [1, 2]


def test_failovers_and_dead_writers_lie_between(plane: ProcessPlane, source: Rig) -> None:
    write(source, 1)
    before = tick()
    write(source, 2)
    plane.failover("then", source.instance("b"))
    write(source, 3)
    between = tick()
    source.healthy("a", "b")
    write(source, 4)
    plane.failover("then", source.instance("a"))
    write(source, 5)
    after = tick()
    for name, moment, expected in (
        ("one", before, [1]),
        ("two", between, [1, 2, 3]),
        ("three", after, [1, 2, 3, 4, 5]),
    ):
        with restored(plane, name, source="then", moment=moment) as rig:
            assert numbers(rig) == expected, name


def test_a_past_begins_when_the_first_instance_runs(plane: ProcessPlane, source: Rig) -> None:
    since = plane.restorable_since("then")
    assert since is not None
    with (
        pytest.raises(PlaneError, match="at or after"),
        restored(plane, "no", source="then", moment=since - timedelta(seconds=1)),
    ):
        pass
    with restored(plane, "first", source="then", moment=since) as rig, rig.connect("a") as connection:
        assert connection.execute("SELECT to_regclass('ledger')").fetchone() == (None,)
    plane.create_cluster(_request("bare"))
    assert plane.restorable_since("bare") is None
    plane.delete_cluster("bare")
    assert plane.restorable_since("bare") is None


def test_a_clone_and_a_cluster_without_instances_have_a_past(plane: ProcessPlane, source: Rig) -> None:
    write(source, 1)
    with restored(plane, "clone", source="then") as clone:
        born = plane.restorable_since("clone")
        assert born is not None
        write(clone, 2)
        moment = tick()
        write(clone, 3)
        plane.delete_instance("clone", clone.instance("a"))
        with restored(plane, "of-volume", source="clone", moment=moment) as rig:
            assert numbers(rig) == [1, 2]
        with restored(plane, "of-its-end", source="clone", moment=datetime.now(UTC)) as rig:
            assert numbers(rig) == [1, 2, 3]
        plane.create_instance("clone", clone.instance("c"))
        assert plane.restorable_since("clone") == born
        write(clone, 4)
        with restored(plane, "on", source="clone", moment=moment) as rig:
            assert numbers(rig) == [1, 2]
        with restored(plane, "on-end", source="clone", moment=tick()) as rig:
            assert numbers(rig) == [1, 2, 3, 4]


def test_a_backup_outlives_its_cluster(plane: ProcessPlane) -> None:
    rig = make_rig(plane, "gone", ("a",))
    write(rig, 1)
    moment = tick()
    write(rig, 2)
    plane.delete_instance("gone", rig.instance("a"))
    plane.keep_backup("gone", "kept")
    plane.delete_cluster("gone")
    with restored(plane, "old", backup="kept", moment=moment) as then:
        assert numbers(then) == [1]
    with restored(plane, "new", backup="kept") as newest:
        assert numbers(newest) == [1, 2]
    plane.drop_backup("kept")
    with pytest.raises(PlaneError, match="must be kept"), restored(plane, "none", backup="kept"):
        pass
    assert [each.name for each in (plane.base_dir / "past").iterdir() if each.name == "kept"] == []


def test_a_backup_of_a_cluster_that_never_ran_is_empty(plane: ProcessPlane) -> None:
    plane.create_cluster(_request("void"))
    plane.keep_backup("void", "nothing")
    plane.delete_cluster("void")
    with restored(plane, "fresh", backup="nothing") as rig:
        rig.healthy("a")
    plane.drop_backup("nothing")


def test_a_clone_that_has_no_instance_yet_is_what_it_was_at_any_moment(plane: ProcessPlane, source: Rig) -> None:
    write(source, 1)
    plane.create_cluster(_request("early-clone", from_cluster="then"))
    write(source, 2)
    plane.keep_backup("early-clone", "untouched")
    plane.delete_cluster("early-clone")
    for moment in (None, tick()):
        with restored(plane, "of-clone", backup="untouched", moment=moment) as rig:
            assert numbers(rig) == [1]
    plane.drop_backup("untouched")


def test_it_takes_bounded_room(plane: ProcessPlane, source: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """When it is too big it begins anew, and the moments before are gone: said, not shown wrong."""
    write(source, 1)
    born = plane.restorable_since("then")
    assert born is not None
    monkeypatch.setattr(past, "MOST_MB", 8)
    with source.cluster.nodes[source.instance("a")].connect() as admin:
        for _ in range(4):
            admin.execute("UPDATE heartbeat SET at = clock_timestamp()")
            admin.execute("SELECT pg_switch_wal()")
    eventually(lambda: (plane.restorable_since("then") or born) > born, "it begins anew")
    monkeypatch.undo()
    write(source, 2)
    moment = tick()
    write(source, 3)
    with restored(plane, "bounded", source="then", moment=moment) as rig:
        assert numbers(rig) == [1, 2]
    with pytest.raises(PlaneError, match="at or after"), restored(plane, "lost", source="then", moment=born):
        pass


def test_a_timeline_that_another_server_wrote_is_noticed(plane: ProcessPlane, source: Rig) -> None:
    """No AWS behaviour: two promotions from one point would write two futures under one name."""
    kept = source.cluster.past
    (kept.wal / "00000002.history").write_text("another future\n", encoding="utf-8")
    born = plane.restorable_since("then")
    assert born is not None
    plane.failover("then", source.instance("b"))
    eventually(lambda: (plane.restorable_since("then") or born) > born, "it begins anew")
    write(source, 1)
    moment = tick()
    write(source, 2)
    with restored(plane, "certain", source="then", moment=moment) as rig:
        assert numbers(rig) == [1]


def test_the_api_restores_to_a_moment(plane: ProcessPlane) -> None:
    """RestoreDBClusterToPointInTime with RestoreToTime, and of a deleted cluster, as a client asks for it."""
    rds = Aws(plane)("rds")
    given = {"Engine": "aurora-postgresql", "DBInstanceClass": "db.r8g.large"}

    def start(name: str) -> None:
        rds.create_db_instance(DBInstanceIdentifier=f"{name}-a", DBClusterIdentifier=name, **given)
        available(rds, f"{name}-a")

    def rows(name: str, **origin: Any) -> list[int]:
        rds.restore_db_cluster_to_point_in_time(DBClusterIdentifier=name, **origin)
        start(name)
        return sql(plane, name, LOGIN["MasterUserPassword"], NUMBERS)

    try:
        rds.create_db_cluster(**SOURCE, **LOGIN)
        start("shop-orders")
        for statement in ("CREATE TABLE ledger (number integer PRIMARY KEY)", "INSERT INTO ledger VALUES (1)"):
            sql(plane, "shop-orders", LOGIN["MasterUserPassword"], statement)
        moment = tick()
        sql(plane, "shop-orders", LOGIN["MasterUserPassword"], "INSERT INTO ledger VALUES (2)")
        (shown,) = rds.describe_db_clusters(DBClusterIdentifier="shop-orders")["DBClusters"]
        assert shown["EarliestRestorableTime"] < moment + timedelta(seconds=1)
        assert rows("shop-then", SourceDBClusterIdentifier="shop-orders", RestoreToTime=moment) == [1]
        rds.delete_db_instance(DBInstanceIdentifier="shop-orders-a")
        gone = {"SkipFinalSnapshot": True, "DeleteAutomatedBackups": False}
        eventually(lambda: not rds.describe_db_clusters()["DBClusters"][0]["DBClusterMembers"], "no instance")
        rds.delete_db_cluster(DBClusterIdentifier="shop-orders", **gone)
        resource = {"SourceDbClusterResourceId": shown["DbClusterResourceId"]}
        there = rds.describe_db_cluster_automated_backups
        eventually(
            lambda: there(Filters=[{"Name": "status", "Values": ["retained"]}])["DBClusterAutomatedBackups"], "kept"
        )
        assert rows("shop-gone", **resource, RestoreToTime=moment) == [1]
        assert rows("shop-last", **resource, UseLatestRestorableTime=True) == [1, 2]
    finally:
        for name in ("shop-orders", "shop-then", "shop-gone", "shop-last"):
            plane.delete_cluster(name)
