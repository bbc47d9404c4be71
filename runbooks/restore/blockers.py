"""Every reason not to restore, all at once. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from estate.community import AURORA_OF, S3_SOURCES, nearest_taker, takes
from estate.engines import MYSQL, parsed
from runbooks.birth.plan import birth_blockers
from runbooks.birth.refusals import SERVERLESS_CLASS, identifier_reason
from runbooks.boundary import boundary_reasons
from runbooks.parity.portrait import Portrait
from runbooks.quarantine.plan import quarantine_blockers
from runbooks.restore.files import file_reasons
from runbooks.restore.origin import Origin
from runbooks.restore.request import Kind, RestoreRequest
from runbooks.restore.seen import Observed
from runbooks.restore.wishes import model_of, quarantine_of, version_of, wish_of
from runbooks.tags import expiry_text, is_ours, taken_by

USABLE: Final = {"cluster": frozenset({"available", "stopped"}), "backup": frozenset({"retained"})}
"""Statuses to restore from. A stopped cluster can be restored to a moment (Aurora User Guide, "Stopping a cluster")."""
AVAILABLE: Final = frozenset({"available"})


def blockers(request: RestoreRequest, seen: Observed) -> tuple[str, ...]:
    """Reasons not to start, all of them; empty when safe."""
    born = seen.copy is not None
    reasons = (
        *_origin(request, seen),
        *_model(request, seen),
        *(() if born else _version(request, seen)),
        *(() if born else _key(request, seen)),
        *_birth(request, seen),
        *boundary_reasons(request.verb, request.target_id, seen.copy.tags if seen.copy is not None else {}),
        *_fences(request, seen),
        *seen.locked,
    )
    return tuple(dict.fromkeys(reasons))


# --- what the data come from


def _origin(request: RestoreRequest, seen: Observed) -> Iterable[str]:
    if request.kind is Kind.S3:
        if seen.copy is None:
            yield from file_reasons(request, seen)
        return
    if not seen.origins:
        yield _missing(request, seen)
    if len(seen.origins) > 1:
        yield _several(request, seen.origins)
    origin = seen.origin
    if origin is None or seen.copy is not None:  # what is made already is not asked where it came from
        return
    if origin.status not in USABLE.get(origin.sort, AVAILABLE):
        yield f"{_named(origin)} must be available, got {origin.status}; wait until it is, then run again"
    if request.kind is Kind.SNAPSHOT:
        yield from _snapshot(origin, seen)
    else:
        yield from _window(request, origin)


def _named(origin: Origin) -> str:
    words = {"cluster-snapshot": "snapshot", "instance-snapshot": "snapshot", "backup": "the retained backup of"}
    return f"{words.get(origin.sort, origin.sort)} {origin.source_id if origin.sort == 'backup' else origin.name}"


def _missing(request: RestoreRequest, seen: Observed) -> str:
    source, where = request.source, f"in {seen.region}"
    if request.kind is Kind.SNAPSHOT and request.newest:
        return (
            f"cluster {source} must have a snapshot that is available, got none {where}; `runbook snapshot list` shows "
            "what there is"
        )
    if request.kind is Kind.SNAPSHOT:
        return (
            f"snapshot {source} must exist {where}, got none; one that another account shares, and one of an RDS "
            "instance, is given by its ARN; one of another Region is copied here first (`runbook snapshot copy`)"
        )
    if request.kind is Kind.DELETED:
        return (
            f"{source} must have a retained backup {where}, got none; `runbook restore deleted` lists those that there "
            "are; without one there may be a final snapshot: `runbook snapshot list`"
        )
    return (
        f"cluster {source} must exist {where}, got none; of a deleted one: `runbook restore deleted {source}`, if its "
        "backups were kept"
    )


def _several(request: RestoreRequest, origins: tuple[Origin, ...]) -> str:
    listed = ", ".join(f"{each.resource_id} (until {_at(each.latest)})" for each in origins)
    return (
        f"{request.source} must mean one deleted cluster, got {len(origins)} of that name: {listed}; give the resource "
        "id of one"
    )


def _snapshot(origin: Origin, seen: Observed) -> Iterable[str]:
    region = origin.arn.split(":")[3]
    if region != seen.region:
        yield (
            f"snapshot {origin.name} must lie in {seen.region}, got {region}; copy it there first (`runbook snapshot "
            "copy`), or restore it there by --region"
        )
    if origin.sort == "instance-snapshot" and origin.engine not in AURORA_OF:
        yield (
            f"snapshot {origin.name} must be of MySQL or PostgreSQL to become a cluster of Aurora, got "
            f"{origin.engine}; move its data by AWS DMS, or dump and load them"
        )
    if origin.sort == "cluster-snapshot" and not origin.engine.startswith("aurora"):
        yield f"snapshot {origin.name} must be of an Aurora cluster, got {origin.engine}; RDS restores it by itself"


def _window(request: RestoreRequest, origin: Origin) -> Iterable[str]:
    if origin.earliest is None or origin.latest is None:
        yield (
            f"{_named(origin)} must have a first backup, got none yet: it has no restorable time; wait for it, or "
            "restore a snapshot"
        )
        return
    if not request.to_time:
        return
    moment = datetime.fromisoformat(request.to_time)
    if not origin.earliest <= moment <= origin.latest:
        later = (
            "a little later it may be reached, or take --latest" if moment > origin.latest else "nothing older is kept"
        )
        yield (
            f"--to must lie between {_at(origin.earliest)} and {_at(origin.latest)}, what {origin.source_id} can be "
            f"restored to, got {request.to_time}; {later}"
        )


def _at(moment: datetime | None) -> str:
    return expiry_text(moment) if moment is not None else "?"


# --- what it is to be like


def _model(request: RestoreRequest, seen: Observed) -> Iterable[str]:
    if request.like and seen.model is None:
        yield f"cluster {request.like} must exist to be a model, got none; see `aws rds describe-db-clusters`"
        return
    model = model_of(request, seen)
    if model is None:
        if request.kind is Kind.S3:
            yield (
                "the new cluster must have a model, got none: files tell nothing of a cluster; name one of "
                f"{MYSQL} by --like"
            )
        return
    if model.partial:
        yield from _unsaid(request, seen)
    yield from _engine(request, seen, model)


def _unsaid(request: RestoreRequest, seen: Observed) -> Iterable[str]:
    """Neither the source nor another cluster is there to be like: what AWS would choose must be said."""
    what = _named(seen.origin) if seen.origin is not None else request.source
    needed = (
        ("--subnet-group", bool(request.subnet_group), "AWS would take the default VPC"),
        ("--security-group", bool(request.security_groups) or request.closed, "AWS would take the VPC's default one"),
        ("--parameter-group", bool(request.parameter_group), "AWS would take its default one"),
        ("--class", bool(request.instance_class), "there is no instance to be like"),
    )
    for option, is_said, otherwise in needed:
        if not is_said:
            yield (
                f"{option} must be given, got none: {what} does not tell, its cluster is not there, and {otherwise}; "
                "or name a cluster to be like by --like"
            )


def _engine(request: RestoreRequest, seen: Observed, model: Portrait) -> Iterable[str]:
    base = seen.model
    mine = MYSQL if request.kind is Kind.S3 else str(model.cluster.get("Engine", ""))
    theirs = str(base.cluster.get("Engine", "")) if base is not None else mine
    if mine != theirs and base is not None:
        yield f"{base.cluster_id} must be of {mine} to be the model, got {theirs}; name another by --like"
    if request.kind is not Kind.S3:
        return
    serverless = [each for each in wish_of(request, seen, model).instances if each.instance_class == SERVERLESS_CLASS]
    if serverless:
        yield (
            f"instances must not be {SERVERLESS_CLASS} when files are restored, got {serverless[0].instance_id}; give "
            "another --class, and add serverless ones afterwards"
        )


def _version(request: RestoreRequest, seen: Observed) -> Iterable[str]:
    """The version is said, never left to AWS (facts C16): it must take the data, and the Region must make it."""
    origin, model = seen.origin, model_of(request, seen)
    if model is None or request.kind in {Kind.POINT_IN_TIME, Kind.DELETED}:
        return
    engine = str(model.cluster.get("Engine", ""))
    version = version_of(request, origin, seen.model)
    if origin is not None and origin.sort == "instance-snapshot" and not version:
        yield (
            f"snapshot {origin.name} must be of a version that Aurora can take, got {origin.engine} "
            f"{origin.engine_version}; upgrade the snapshot (ModifyDBSnapshot) or the instance, or say --engine-version"
        )
        return
    if not version or not engine.startswith("aurora"):
        return
    yield from _backwards(request, origin, engine, version)
    if version not in seen.offered:
        yield (
            f"the engine version must be one that {seen.region} makes of {engine}, got {version}; give one by "
            f"--engine-version (`aws rds describe-db-engine-versions --engine {engine}`)"
        )
    yield from _family(request, seen, model, version)
    yield from _instance_family(request, seen, version)


def _backwards(request: RestoreRequest, origin: Origin | None, engine: str, version: str) -> Iterable[str]:
    files = request.files
    source = files.source_version if files is not None else origin.engine_version if origin is not None else ""
    if origin is not None and origin.sort == "cluster-snapshot":
        if parsed(engine, version) < parsed(engine, source):
            yield f"--engine-version must not be below the snapshot's, {source}, got {version}; leave it out to keep it"
    elif takes(engine, version, source) is False and _is_known(request, source):
        nearest = nearest_taker(engine, source)
        hint = f"the nearest is {nearest}" if nearest else "no version of Aurora takes it: upgrade the source first"
        what = "--engine-version" if request.engine_version else "the engine version"
        yield f"{what} must be of the same major as {source} and not below it, got {version}; {hint}"


def _is_known(request: RestoreRequest, source: str) -> bool:
    """Files of a version that S3 never takes have a reason of their own."""
    return request.kind is not Kind.S3 or source.startswith(tuple(f"{major}." for major in S3_SOURCES))


def family_of(engine: str, version: str) -> str:
    """Parameter group family of a version: aurora-postgresql17, aurora-mysql8.0."""
    return engine + ".".join(version.split(".")[: 2 if engine == MYSQL else 1])


def group_of(request: RestoreRequest, model: Portrait | None) -> str:
    """The cluster parameter group that the new cluster is to have."""
    return request.parameter_group or (
        str(model.cluster.get("DBClusterParameterGroup", "")) if model is not None else ""
    )


def _family(request: RestoreRequest, seen: Observed, model: Portrait, version: str) -> Iterable[str]:
    name = group_of(request, model)
    wanted = family_of(str(model.cluster["Engine"]), version)
    found = seen.families.get(name)
    if not name:
        return
    if found is None:
        yield f"cluster parameter group {name} must exist, got none; name one of {wanted} by --parameter-group"
    elif found != wanted:
        yield (
            f"cluster parameter group {name} must be of {wanted}, got {found}; name one by --parameter-group, and one "
            "for the instances by --instance-parameter-group"
        )


def _instance_family(request: RestoreRequest, seen: Observed, version: str) -> Iterable[str]:
    """The model's instances have groups of the model's family, which those of another major cannot have."""
    base = seen.model
    if base is None or request.instance_parameter_group:
        return
    engine = str(base.cluster.get("Engine", ""))
    theirs, wanted = family_of(engine, str(base.cluster.get("EngineVersion", ""))), family_of(engine, version)
    if theirs != wanted:
        yield (
            f"--instance-parameter-group must be given, got none: {base.cluster_id} has instances of {theirs}, and "
            f"these are to be of {wanted}; default.{wanted} is AWS's own"
        )


def _key(request: RestoreRequest, seen: Observed) -> Iterable[str]:
    if not request.key:
        return
    origin, key = seen.origin, seen.key
    if key is None:
        yield f"key {request.key} must exist in {seen.region}, got none; see `aws kms list-aliases`"
    elif not key.is_enabled:
        yield f"key {request.key} must be enabled, got {key.state}; enable it or give another"
    if origin is not None and not origin.encrypted and request.kind in {Kind.POINT_IN_TIME, Kind.DELETED}:
        yield (
            f"--key must be left out, got {request.key}: {origin.source_id} is not encrypted, and a restore to a point "
            "in time cannot encrypt; restore a snapshot with --key"
        )


# --- the new cluster


def _birth(request: RestoreRequest, seen: Observed) -> Iterable[str]:
    if any(name.startswith("aws:") for name in request.tags):
        yield "tags must not begin with aws:, which are AWS's own; choose another key"
    model = model_of(request, seen)
    if model is None:
        yield from _name(request, seen)
        return
    wish = wish_of(request, seen, model)
    yield from birth_blockers(wish, model, seen.copy, seen.around.place, seen.around.taken)
    if request.closed and seen.closing is not None:
        yield from quarantine_blockers(quarantine_of(request, seen, model), seen.closing)


def _name(request: RestoreRequest, seen: Observed) -> Iterable[str]:
    """What can be said of the name when nothing is known yet of what it would be given to."""
    if reason := identifier_reason(request.target_id, "the new cluster's identifier"):
        yield reason
    if seen.copy is not None and not is_ours(seen.copy.tags, seen.run_id):
        yield taken_by(seen.copy.tags, request.target_id)


def _fences(request: RestoreRequest, seen: Observed) -> Iterable[str]:
    """The source's owner may forbid that its data are copied."""
    origin = seen.origin
    if origin is not None and request.kind is not Kind.SNAPSHOT:
        yield from boundary_reasons(request.verb, origin.source_id, origin.portrait.tags, allowed=())
