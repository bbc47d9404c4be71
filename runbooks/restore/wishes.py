"""What the new cluster is to be, and the call that brings its data. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

from estate.community import nearest_taker
from estate.engines import MYSQL
from estate.names import TAG_EXPIRES, TAG_SOURCE
from runbooks.birth.wanted import names_of
from runbooks.birth.wish import InstanceWish, Wish
from runbooks.engine.plan import Call
from runbooks.parity.mapping import renamed
from runbooks.parity.portrait import Portrait
from runbooks.parity.settings import POINT_IN_TIME, S3, SNAPSHOT, UNKNOWN
from runbooks.quarantine.plan import closed_group
from runbooks.quarantine.seen import Quarantine
from runbooks.restore.origin import Origin
from runbooks.restore.request import Files, Kind, RestoreRequest
from runbooks.restore.seen import Observed
from runbooks.tags import is_ours, made_tags

OPERATIONS: Final[Mapping[Kind, str]] = {
    Kind.SNAPSHOT: SNAPSHOT,
    Kind.POINT_IN_TIME: POINT_IN_TIME,
    Kind.DELETED: POINT_IN_TIME,
    Kind.S3: S3,
}
SCALED: Final = "application-autoscaling-"  # how replica auto scaling calls the readers that it makes
PROVISIONED: Final = "provisioned"
_WITH_THE_DATA: Final = ("Engine", "EngineVersion", "EngineMode", "MasterUsername", "StorageEncrypted", "KmsKeyId")
"""What the origin tells, which stands before what the model has."""


def version_of(request: RestoreRequest, origin: Origin | None, model: Portrait | None) -> str:
    """Version of the new cluster: the asked-for, the data's own, or for data that are not Aurora's the nearest."""
    if request.engine_version:
        return request.engine_version
    if request.kind is Kind.S3:
        return str(model.cluster.get("EngineVersion", "")) if model is not None else ""
    if origin is None:
        return ""
    if origin.sort == "instance-snapshot":
        return nearest_taker(str(origin.portrait.cluster["Engine"]), origin.engine_version) or ""
    return origin.engine_version


def model_of(request: RestoreRequest, seen: Observed) -> Portrait | None:
    """The cluster that the new one is to be like, with what comes with the data as the data have it.

    None when nothing tells. A full copy may lie in other zones than its source, so that the model's are not asked for.
    """
    origin, base = seen.origin, seen.model
    if origin is None and request.kind is not Kind.S3:
        return None
    if base is None:
        base = origin.portrait if origin is not None else None
    if base is None:
        return None
    told = _told(origin, version_of(request, origin, base)) if origin is not None else {}
    gone = {"AvailabilityZones"} | ({"KmsKeyId"} if told.get("StorageEncrypted") is False else set[str]())
    cluster = {name: value for name, value in {**base.cluster, **told}.items() if name not in gone}
    if not seen.model_is_source:  # no snapshot or backup tells the database's name: it is as the data have it
        cluster["DatabaseName"] = seen.copy.cluster.get("DatabaseName", "") if seen.copy is not None else ""
    return replace(base, cluster=cluster, zones=())


def _told(origin: Origin, version: str) -> dict[str, Any]:
    told = {name: origin.portrait.cluster[name] for name in _WITH_THE_DATA if name in origin.portrait.cluster}
    # Serverless v1 is gone: its snapshots become provisioned clusters.
    return {**told, "EngineVersion": version, "EngineMode": PROVISIONED, "StorageEncrypted": origin.encrypted}


def tags_of(request: RestoreRequest, seen: Observed) -> dict[str, str]:
    """The whole list of tags of all that is made: never the source's. What the cluster has from before is kept."""
    kept = seen.copy.tags if seen.copy is not None and is_ours(seen.copy.tags, seen.run_id) else {}
    origin = seen.origin
    source = origin.arn if origin is not None else f"arn:aws:s3:::{request.source}" if request.files else ""
    return made_tags(
        run_id=seen.run_id,
        source=kept.get(TAG_SOURCE, "") or source,
        owner=request.owner,
        purpose=request.verb,
        expires=kept.get(TAG_EXPIRES, "") or request.expires,
        more=request.tags,
    )


def wish_of(request: RestoreRequest, seen: Observed, model: Portrait) -> Wish:
    """What the new cluster is to be."""
    return Wish(
        target_id=request.target_id,
        run_id=seen.run_id,
        tags=tags_of(request, seen),
        instances=tuple(_instances(request, model)),
        security_groups=_groups(request, seen, model),
        subnet_group=request.subnet_group,
        parameter_group=request.parameter_group,
        settings=_settings(request, seen, model),
        endpoints=not model.partial,
        scaling=not model.partial,
    )


def _groups(request: RestoreRequest, seen: Observed, model: Portrait) -> tuple[str, ...]:
    if not request.closed or seen.closing is None:
        return request.security_groups
    return (closed_group(quarantine_of(request, seen, model), seen.closing),)


def _settings(request: RestoreRequest, seen: Observed, model: Portrait) -> dict[str, Any]:
    """What is deliberately otherwise than in the model."""
    found: dict[str, Any] = {}
    if request.engine_version:
        found["EngineVersion"] = request.engine_version
    if seen.key is not None:
        found |= {"KmsKeyId": seen.key.arn, "StorageEncrypted": True}
    if request.expires:  # made to be deleted: nothing is to stand in the way of that
        found["DeletionProtection"] = False
    if request.files is not None:
        found |= _of_files(request.files, model)
    return found


def _of_files(files: Files, model: Portrait) -> dict[str, Any]:
    """Users come with the files; the master user is new, and RDS keeps its password."""
    own = {"MasterUsername": files.master_username, "ManageMasterUserPassword": True}
    has_secret = bool(model.cluster.get("MasterUserSecret"))
    return {
        **own,
        **({} if has_secret else {"MasterUserSecretKmsKeyId": UNKNOWN}),
        **({"DatabaseName": files.database} if files.database else {}),
    }


def _instances(request: RestoreRequest, model: Portrait) -> Iterable[InstanceWish]:
    """Those of the model under their new names, the writer first; as many as asked for."""
    there = {str(each["DBInstanceIdentifier"]): each for each in model.instances}
    names = [name for name in names_of(model) if not name.startswith(SCALED)]
    number = request.instances if request.instances is not None else max(1, len(names))
    for name in names[:number]:
        raw = there[name]
        yield InstanceWish(
            instance_id=renamed(name, model.cluster_id, request.target_id),
            instance_class=request.instance_class or str(raw["DBInstanceClass"]),
            promotion_tier=int(raw.get("PromotionTier", 1)),
            parameter_group=request.instance_parameter_group or _parameter_group(raw),
        )
    for place in range(len(names) + 1, number + 1):
        yield InstanceWish(
            instance_id=f"{request.target_id}-{place}",
            instance_class=request.instance_class,
            promotion_tier=0 if place == 1 else 1,
            parameter_group=request.instance_parameter_group,
        )


def _parameter_group(instance: Mapping[str, Any]) -> str:
    groups: Any = instance.get("DBParameterGroups") or [{}]
    return str(groups[0].get("DBParameterGroupName", ""))


def quarantine_of(request: RestoreRequest, seen: Observed, model: Portrait) -> Quarantine:
    """How a cluster that is asked to be closed is kept so; its passwords are those of the data."""
    place = seen.around.place
    return Quarantine(
        target_id=request.target_id,
        arn=f"arn:{model.arn.split(':')[1]}:rds:{seen.region}:{seen.account}:cluster:{request.target_id}",
        engine=str(model.cluster.get("Engine", "")),
        port=int(model.cluster.get("Port") or 0),
        vpc_id=place.vpc_id if place is not None else model.vpc_id,
        tags=tags_of(request, seen),
        master="iam",  # nobody's password is looked at
    )


def origin_call(request: RestoreRequest, seen: Observed, model: Portrait) -> Call:
    """The call that brings the data; the birth of the cluster adds the rest."""
    return Call(service="rds", operation=OPERATIONS[request.kind], parameters=_origin(request, seen, model))


def _origin(request: RestoreRequest, seen: Observed, model: Portrait) -> dict[str, Any]:
    origin, version = seen.origin, version_of(request, seen.origin, seen.model)
    target = {"DBClusterIdentifier": request.target_id}
    if request.kind is Kind.S3:
        return {**target, **_from_files(request, version)}
    if origin is None:
        return target
    if request.kind is Kind.SNAPSHOT:
        engine = str(model.cluster["Engine"])
        mode = {"EngineMode": PROVISIONED} if origin.portrait.cluster.get("EngineMode") == "serverless" else {}
        return {**target, "SnapshotIdentifier": origin.arn, "Engine": engine, "EngineVersion": version, **mode}
    by = (
        {"SourceDbClusterResourceId": origin.resource_id}
        if origin.sort == "backup"
        else {"SourceDBClusterIdentifier": origin.source_id}
    )
    when = {"RestoreToTime": request.to_time} if request.to_time else {"UseLatestRestorableTime": True}
    return {**target, **by, "RestoreType": "full-copy", **when}


def _from_files(request: RestoreRequest, version: str) -> dict[str, Any]:
    files = request.files
    assert files is not None  # noqa: S101 - the command line gives them
    prefix = {"S3Prefix": files.prefix} if files.prefix else {}
    database = {"DatabaseName": files.database} if files.database else {}
    return {
        "Engine": MYSQL,
        "EngineVersion": version,
        "SourceEngine": "mysql",
        "SourceEngineVersion": files.source_version,
        "S3BucketName": request.source,
        **prefix,
        "S3IngestionRoleArn": files.role,
        "MasterUsername": files.master_username,
        **database,
        "ManageMasterUserPassword": True,
    }
