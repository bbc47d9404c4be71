"""Replica auto scaling at work: reads the load, runs what is scheduled, adds readers and takes its own away."""

from __future__ import annotations

import datetime as dt
import logging
import threading
import uuid
import zoneinfo
from collections.abc import Iterator
from typing import Any

from moto.applicationautoscaling.models import applicationautoscaling_backends
from moto.cloudwatch.models import cloudwatch_backends
from moto.rds.models import rds_backends

from estate.schedules import Schedule, read_schedule
from lab.cloud.autoscaling.decide import Reading, decide
from lab.cloud.autoscaling.models import COOLDOWN_S, LONG_AGO, METRICS, PREFIX, RDS, Activity, ScalingBackend, metric_of
from lab.cloud.client import ACCOUNT_ID, client
from lab.cloud.runtime import RUNTIME

log = logging.getLogger(__name__)

TAG = "application-autoscaling:resourceId"
"""Tag of every reader that auto scaling adds: the resource id of its cluster. [A4 aurora-integrating-autoscaling]"""
TIER = 15
EVERY_S = 1.0


class UnknownClusterError(LookupError):
    """No cluster of this name is there."""


def evaluate_all(now: dt.datetime) -> None:
    """Every target of every Region, once."""
    for account, regions in list(applicationautoscaling_backends.items()):
        for region in list(regions):
            evaluate(account, region, now)


def evaluate(account: str, region: str, now: dt.datetime) -> None:
    """Every Aurora target of one Region, once."""
    backend: ScalingBackend = applicationautoscaling_backends[account][region]
    for targets in list(backend.targets.values()):
        for target in list(targets.values()):
            if target.service_namespace == RDS:
                with RUNTIME.lock:
                    _run_schedules(backend, target, now)
                    _scale(backend, target, now)


def run_until(stop: threading.Event) -> None:
    """Evaluate every second until told to stop, in a thread of its own."""

    def run() -> None:
        while not stop.wait(EVERY_S):
            try:
                evaluate_all(dt.datetime.now(dt.UTC))
            except Exception:
                log.exception("autoscaling.failed")

    threading.Thread(target=run, name="autoscaling", daemon=True).start()


# Load


def set_load(cluster_id: str, load: dict[str, float], now: dt.datetime) -> dict[str, Any]:
    """Let the readers of a cluster report metrics from now on, each of them the same, and scale by them at once.

    Raises:
        UnknownClusterError: no Region has a cluster of this name.
    """
    backend = _backend_of(cluster_id)
    backend.loads.setdefault(cluster_id, {}).update(load)
    before = len(backend.activities)
    _report(backend, cluster_id, now)
    evaluate(backend.account_id, backend.region_name, now)
    own = [each for each in backend.activities[before:] if each.resource_id == PREFIX + cluster_id]
    return {
        "cluster": cluster_id,
        "region": backend.region_name,
        "metrics": dict(backend.loads[cluster_id]),
        "scales": any(PREFIX + cluster_id in targets for targets in backend.targets.values()),
        "readers": len(_readers(_cluster(backend, cluster_id))),
        "activities": [f"{each.description} {each.cause}" for each in own],
    }


def _backend_of(cluster_id: str) -> ScalingBackend:
    for region, rds in list(rds_backends[ACCOUNT_ID].items()):
        if cluster_id in rds.clusters:
            found: ScalingBackend = applicationautoscaling_backends[ACCOUNT_ID][region]
            return found
    raise UnknownClusterError(f"no Region has a cluster {cluster_id}")


def _cluster(backend: ScalingBackend, cluster_id: str) -> Any:
    return rds_backends[backend.account_id][backend.region_name].clusters.get(cluster_id)


def _report(backend: ScalingBackend, cluster_id: str, now: dt.datetime) -> None:
    """A sample of each reader, under its own name and under the readers' role, as RDS reports them."""
    cloudwatch = cloudwatch_backends[backend.account_id][backend.region_name]
    cluster = _cluster(backend, cluster_id)
    for name, value in backend.loads[cluster_id].items():
        for reader in _readers(cluster):
            role = {"DBClusterIdentifier": cluster_id, "Role": "READER"}
            for dimensions in ({"DBInstanceIdentifier": reader.db_instance_identifier}, role):
                cloudwatch.record("AWS/RDS", name, dimensions, value, now)


# Schedules


def _run_schedules(backend: ScalingBackend, target: Any, now: dt.datetime) -> None:
    for action in backend.scheduled_actions:
        if action.resource_id != target.resource_id or target.suspended_state["ScheduledScalingSuspended"]:
            continue
        if _is_due(backend, action, now):
            backend.last_run[action.arn] = now
            bounds = action.scalable_target_action or {}
            least, most = bounds.get("MinCapacity"), bounds.get("MaxCapacity")
            target.update(least, most, None)
            description = f"Setting min capacity to {target.min_capacity} and max capacity to {target.max_capacity}"
            cause = f"scheduled action name {action.scheduled_action_name} was triggered"
            _note(backend, target, description, cause, now)


def _is_due(backend: ScalingBackend, action: Any, now: dt.datetime) -> bool:
    schedule = read_schedule(action.schedule)
    if not isinstance(schedule, Schedule):
        return False
    zone = zoneinfo.ZoneInfo(action.timezone or "UTC")
    last = backend.last_run.get(action.arn)
    if schedule.at is not None:
        return last is None and now >= schedule.at.replace(tzinfo=zone)
    if schedule.rate_s:
        since = last or dt.datetime.fromtimestamp(action.creation_time, dt.UTC)
        return (now - since).total_seconds() >= schedule.rate_s
    this_minute = now.replace(second=0, microsecond=0)
    return schedule.is_minute(now.astimezone(zone)) and (last is None or last < this_minute)


# Scaling


def _readers(cluster: Any) -> list[Any]:
    return [each for each in cluster.clustered if not each.is_cluster_writer and each.status != "deleting"]


def _scale(backend: ScalingBackend, target: Any, now: dt.datetime) -> None:
    cluster_id = target.resource_id.removeprefix(PREFIX)
    cluster = _cluster(backend, cluster_id)
    if cluster is None or cluster.status != "available":  # "only scales a DB cluster ... in the available state"
        return
    readers = len(_readers(cluster))
    decision = decide(
        readers,
        list(_readings(backend, target)),
        least=target.min_capacity,
        most=target.max_capacity,
        since_out_s=(now - backend.last_out.get(cluster_id, LONG_AGO)).total_seconds(),
        since_in_s=(now - backend.last_in.get(cluster_id, LONG_AGO)).total_seconds(),
    )
    if decision.readers > readers and not target.suspended_state["DynamicScalingOutSuspended"]:
        backend.last_out[cluster_id] = now
        for _ in range(decision.readers - readers):
            _add(backend, cluster, target.resource_id)
        _note(backend, target, f"Setting replica count to {decision.readers}.", decision.why, now)
    elif decision.readers < readers and not target.suspended_state["DynamicScalingInSuspended"]:
        gone = _remove(backend, cluster, target.resource_id, readers - decision.readers)
        if gone:
            backend.last_in[cluster_id] = now
            _note(backend, target, f"Setting replica count to {readers - gone}.", decision.why, now)


def _readings(backend: ScalingBackend, target: Any) -> Iterator[Reading]:
    load = backend.loads.get(target.resource_id.removeprefix(PREFIX), {})
    for policy in backend.policies_of(target.resource_id):
        body = policy.target_tracking_scaling_policy_configuration
        yield Reading(
            policy=policy.policy_name,
            value=load.get(METRICS[str(metric_of(body))]),
            target=float(body["TargetValue"]),
            scale_out_cooldown_s=body.get("ScaleOutCooldown", COOLDOWN_S),
            scale_in_cooldown_s=body.get("ScaleInCooldown", COOLDOWN_S),
            scales_in=not body.get("DisableScaleIn", False),
        )


def _add(backend: ScalingBackend, cluster: Any, resource_id: str) -> None:
    """A reader of the writer's class and settings, in the last tier, named and tagged as AWS does."""
    rds = client("rds", backend.region_name, backend.account_id)
    writer = next(each for each in cluster.clustered if each.is_cluster_writer)
    shown = rds.describe_db_instances(DBInstanceIdentifier=writer.db_instance_identifier)["DBInstances"][0]
    same = ("DBInstanceClass", "Engine", "MonitoringInterval", "MonitoringRoleArn", "AutoMinorVersionUpgrade")
    more = {name: shown[name] for name in same if name in shown}
    if shown.get("PerformanceInsightsEnabled"):
        more |= {"EnablePerformanceInsights": True, "PerformanceInsightsKMSKeyId": shown["PerformanceInsightsKMSKeyId"]}
    rds.create_db_instance(
        DBInstanceIdentifier=f"application-autoscaling-{uuid.uuid4()}",
        DBClusterIdentifier=cluster.db_cluster_identifier,
        DBParameterGroupName=shown["DBParameterGroups"][0]["DBParameterGroupName"],
        PromotionTier=TIER,
        Tags=[{"Key": TAG, "Value": resource_id}],
        **more,
    )


def _remove(backend: ScalingBackend, cluster: Any, resource_id: str, count: int) -> int:
    """Delete up to `count` readers that were added, the newest first; how many there were."""
    rds = client("rds", backend.region_name, backend.account_id)
    tag = {"Key": TAG, "Value": resource_id}
    own = [each for each in _readers(cluster) if each.status == "available" and tag in each.get_tags()]
    chosen = own[::-1][:count]
    for instance in chosen:
        rds.delete_db_instance(DBInstanceIdentifier=instance.db_instance_identifier, SkipFinalSnapshot=True)
    return len(chosen)


def _note(backend: ScalingBackend, target: Any, description: str, cause: str, now: dt.datetime) -> None:
    made = Activity(
        resource_id=target.resource_id,
        dimension=target.scalable_dimension,
        description=description,
        cause=cause,
        start=now,
    )
    backend.activities.append(made)
    log.info("autoscaling.activity %s %s %s", target.resource_id, description, cause)
