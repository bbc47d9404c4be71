"""Planning over a fleet: API calls beside the fewest that pages allow, and a look per cluster, as scripts do it."""

from __future__ import annotations

import math
import time
from contextlib import ExitStack, redirect_stdout
from io import StringIO
from unittest.mock import patch

from bench.measure import Row
from lab.cloud.client import client
from lab.cloud.delays import NONE
from lab.cloud.install import install, reset_backends
from runbooks.cli.main import main
from runbooks.tags import made_tags, to_aws
from tests.support.call_crash import Calls, counted_calls
from tests.support.scenario import ACCOUNT, REGION, Cloud
from tests.support.transport import no_wire

ENGINE = "aurora-postgresql"
CLUSTERS = 200
INSTANCES = 2  # of each cluster
PAGE = 100  # the most that RDS gives at once
READS = {"DescribeDBClusters": CLUSTERS, "DescribeDBInstances": CLUSTERS * INSTANCES}


def rows() -> list[Row]:
    """One row per kind of list that the plan needs, and one for the time."""
    install(delays=NONE)
    reset_backends()
    make_fleet()
    calls, took_s = plan()
    made = [operation for _, operation, _ in calls.made]
    found = [
        Row(
            what=f"planning over {CLUSTERS} clusters, 40 expired, {operation}",
            ours=f"{made.count(operation)} calls",
            peer=f"{CLUSTERS} calls (one look per cluster)",
            ratio=f"{made.count(operation) / CLUSTERS:.2f} x",
            budget=f"{math.ceil(entries / PAGE)} calls",
            holds=made.count(operation) <= math.ceil(entries / PAGE),
        )
        for operation, entries in READS.items()
    ]
    whole = Row(
        what=f"planning over {CLUSTERS} clusters, all calls",
        ours=f"{len(made)} calls, {took_s:.2f} s",
        peer="-",
        ratio="-",
        budget="none changes anything",
        holds=not calls.changing,
    )
    return [*found, whole]


def make_fleet() -> None:
    """Clusters with their instances; every fifth is a clone of the one before it, and has expired."""
    for number in range(CLUSTERS):
        name, source = f"fleet-{number:03d}", f"fleet-{number - 1:03d}"
        (make_clone(name, source) if number % 5 == 1 else make_cluster(name))
        for letter in "ab"[:INSTANCES]:
            client("rds", REGION).create_db_instance(
                DBInstanceIdentifier=f"{name}-{letter}", DBClusterIdentifier=name, Engine=ENGINE,
                DBInstanceClass="db.r6g.large",
            )  # fmt: skip


def make_cluster(name: str) -> None:
    client("rds", REGION).create_db_cluster(
        DBClusterIdentifier=name, Engine=ENGINE, MasterUsername="app", MasterUserPassword="12345678"
    )  # fmt: skip


def make_clone(name: str, source: str) -> None:
    """As `runbook clone` would have left it, a week after its time."""
    tags = made_tags(
        run_id=f"made-{name}",
        source=f"arn:aws:rds:{REGION}:{ACCOUNT}:cluster:{source}",
        owner="bench",
        purpose="clone",
        expires="2026-01-01T00:00:00Z",
    )
    client("rds", REGION).restore_db_cluster_to_point_in_time(
        DBClusterIdentifier=name, SourceDBClusterIdentifier=source, RestoreType="copy-on-write",
        UseLatestRestorableTime=True, Tags=to_aws(tags),
    )  # fmt: skip


def plan() -> tuple[Calls, float]:
    """The plan of `reap`, which looks at every cluster of the Region; nothing is changed."""
    with ExitStack() as stack:
        stack.enter_context(patch.dict("os.environ", Cloud.environment))
        stack.enter_context(no_wire())
        stack.enter_context(redirect_stdout(StringIO()))
        calls = stack.enter_context(counted_calls())
        start = time.perf_counter()
        code = main(["reap", "--output", "json"])
        took_s = time.perf_counter() - start
    if code:
        raise RuntimeError(f"`runbook reap` must plan, got exit code {code}")
    return calls, took_s
