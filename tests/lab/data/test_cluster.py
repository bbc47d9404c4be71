from __future__ import annotations

import os
import signal
from collections.abc import Callable
from functools import partial
from typing import Any

import psycopg
import pytest

from lab.data.plane import ProcessPlane
from lab.data.processes import processes_within
from lab.plane import PlaneError
from tests.lab.data.support import PASSWORD, Load, Rig, eventually, make_rig

pytestmark = pytest.mark.lab


def test_writer_and_standbys_say_what_they_are(rig: Rig) -> None:
    for letter, in_recovery in (("a", False), ("b", True), ("c", True)):
        with rig.connect(letter) as server:
            row = server.execute("SELECT pg_is_in_recovery(), aurora_db_instance_identifier()").fetchone()
        assert row == (in_recovery, rig.instance(letter))


def test_instances_have_addresses_of_their_own_and_the_cluster_s_port(rig: Rig) -> None:
    nodes = rig.cluster.nodes.values()
    assert len({node.address for node in nodes}) == 3
    assert {node.port for node in nodes} == {5433}


def test_commits_wait_for_every_healthy_standby(rig: Rig) -> None:
    rig.healthy("b", "c")
    with rig.connect("a") as writer:
        row = writer.execute("SHOW synchronous_standby_names").fetchone()
    assert row == (f'FIRST 2 ("{rig.instance("b")}", "{rig.instance("c")}")',)


def test_the_password_is_checked(lone: Rig) -> None:
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        lone.connect("a", password="wrong")


def test_the_lab_s_own_superuser_cannot_come_over_tcp(lone: Rig) -> None:
    node = lone.cluster.nodes[lone.instance("a")]
    with pytest.raises(psycopg.OperationalError, match="rejects connection"):
        psycopg.connect(host=node.address, port=node.port, user="rdsadmin", dbname="postgres")


def test_the_master_user_is_no_superuser(lone: Rig) -> None:
    with lone.connect("a") as master:
        row = master.execute(
            "SELECT rolsuper, rolcreaterole, pg_has_role('rds_superuser', 'member') FROM pg_roles "
            "WHERE rolname = current_user"
        ).fetchone()
    assert row == (False, True, True)


def test_a_changed_password_holds_on_standbys_too(rig: Rig) -> None:
    def standby_knows() -> bool:
        try:
            with rig.connect("b", password="new one"):
                return True
        except psycopg.OperationalError:
            return False

    rig.plane.set_password(rig.cluster_id, "new one")
    try:
        with rig.connect("a", password="new one"):
            pass
        eventually(standby_knows, "the standby knows the new password")
    finally:
        rig.plane.set_password(rig.cluster_id, PASSWORD)


def test_failover_keeps_every_acknowledged_row(rig: Rig) -> None:
    with Load(rig) as load:
        for target in ("b", "c", "a"):
            rig.healthy(target)
            load.more()
            rig.plane.failover(rig.cluster_id, rig.instance(target))
            assert rig.writer() == rig.instance(target)
        load.more()
    assert load.lost() == set()


def test_the_old_writer_comes_back_as_a_reader_of_the_new_one(rig: Rig) -> None:
    rig.plane.failover(rig.cluster_id, rig.instance("b"))
    rig.healthy("a", "c")
    with rig.connect("b") as writer:
        writer.execute("INSERT INTO ledger VALUES (1)")
    for letter in ("a", "c"):
        with rig.connect(letter) as reader:
            assert reader.execute("SELECT pg_is_in_recovery()").fetchone() == (True,)
            eventually(partial(_has_row, reader), "the row is there")


def _has_row(reader: psycopg.Connection[Any]) -> bool:
    return reader.execute("SELECT number FROM ledger").fetchall() == [(1,)]


def test_a_writer_killed_behind_our_back_is_told_and_replaced(rig: Rig, watch: Callable[[str], list[str]]) -> None:
    lost = watch(rig.cluster_id)
    with Load(rig) as load:
        os.kill(rig.pid("a"), signal.SIGKILL)
        eventually(lambda: lost == [rig.instance("a")], "the watcher is called")
        rig.plane.failover(rig.cluster_id, rig.instance("b"))
        load.more()
        rig.healthy("a")
        load.more()
    assert load.lost() == set()
    assert [row["asked"] for row in rig.truth("writer.gone")] == ["no"]


def test_an_asked_failover_calls_no_watcher(rig: Rig, watch: Callable[[str], list[str]]) -> None:
    lost = watch(rig.cluster_id)
    rig.plane.failover(rig.cluster_id, rig.instance("b"))
    rig.healthy("a", "b", "c")
    assert lost == []


def test_a_killed_standby_does_not_stop_writes_and_comes_back(rig: Rig) -> None:
    rig.healthy("b", "c")
    with Load(rig) as load:
        os.kill(rig.pid("c"), signal.SIGKILL)
        load.more()
        eventually(lambda: rig.truth("standby.joined"), "the standby is back")
        rig.healthy("c")
    assert [row["how"] for row in rig.truth("standby.joined")] == ["restart"]


def test_a_standby_whose_host_hangs_stops_writes_only_until_it_is_dropped(rig: Rig) -> None:
    frozen = [process.pid for process in processes_within(rig.cluster.nodes[rig.instance("c")].directory)]
    with Load(rig) as load:
        for pid in frozen:
            os.kill(pid, signal.SIGSTOP)
        try:
            eventually(lambda: not rig.cluster.is_synchronous(rig.instance("c")), "the frozen standby is dropped")
            load.more()
        finally:
            for pid in frozen:
                os.kill(pid, signal.SIGCONT)
        rig.healthy("c")


def test_a_reader_that_cannot_be_rewound_is_copied_afresh(rig: Rig) -> None:
    old = rig.cluster.nodes[rig.instance("a")]
    os.kill(rig.pid("a"), signal.SIGKILL)
    eventually(lambda: not old.is_ready, "the writer is gone")
    (old.directory / "global" / "pg_control").unlink()
    rig.plane.failover(rig.cluster_id, rig.instance("b"))
    eventually(lambda: rig.truth("standby.joined"), "the old writer is a reader again")
    rig.healthy("a")
    assert rig.truth("standby.joined")[-1]["how"] == "copy"


def test_a_lone_writer_that_died_is_started_again_with_its_rows(lone: Rig, watch: Callable[[str], list[str]]) -> None:
    lost = watch(lone.cluster_id)
    with Load(lone) as load:
        os.kill(lone.pid("a"), signal.SIGKILL)
        eventually(lambda: lost, "the watcher is called")
        lone.plane.reboot(lone.cluster_id, lone.instance("a"))
        load.more()
    assert load.lost() == set()


def test_a_writer_that_nobody_replaced_is_told_again(lone: Rig, watch: Callable[[str], list[str]]) -> None:
    lost = watch(lone.cluster_id)
    os.kill(lone.pid("a"), signal.SIGKILL)
    eventually(lambda: len(lost) >= 2, "the watcher is called again")
    lone.plane.reboot(lone.cluster_id, lone.instance("a"))
    lone.healthy("a")


def test_a_rebooted_reader_streams_again(rig: Rig) -> None:
    before = rig.pid("b")
    rig.plane.reboot(rig.cluster_id, rig.instance("b"))
    rig.healthy("b")
    assert rig.pid("b") != before
    assert rig.writer() == rig.instance("a")


@pytest.mark.parametrize("target", ["a", "nobody"])
def test_only_a_running_reader_is_promoted(rig: Rig, target: str) -> None:
    with pytest.raises(PlaneError, match=f"running reader of {rig.cluster_id}, got {rig.instance(target)}"):
        rig.plane.failover(rig.cluster_id, rig.instance(target))


def test_a_reader_that_may_lack_acknowledged_writes_is_not_promoted(rig: Rig) -> None:
    rig.healthy("b")
    rig.cluster._forget(rig.instance("b"))
    with pytest.raises(PlaneError, match="every acknowledged write"):
        rig.cluster._failover_target(rig.instance("b"))


def test_deleted_instances_and_clusters_leave_no_process(plane: ProcessPlane) -> None:
    rig = make_rig(plane, "gone", ("a", "b"))
    reader, writer = (rig.cluster.nodes[rig.instance(letter)] for letter in "ba")
    plane.delete_instance(rig.cluster_id, rig.instance("b"))
    with Load(rig) as load:
        load.more()
    plane.delete_cluster(rig.cluster_id)
    for node in (reader, writer):
        assert node.pid is None
        assert not node.directory.exists()


def test_truth_has_a_failover_in_order(rig: Rig) -> None:
    rig.plane.failover(rig.cluster_id, rig.instance("b"))
    events = ["failover.began", "writer.gone", "writer.promoted", "dns.changed"]
    rows = [rig.truth(event)[-1] for event in events]
    times = [float(str(row["monotonic_s"])) for row in rows]
    assert times == sorted(times)
    assert rows[2]["instance"] == rows[3]["instance"] == rig.instance("b")


@pytest.fixture
def watch(plane: ProcessPlane) -> Callable[[str], list[str]]:
    """Instances of a cluster that the plane called lost, as they are called."""

    def start(cluster_id: str) -> list[str]:
        lost: list[str] = []
        plane.watch(lambda cluster, instance: lost.append(instance) if cluster == cluster_id else None)
        return lost

    return start
