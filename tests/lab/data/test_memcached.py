"""Real Memcached servers behind a cluster: Debian's package, which the system may lack."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lab.cloud.delays import NONE
from lab.data.memcached import MemcachedNode, MemcachedProcesses, ask, memcached_server
from lab.data.plane import ProcessPlane
from lab.plane import MemcachedRequest, PlaneError, Record
from tests.lab.cloud.conftest import Aws
from tests.lab.data.support import eventually

needs_memcached = pytest.mark.skipif(
    memcached_server() is None, reason="needs Debian's package memcached, which .ci/run installs"
)
NODES = ("pages.0001", "pages.0002")


def store(node: MemcachedNode, key: str, value: str) -> str:
    """Answer to `set`; the value lives for ever."""
    return said(node, f"set {key} 0 0 {len(value)}\r\n{value}")


def load(node: MemcachedNode, key: str) -> str:
    """Answer to `get`: the value's head, or END where there is none."""
    return said(node, f"get {key}")


def said(node: MemcachedNode, command: str) -> str:
    return ask(node.address, node.port, command)


@pytest.fixture
def pages(plane: ProcessPlane) -> Iterator[MemcachedProcesses]:
    plane.create_memcached(MemcachedRequest(cluster_id="pages", port=11212, nodes=NODES))
    yield plane._memcached.cluster("pages")
    plane.delete_memcached("pages")


@needs_memcached
@pytest.mark.lab
class TestServers:
    def test_nodes_know_nothing_of_each_other(self, pages: MemcachedProcesses) -> None:
        first, second = pages.nodes.values()
        assert (first.port, second.port) == (11212, 11212) or not pages.block.is_own
        assert store(first, "k", "v") == "STORED"
        assert (load(first, "k"), load(second, "k")) == ("VALUE k 0 1", "END")

    def test_nodes_come_and_go_and_the_others_keep_what_they_hold(
        self, plane: ProcessPlane, pages: MemcachedProcesses
    ) -> None:
        first = pages.nodes["pages.0001"]
        store(first, "k", "v")
        plane.reshape_memcached("pages", (*NODES, "pages.0003"))
        assert load(pages.nodes["pages.0003"], "k") == "END"
        gone = pages.nodes["pages.0002"]
        plane.reshape_memcached("pages", ("pages.0001", "pages.0003"))
        assert list(pages.nodes) == ["pages.0001", "pages.0003"]
        assert load(first, "k") == "VALUE k 0 1"
        with pytest.raises(OSError, match="refused"):
            said(gone, "version")

    def test_a_reboot_empties_a_node(self, plane: ProcessPlane, pages: MemcachedProcesses) -> None:
        first, second = pages.nodes.values()
        store(first, "k", "v")
        store(second, "k", "v")
        plane.reboot_memcached("pages", ("pages.0001",))
        assert (load(first, "k"), load(second, "k")) == ("END", "VALUE k 0 1")

    def test_a_node_that_dies_is_replaced_by_an_empty_one(self, pages: MemcachedProcesses) -> None:
        """User guide, "How Auto Discovery works": "If a node fails, ElastiCache takes down that node and spins up a
        replacement"; its DNS name stays.
        """
        first = pages.nodes["pages.0001"]
        store(first, "k", "v")
        before = first.pid
        assert before is not None
        os.kill(before, signal.SIGKILL)
        eventually(lambda: first.is_ready and first.pid not in {None, before}, "another server is there")
        assert load(first, "k") == "END"

    def test_names_resolve_to_the_nodes_and_the_configuration_to_each_in_turn(
        self, plane: ProcessPlane, pages: MemcachedProcesses
    ) -> None:
        """User guide, same page: "the configuration endpoint maintains CNAME entries for all of the cache nodes"."""
        addresses = {name: node.address for name, node in pages.nodes.items()}
        plane.publish(Record(name="one.cache.test", kind="cache", owner="pages.0001"))
        plane.publish(Record(name="cfg.cache.test", kind="cache", owner="pages"))
        assert plane.resolve("one.cache.test") == addresses["pages.0001"]
        assert {plane.resolve("cfg.cache.test") for _ in range(4)} == set(addresses.values())

    def test_the_stock_server_lacks_auto_discovery(self, pages: MemcachedProcesses) -> None:
        """`config get cluster` is AWS's own addition: docs/lab.md says that it is missing here."""
        assert said(pages.nodes["pages.0001"], "config get cluster") == "ERROR"

    def test_processes_are_shown_with_their_cluster(self, plane: ProcessPlane, pages: MemcachedProcesses) -> None:
        rows = [row for row in plane.processes() if row.owner == "pages"]
        assert [(row.member, row.role, row.engine, row.healthy) for row in rows] == [
            (name, "node", "Memcached", True) for name in NODES
        ]
        assert {row.version for row in rows} == {pages.version}

    def test_a_deleted_cluster_can_be_made_again(self, plane: ProcessPlane, pages: MemcachedProcesses) -> None:
        folder = pages.folder
        plane.delete_memcached("pages")
        assert not folder.exists()
        plane.create_memcached(MemcachedRequest(cluster_id="pages", port=11212, nodes=NODES))
        with pytest.raises(PlaneError, match="Memcached cluster pages must be new"):
            plane.create_memcached(MemcachedRequest(cluster_id="pages", port=11212, nodes=NODES))


@pytest.fixture
def cache(plane: ProcessPlane) -> Iterator[Any]:
    """ElastiCache of an embedded AWS with these processes behind it; the next test finds it without any."""
    yield Aws(plane, NONE)("elasticache")
    Aws()


@needs_memcached
@pytest.mark.lab
def test_the_embedded_aws_starts_scales_and_stops_them(plane: ProcessPlane, cache: Any) -> None:
    cache.create_cache_cluster(
        CacheClusterId="shop-pages", Engine="memcached", NumCacheNodes=2, CacheNodeType="cache.r7g.large", Port=11212
    )
    cache.get_waiter("cache_cluster_available").wait(
        CacheClusterId="shop-pages", WaiterConfig={"Delay": 0.05, "MaxAttempts": 400}
    )
    [cluster] = cache.describe_cache_clusters(CacheClusterId="shop-pages", ShowCacheNodeInfo=True)["CacheClusters"]
    names = [node["Endpoint"]["Address"] for node in cluster["CacheNodes"]]
    addresses = [plane.resolve(name) for name in names]
    assert plane.resolve(cluster["ConfigurationEndpoint"]["Address"]) in addresses
    assert len(set(addresses)) == 2
    cache.modify_cache_cluster(
        CacheClusterId="shop-pages", NumCacheNodes=1, CacheNodeIdsToRemove=["0002"], ApplyImmediately=True
    )
    eventually(lambda: len(plane._memcached.cluster("shop-pages").nodes) == 1, "one server is left")
    cache.get_waiter("cache_cluster_available").wait(
        CacheClusterId="shop-pages", WaiterConfig={"Delay": 0.05, "MaxAttempts": 400}
    )
    assert names[1] not in plane._records
    cache.delete_cache_cluster(CacheClusterId="shop-pages")
    cache.get_waiter("cache_cluster_deleted").wait(
        CacheClusterId="shop-pages", WaiterConfig={"Delay": 0.05, "MaxAttempts": 400}
    )
    assert [row for row in plane.processes() if row.owner == "shop-pages"] == []
    assert names[0] not in plane._records


@pytest.fixture
def without_memcached(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """A system where it is not installed."""
    monkeypatch.setenv("PATH", str(tmp_path))
    memcached_server.cache_clear()
    yield
    memcached_server.cache_clear()


@pytest.mark.lab
@pytest.mark.usefixtures("without_memcached")
def test_without_the_program_there_is_the_control_plane_alone(plane: ProcessPlane, cache: Any) -> None:
    assert not plane.serves("memcached")
    cache.create_cache_cluster(
        CacheClusterId="shop-pages", Engine="memcached", NumCacheNodes=2, CacheNodeType="cache.r7g.large"
    )
    [cluster] = cache.describe_cache_clusters(CacheClusterId="shop-pages")["CacheClusters"]
    assert cluster["CacheClusterStatus"] == "available"
    with pytest.raises(PlaneError, match="memcached must be installed to run clusters of it, got none on PATH"):
        plane.create_memcached(MemcachedRequest(cluster_id="shop-pages", port=11212, nodes=("shop-pages.0001",)))


@pytest.mark.lab
def test_nothing_listens_is_an_os_error() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        with pytest.raises(OSError, match="refused"):
            ask("127.0.0.1", probe.getsockname()[1], "version")
