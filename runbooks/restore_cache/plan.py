"""Which steps of a restore are missing, or every reason not to start. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum
from typing import Any, Final

from estate import engines
from runbooks.engine.plan import Call, PlanRefusedError, Step
from runbooks.restore_cache.request import RestoreCacheRequest
from runbooks.restore_cache.seen import Observed, Origin, Portrait
from runbooks.restore_cache.settings import TIERED, create_parameters, replicas_of, wanted_settings
from runbooks.tags import is_ours, taken_by

VERB: Final = "restore cache"
LONGEST: Final = 40  # of a replication group's name and of a serverless cache's (API reference, CreateReplicationGroup)
MOST_REPLICAS: Final = 5
_NAME: Final = re.compile(r"^[a-z](?!.*--)[a-z0-9-]*(?<!-)$")
TOOK: Final = "minutes; the more data, the longer"


class Kind(StrEnum):
    """The steps."""

    CREATE = "create-cache"
    AWAIT = "wait-until-available"


def blockers(request: RestoreCacheRequest, seen: Observed) -> tuple[str, ...]:
    """Reasons not to start, all of them; empty when safe."""
    if is_begun(seen):
        return seen.locked
    origin, model = seen.origin, seen.model
    return (
        *_name_reasons(request, seen),
        *_origin_reasons(request, origin),
        *_model_reasons(request, seen),
        *(_fit_reasons(request, origin, model) if origin is not None and model is not None else ()),
        *seen.fences,
        *seen.locked,
    )


def is_begun(seen: Observed) -> bool:
    """This run has made it already."""
    return seen.made is not None and is_ours(seen.made.tags, seen.run_id)


def _name_reasons(request: RestoreCacheRequest, seen: Observed) -> Iterator[str]:
    if not _NAME.match(request.target) or len(request.target) > LONGEST:
        yield (
            f"--as must be 1 to {LONGEST} lower-case letters, digits and hyphens, a letter first, no hyphen last or "
            f"doubled, got {request.target!r}; choose another name"
        )
    if seen.made is not None:
        yield taken_by(seen.made.tags, request.target)


def _origin_reasons(request: RestoreCacheRequest, origin: Origin | None) -> Iterator[str]:
    other = "serverless" if request.family == "cache" else "cache"
    if origin is None:
        yield (
            f"snapshot {request.snapshot} must exist, got none of a {_what(request)} in this account and Region; see "
            f"`runbook snapshot list --family {request.family}`, or give --family {other}"
        )
    elif origin.snapshot.status != "available":
        yield (
            f"snapshot {origin.snapshot.snapshot_id} must be available, got {origin.snapshot.status}; wait until it "
            "is, then run again"
        )


def _model_reasons(request: RestoreCacheRequest, seen: Observed) -> Iterator[str]:
    model, origin = seen.model, seen.origin
    if model is None:
        name = request.like or (origin.snapshot.source_id if origin is not None else "")
        if name:
            yield (
                f"{_what(request)} {name} must exist for the new one to be like it, got none; name another by --like: "
                "a snapshot does not say who may reach and use its cache"
            )
        return
    if model.has_token and not request.user_groups:
        yield (
            f"{model.cache_id} must have users, got an AUTH token, which nobody can read back; give --user-group, and "
            "let clients log in as its users"
        )
    if request.family == "serverless":
        yield from _serverless_reasons(request)


def _serverless_reasons(request: RestoreCacheRequest) -> Iterator[str]:
    given = {
        "--node-type": request.node_type,
        "--parameter-group": request.parameter_group,
        "--subnet-group": request.subnet_group,
        "--replicas": request.replicas,
    }
    if names := [name for name, value in given.items() if value not in {"", None}]:
        yield f"{', '.join(names)} must be left out for a serverless cache, got a value; it has no nodes"
    if len(request.user_groups) > 1:
        yield f"--user-group must be one for a serverless cache, got {', '.join(request.user_groups)}; leave the others"


def _fit_reasons(request: RestoreCacheRequest, origin: Origin, model: Portrait) -> Iterator[str]:
    yield from _engine_reasons(request, origin, model)
    if request.family == "cache":
        yield from _layout_reasons(request, origin, model)
        yield from _node_reasons(request, origin, model)


def _engine_reasons(request: RestoreCacheRequest, origin: Origin, model: Portrait) -> Iterator[str]:
    snapshot, settings = origin.snapshot, wanted_settings(request, model)
    engine = str(settings.get("Engine", ""))
    version = str(settings.get("EngineVersion") or settings.get("MajorEngineVersion") or "")
    if engine != snapshot.engine and (snapshot.engine, engine) != ("redis", "valkey"):
        yield (
            f"the new cache must run {snapshot.engine}, as the snapshot's did, got {engine}; give --like a cache of "
            f"{snapshot.engine}"
        )
    elif engine == snapshot.engine and _is_older(engine, version, snapshot.engine_version):
        yield (
            f"the engine version must be {snapshot.engine_version} or newer, as the snapshot's was, got {version}; "
            "give --engine-version"
        )


def _is_older(engine: str, version: str, than: str) -> bool:
    wanted, least = engines.parsed(engine, version), engines.parsed(engine, than)
    return bool(wanted) and wanted < least[: len(wanted)]


def _layout_reasons(request: RestoreCacheRequest, origin: Origin, model: Portrait) -> Iterator[str]:
    name, count = origin.snapshot.snapshot_id, len(origin.layout)
    if count > 1 and not model.clustered:
        yield (
            f"{model.cache_id} must have cluster mode on, got off: {name} has {count} shards; give --like a cache with "
            "cluster mode"
        )
    replicas = replicas_of(request, model)
    if not 0 <= replicas <= MOST_REPLICAS:
        yield f"--replicas must be 0 to {MOST_REPLICAS}, got {replicas}; each shard has that many"
    durable = wanted_settings(request, model).get("Durability")
    if durable and replicas == 0:
        yield f"--replicas must be 1 or more for durability {durable}, got 0; leave it out"


def _node_reasons(request: RestoreCacheRequest, origin: Origin, model: Portrait) -> Iterator[str]:
    node_type = str(wanted_settings(request, model).get("CacheNodeType", ""))
    if origin.data_tiering and not node_type.startswith(TIERED):
        yield (
            f"the node type must have data tiering, as {origin.snapshot.snapshot_id} is of nodes that have, got "
            f"{node_type}: what lay on their disks would not fit into memory; give --node-type {TIERED}xlarge or larger"
        )


def plan_restore(request: RestoreCacheRequest, seen: Observed) -> tuple[Step[Kind], ...]:
    """Steps still missing.

    Raises:
        PlanRefusedError: with every reason.
    """
    if reasons := blockers(request, seen):
        raise PlanRefusedError(reasons)
    missing: list[Step[Kind]] = []
    if not is_begun(seen) and seen.origin is not None and seen.model is not None:
        missing.append(_create(request, seen.run_id, seen.origin, seen.model))
    if seen.made is None or seen.made.status != "available":
        why = "its keys can be read only then"
        missing.append(Step(kind=Kind.AWAIT, subject=request.target, arguments=_about(request), why=why))
    return tuple(missing)


def _create(request: RestoreCacheRequest, run_id: str, origin: Origin, model: Portrait) -> Step[Kind]:
    operation = "CreateServerlessCache" if request.family == "serverless" else "CreateReplicationGroup"
    call = Call(
        service="elasticache", operation=operation, parameters=create_parameters(request, run_id, origin, model)
    )
    why = (
        f"a new cache with the keys of {origin.snapshot.snapshot_id}, like {model.cache_id}, which is only read; "
        "clients go on as they are"
    )
    return Step(kind=Kind.CREATE, subject=request.target, calls=(call,), arguments=_about(request), why=why)


def _about(request: RestoreCacheRequest) -> dict[str, Any]:
    return {"family": request.family}


def _what(request: RestoreCacheRequest) -> str:
    return "serverless cache" if request.family == "serverless" else "replication group"
