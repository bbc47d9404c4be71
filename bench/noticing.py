"""Noticing that a failover is over, as the drill waits for it at AWS's pace, beside the SDK's own waiter.

Both wait for the same clusters of the embedded AWS, over HTTP. When the end can be seen is read from the server's own
state every few milliseconds; what is measured is how much later each of the two knows.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config
from moto.rds.models import rds_backends

from bench.measure import Row
from lab.cloud.client import ACCOUNT_ID
from lab.cloud.delays import Delays
from lab.cloud.server import CloudServer
from runbooks.aws.rds import Cluster, Rds
from runbooks.drill.request import AWS_PACE
from runbooks.engine.clock import SystemClock
from runbooks.engine.wait import PENDING, READY, Judgement, wait_for

RUNS = 8
BUDGET_S = 1.5
BUDGET_CALLS_PER_MINUTE = 60  # per cluster; RDS publishes no number, and shares it over all callers of an account
REGION = "eu-west-1"
FAILING_OVER_S = 4.0
STAGGER_S = 0.2
OBSERVE_EVERY_S = 0.002


@dataclass(frozen=True, kw_only=True, slots=True)
class Noticed:
    """One failover: how long after it could be seen each of the two knew, and how often ours asked per minute."""

    ours_s: float
    waiter_s: float
    calls_per_minute: float


def rows() -> list[Row]:
    """The slowest noticing of all runs, beside the waiter's median; and the calls it took."""
    noticed = measure()
    worst_s = max(one.ours_s for one in noticed)
    waiters = sorted(one.waiter_s for one in noticed)
    calls = max(one.calls_per_minute for one in noticed)
    middle_s = waiters[len(waiters) // 2]
    return [
        Row(
            what=f"noticing a state change, worst of {len(noticed)}",
            ours=f"{worst_s:.2f} s",
            peer=f"{middle_s:.1f} s (db_cluster_available, median)",
            ratio=f"{worst_s / middle_s:.2f} x",
            budget=f"{BUDGET_S:g} s",
            holds=worst_s <= BUDGET_S,
        ),
        Row(
            what="noticing, calls per minute and cluster",
            ours=f"{calls:.0f}",
            peer="2 (db_cluster_available)",
            ratio="-",
            budget=f"{BUDGET_CALLS_PER_MINUTE}",
            holds=calls <= BUDGET_CALLS_PER_MINUTE,
        ),
    ]


def measure() -> list[Noticed]:
    """Fail several clusters over, one a little after the other, and wait for all of them at once."""
    with _server() as client, ThreadPoolExecutor(max_workers=3 * RUNS) as pool:
        names = [f"bench-{number}" for number in range(RUNS)]
        for name in names:
            _create(client, name)
        return list(pool.map(lambda pair: _fail_over(client, pool, *pair), enumerate(names)))


@contextlib.contextmanager
def _server() -> Iterator[Any]:
    server = CloudServer(plane=None, delays=Delays(failing_over_s=FAILING_OVER_S))
    server.start()
    try:
        yield boto3.client(
            "rds",
            endpoint_url=server.endpoint,
            region_name=REGION,
            aws_access_key_id="test",
            aws_secret_access_key="test",  # noqa: S106 - the embedded AWS takes any
            config=Config(max_pool_connections=3 * RUNS),
        )
    finally:
        server.stop()


def _create(client: Any, name: str) -> None:
    client.create_db_cluster(
        DBClusterIdentifier=name, Engine="aurora-postgresql", MasterUsername="dbadmin", ManageMasterUserPassword=True
    )
    for instance in ("a", "b"):
        client.create_db_instance(
            DBInstanceIdentifier=f"{name}-{instance}", DBClusterIdentifier=name,
            Engine="aurora-postgresql", DBInstanceClass="db.r8g.large",
        )  # fmt: skip


def _fail_over(client: Any, pool: ThreadPoolExecutor, number: int, name: str) -> Noticed:
    time.sleep(number * STAGGER_S)
    old_writer = next(m for m in _server_side(name).clustered if m.is_cluster_writer).db_instance_identifier
    client.failover_db_cluster(DBClusterIdentifier=name)
    time.sleep(number / RUNS * AWS_PACE.poll_s)  # so that the runs end at all places of the polls' grid
    ours = pool.submit(_wait_as_the_drill, client, name, old_writer)
    waiter = pool.submit(_wait_as_the_sdk, client, name)
    visible_s = _observe(name)
    noticed_s, calls_per_minute = ours.result()
    return Noticed(
        ours_s=noticed_s - visible_s, waiter_s=waiter.result() - visible_s, calls_per_minute=calls_per_minute
    )


def _server_side(name: str) -> Any:
    return rds_backends[ACCOUNT_ID][REGION].clusters[name]


def _observe(name: str) -> float:
    """When the server's own state says that the failover is over."""
    cluster, pause = _server_side(name), threading.Event()
    while cluster.status != "available":
        pause.wait(OBSERVE_EVERY_S)
    return time.monotonic()


def _wait_as_the_drill(client: Any, name: str, old_writer: str) -> tuple[float, float]:
    """When the drill knows, and how many calls per minute it made to know."""
    rds, began_s = Rds(client), time.monotonic()
    polls = 0

    def poll() -> Cluster | None:
        nonlocal polls
        polls += 1
        return rds.find_cluster(name)

    def judge(cluster: Cluster | None) -> Judgement:
        over = cluster is not None and cluster.status == "available" and cluster.writer_id != old_writer
        return READY if over else PENDING

    wait_for(
        f"the failover of {name}",
        poll=poll,
        judge=judge,
        timeout_s=60,
        every_s=AWS_PACE.poll_s,
        clock=SystemClock(),
    )
    noticed_s = time.monotonic()
    return noticed_s, (polls - 1) / (noticed_s - began_s) * 60


def _wait_as_the_sdk(client: Any, name: str) -> float:
    client.get_waiter("db_cluster_available").wait(DBClusterIdentifier=name)
    return time.monotonic()
