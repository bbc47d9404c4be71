"""What AWS shows of a cluster before and after a drill. Changes nothing."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from runbooks.drill.plan import MEASURED_ENGINE, Observed, progress_of
from runbooks.drill.request import DrillRequest
from runbooks.drill.topology import EndpointSeen, MemberSeen, Topology
from runbooks.guard import find_lease, lock_blockers

if TYPE_CHECKING:
    from runbooks.aws.rds import Cluster, Rds
    from runbooks.drill.tools import DrillTools
    from runbooks.engine.run import Context

READER: Final = "reader"
FAILOVER_CATEGORY: Final = "failover"  # RDS-EVENT-0069 to 0073 carry it
SETTLED: Final = "connected"


def observe(request: DrillRequest, context: Context[DrillTools]) -> Observed:
    """Look at the cluster, its lock, its last failovers, and at how far this run came before."""
    tools, progress = context.tools, progress_of(context.journal.events)
    now = context.clock.now()
    topology = tools.find_topology()
    locked = lock_blockers(find_lease(tools.ssm, request.cluster_id), context.run_id, now)
    if topology is None or progress.changed_something:
        return Observed(topology=topology, locked=locked, progress=progress)
    return Observed(
        topology=topology,
        locked=locked,
        global_busy=_global_busy(tools.rds, topology.global_cluster_id),
        cool_down_left_s=_cool_down_left_s(tools.rds, request, now),
        unreachable=_unreachable(tools, topology),
        progress=progress,
    )


def read_topology(rds: Rds, cluster_id: str) -> Topology | None:
    """The cluster's members and endpoints; None when it does not exist."""
    cluster = rds.find_cluster(cluster_id)
    if cluster is None:
        return None
    return Topology(
        cluster_id=cluster.cluster_id,
        status=cluster.status,
        engine=cluster.engine,
        engine_version=cluster.engine_version,
        port=cluster.port,
        database=cluster.database or "postgres",
        writer_endpoint=cluster.writer_endpoint,
        endpoints=_endpoints(rds, cluster),
        members=_members(rds, cluster),
        global_cluster_id=cluster.global_cluster_id,
        secret_arn=cluster.master_secret_arn,
        master_username=cluster.master_username,
    )


def _members(rds: Rds, cluster: Cluster) -> tuple[MemberSeen, ...]:
    instances = {instance.instance_id: instance for instance in rds.list_instances(cluster.cluster_id)}
    seen: list[MemberSeen] = []
    for member in sorted(cluster.members, key=lambda member: member.instance_id):
        instance = instances.get(member.instance_id)
        seen.append(
            MemberSeen(
                instance_id=member.instance_id,
                is_writer=member.is_writer,
                tier=member.promotion_tier,
                status=instance.status if instance else "unknown",
                instance_class=instance.instance_class if instance else "",
                zone=instance.zone if instance else "",
                address=instance.address if instance else "",
            )
        )
    return tuple(seen)


def _endpoints(rds: Rds, cluster: Cluster) -> tuple[EndpointSeen, ...]:
    """The endpoints that are read from. The writer's is apart; a custom one is known by its identifier."""
    reading = [EndpointSeen(name=READER, host=cluster.reader_endpoint, kind="reader")]
    custom = [
        EndpointSeen(
            name=endpoint.endpoint_id, host=endpoint.address, kind=endpoint.custom_type.lower() or "any",
            members=tuple(sorted(endpoint.members)), excluded=tuple(sorted(endpoint.excluded)),
        )
        for endpoint in rds.list_endpoints(cluster.cluster_id)
        if endpoint.kind == "CUSTOM"
    ]  # fmt: skip
    return (*reading, *sorted(custom, key=lambda endpoint: endpoint.name))


def _global_busy(rds: Rds, global_cluster_id: str) -> str:
    """Why the global database must be left alone now; empty when it is at rest, or there is none."""
    found = rds.find_global_cluster(global_cluster_id) if global_cluster_id else None
    if found is None:
        return ""
    if found.failover_status:
        return (
            f"global database {global_cluster_id} must be at rest, got {found.failover_status}; wait until it is done"
        )
    behind = [m.cluster_arn for m in found.members if m.synchronization not in {"", SETTLED}]
    if behind:
        return (
            f"global database {global_cluster_id} must be in sync, got {', '.join(behind)} not connected; wait for it"
        )
    return ""


def _cool_down_left_s(rds: Rds, request: DrillRequest, now: datetime) -> float:
    """How long the last failover's effects (caches, connections, events) are to be waited for yet."""
    if request.cool_down_s <= 0:
        return 0.0
    events = rds.list_events(request.cluster_id, now - timedelta(seconds=request.cool_down_s))
    last = max((event.at for event in events if FAILOVER_CATEGORY in event.categories), default=None)
    return 0.0 if last is None else max(0.0, request.cool_down_s - (now - last).total_seconds())


def _unreachable(tools: DrillTools, topology: Topology) -> str:
    if topology.engine != MEASURED_ENGINE or topology.writer is None:
        return ""
    return tools.reach(topology.writer_endpoint, topology.port)
