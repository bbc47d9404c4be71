"""Auto scaling at work: reads the load, runs what is scheduled, adds what is missing, takes away what is too much."""

from __future__ import annotations

import datetime as dt
import logging
import threading
import zoneinfo
from collections.abc import Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError
from moto.applicationautoscaling.models import applicationautoscaling_backends
from moto.cloudwatch.models import cloudwatch_backends
from moto.elasticache.models import elasticache_backends
from moto.rds.models import rds_backends

from estate.schedules import Schedule, read_schedule
from lab.cloud.autoscaling.caches import CAPACITY, MEMORY, PRIMARY_CPU, REPLICA_CPU
from lab.cloud.autoscaling.decide import Reading, decide
from lab.cloud.autoscaling.models import COOLDOWN_S, KINDS, Activity, ScalingBackend, metric_of
from lab.cloud.autoscaling.scaled import LONG_AGO, Scaled, Where, place_of
from lab.cloud.client import ACCOUNT_ID
from lab.cloud.runtime import RUNTIME

log = logging.getLogger(__name__)

EVERY_S = 1.0
LOADS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "rds": {"cpu": ("CPUUtilization",), "connections": ("DatabaseConnections",)},
    "elasticache": {"cpu": (PRIMARY_CPU,), "replica_cpu": (REPLICA_CPU,), "memory": (MEMORY, CAPACITY)},
}
"""Options of `lab load`, by namespace: the metrics that each stands for."""


class UnknownClusterError(LookupError):
    """No cluster or cache of this name is there."""


def evaluate_all(now: dt.datetime) -> None:
    """Every target of every Region, once."""
    for account, regions in list(applicationautoscaling_backends.items()):
        for region in list(regions):
            evaluate(account, region, now)


def evaluate(account: str, region: str, now: dt.datetime) -> None:
    """Every target of one Region whose kind is modelled, once."""
    backend: ScalingBackend = applicationautoscaling_backends[account][region]
    for targets in list(backend.targets.values()):
        for target in list(targets.values()):
            kind = KINDS.get(target.service_namespace)
            if kind is not None:
                with RUNTIME.lock:
                    _run_schedules(backend, target, now)
                    _scale(backend, kind, target, now)


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


def loads_of(request: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, float]]]:
    """What `lab load` was given, by the namespace that it may mean: an Aurora cluster's first, then a cache's."""
    given = {name: float(value) for name, value in request.items() if isinstance(value, int | float)}
    for namespace, names in LOADS.items():
        if given.keys() <= names.keys():
            yield (
                namespace,
                {metric: given[name] for name, metrics in names.items() if name in given for metric in metrics},
            )


def set_load(name: str, load: dict[str, float], now: dt.datetime, *, namespace: str = "rds") -> dict[str, Any]:
    """Let the nodes of a cluster or cache report metrics from now on, each the same, and scale by them at once.

    Raises:
        UnknownClusterError: no Region has one of this name.
    """
    kind = KINDS[namespace]
    backend = _backend_of(kind, name)
    load = backend.loads.setdefault((namespace, name), {}) | load
    backend.loads[namespace, name] = load
    before = len(backend.activities)
    _report(backend, kind, name, now)
    evaluate(backend.account_id, backend.region_name, now)
    resource_id = kind.prefix + name
    own = [each for each in backend.activities[before:] if each.resource_id == resource_id]
    return {
        "cluster": name,
        "region": backend.region_name,
        "metrics": dict(load),
        "scales": any(resource_id in targets for targets in backend.targets.values()),
        "activities": [f"{each.description} {each.cause}" for each in own],
        **kind.shape(backend.where(kind, resource_id)),
    }


def _backend_of(kind: Scaled, name: str) -> ScalingBackend:
    regions = {*rds_backends[ACCOUNT_ID], *elasticache_backends[ACCOUNT_ID]}
    for region in sorted(regions):
        if kind.exists(Where(ACCOUNT_ID, region, name)):
            found: ScalingBackend = applicationautoscaling_backends[ACCOUNT_ID][region]
            return found
    raise UnknownClusterError(f"no Region has a cluster {name}")


def _report(backend: ScalingBackend, kind: Scaled, name: str, now: dt.datetime) -> None:
    """A sample of each node, as the service reports them."""
    cloudwatch = cloudwatch_backends[backend.account_id][backend.region_name]
    load = backend.loads[kind.namespace, name]
    for metric, dimensions, value in kind.report(backend.where(kind, name), load):
        cloudwatch.record(kind.cloudwatch, metric, dimensions, value, now)


# Schedules


def _run_schedules(backend: ScalingBackend, target: Any, now: dt.datetime) -> None:
    for action in backend.scheduled_actions:
        if place_of(action) != place_of(target) or target.suspended_state["ScheduledScalingSuspended"]:
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


def _scale(backend: ScalingBackend, kind: Scaled, target: Any, now: dt.datetime) -> None:
    where, place = backend.where(kind, target.resource_id), place_of(target)
    count = kind.count(where, place.dimension)
    if count is None:
        return
    decision = decide(
        count,
        list(_readings(backend, kind, target)),
        least=target.min_capacity,
        most=target.max_capacity,
        since_out_s=(now - backend.last_out.get(place, LONG_AGO)).total_seconds(),
        since_in_s=(now - backend.last_in.get(place, LONG_AGO)).total_seconds(),
    )
    wanted = decision.readers
    held = "DynamicScalingOutSuspended" if wanted > count else "DynamicScalingInSuspended"
    if wanted == count or target.suspended_state[held]:
        return
    last = backend.last_out if wanted > count else backend.last_in
    try:
        reached = kind.change(where, place.dimension, count, wanted)
    except ClientError as error:
        last[place] = now
        description = f"Setting {kind.unit(place.dimension)} to {wanted}."
        _note(backend, target, description, decision.why, now, refusal=error.response["Error"]["Message"])
        return
    if reached != count:
        last[place] = now
        _note(backend, target, f"Setting {kind.unit(place.dimension)} to {reached}.", decision.why, now)


def _readings(backend: ScalingBackend, kind: Scaled, target: Any) -> Iterator[Reading]:
    load = backend.loads.get((kind.namespace, backend.where(kind, target.resource_id).name), {})
    for policy in backend.policies_of(place_of(target)):
        body = policy.target_tracking_scaling_policy_configuration
        yield Reading(
            policy=policy.policy_name,
            value=load.get(kind.metrics[str(metric_of(body))].load),
            target=float(body["TargetValue"]),
            scale_out_cooldown_s=body.get("ScaleOutCooldown", COOLDOWN_S),
            scale_in_cooldown_s=body.get("ScaleInCooldown", COOLDOWN_S),
            scales_in=not body.get("DisableScaleIn", False),
            slack=kind.slack,
            step=kind.step(target.scalable_dimension),
        )


def _note(
    backend: ScalingBackend, target: Any, description: str, cause: str, now: dt.datetime, *, refusal: str = ""
) -> None:
    made = Activity(
        namespace=target.service_namespace,
        resource_id=target.resource_id,
        dimension=target.scalable_dimension,
        description=description,
        cause=cause,
        start=now,
        refusal=refusal,
    )
    backend.activities.append(made)
    log.info("autoscaling.activity %s %s %s", target.resource_id, description, cause)
