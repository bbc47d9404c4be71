"""What AWS shows of the data, of the model, and of what is there of the new cluster. Changes nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from botocore.exceptions import ClientError

from estate.names import TAG_SOURCE
from runbooks import guard
from runbooks.aws import ec2 as ec2_adapter
from runbooks.aws import kms as kms_adapter
from runbooks.aws.kms import find_key
from runbooks.aws.rds import error_code
from runbooks.aws.sts import ACTIONS as STS_ACTIONS
from runbooks.aws.sts import find_caller
from runbooks.birth.observe import BIRTH_READS, look_around, see_copy
from runbooks.engine.run import Context
from runbooks.parity.observe import look
from runbooks.parity.portrait import Portrait
from runbooks.quarantine import observe as quarantine
from runbooks.restore import bucket as bucket_adapter
from runbooks.restore import sources
from runbooks.restore.blockers import group_of
from runbooks.restore.origin import Origin
from runbooks.restore.request import Kind, RestoreRequest
from runbooks.restore.seen import Observed
from runbooks.restore.wishes import model_of, quarantine_of, version_of, wish_of
from runbooks.tags import is_ours
from runbooks.tools import Tools, locked_by_others

_ALL: Final = (
    *BIRTH_READS,
    *ec2_adapter.ACTIONS["list_groups"],
    *guard.READ_ACTIONS,
    *STS_ACTIONS["find_caller"],
    *kms_adapter.ACTIONS["find_key"],
)
_VERSIONS: Final = ("rds:DescribeDBEngineVersions", "rds:DescribeDBClusterParameterGroups")
READS: Final = {
    Kind.SNAPSHOT: (*_ALL, *_VERSIONS, *sources.ACTIONS["find_snapshot"]),
    Kind.POINT_IN_TIME: _ALL,
    Kind.DELETED: (*_ALL, *sources.ACTIONS["list_backups"]),
    Kind.S3: (*_ALL, *_VERSIONS, *bucket_adapter.ACTIONS),
}
_LOCKED_TOO: Final = frozenset({Kind.POINT_IN_TIME})
"""Where the source is a cluster that is there: a run that works on it is not read in the middle."""
_NO_GROUP: Final = "DBParameterGroupNotFound"
DEFAULT: Final = "default."


def observe(request: RestoreRequest, context: Context[Tools]) -> Observed:
    """Look at the origin, the model, the new cluster as far as it is there, and the locks."""
    tools = context.tools
    copy = see_copy(context, request.target_id)
    origins = _origins(request, context, copy)
    caller = find_caller(tools.session.sts)
    source = (request.source,) if request.kind in _LOCKED_TOO else ()
    seen = Observed(
        run_id=context.run_id,
        region=tools.session.region,
        account=caller.account,
        origins=origins,
        bucket=bucket_adapter.look_at(tools, request.source, request.files) if request.files is not None else None,
        copy=copy,
        key=find_key(tools.session.client("kms"), request.key) if request.key else None,
        locked=locked_by_others(context, request.target_id, *source),
    )
    return _closer(request, tools, _with_model(request, tools, seen))


def _origins(request: RestoreRequest, context: Context[Tools], copy: Portrait | None) -> tuple[Origin, ...]:
    tools = context.tools
    found: Origin | None = None
    if request.kind is Kind.SNAPSHOT:
        wanted = _snapshot_name(request, context, copy)
        found = sources.find_snapshot(tools, wanted) if wanted else None
    elif request.kind is Kind.POINT_IN_TIME:
        found = sources.find_cluster(tools, request.source)
    elif request.kind is Kind.DELETED:
        return sources.match_backups(sources.list_backups(tools), request.source)
    return (found,) if found is not None else ()


def _snapshot_name(request: RestoreRequest, context: Context[Tools], copy: Portrait | None) -> str | None:
    """The newest one may be another by the time that a run is resumed: then it is the one that was restored."""
    if not request.newest:
        return request.source
    if copy is not None and is_ours(copy.tags, context.run_id):
        return copy.tags.get(TAG_SOURCE)
    return sources.newest_snapshot(context.tools, request.source)


def _with_model(request: RestoreRequest, tools: Tools, seen: Observed) -> Observed:
    """The model: another cluster, or the source when it is still there and really is it."""
    origin = seen.origin
    if request.like:
        model = look(tools, request.like)
    elif origin is None or origin.account != seen.account or not origin.resource_id:
        model = None
    elif origin.sort == "cluster":
        model = origin.portrait
    else:
        model = look(tools, origin.source_id)
        if model is not None and model.cluster.get("DbClusterResourceId") != origin.resource_id:
            model = None
    is_source = (
        model is not None and origin is not None and model.cluster.get("DbClusterResourceId") == origin.resource_id
    )
    return replace(seen, model=model, model_is_source=is_source)


def _closer(request: RestoreRequest, tools: Tools, seen: Observed) -> Observed:
    """With what can be looked at only when it is known what the cluster is to be."""
    model = model_of(request, seen)
    if model is None:
        return seen
    around = look_around(tools, wish_of(request, seen, model), model)
    seen = replace(seen, around=around)
    if request.closed:
        cluster = seen.copy.cluster if seen.copy is not None else None
        kept = quarantine_of(request, seen, model)
        seen = replace(seen, closing=quarantine.observe_quarantine(tools, kept, cluster))
    if request.kind in {Kind.SNAPSHOT, Kind.S3} and seen.copy is None:
        version, engine = version_of(request, seen.origin, seen.model), str(model.cluster.get("Engine", ""))
        seen = replace(
            seen, offered=_offered(tools, engine, version), families=_families(tools, group_of(request, model))
        )
    return seen


def _offered(tools: Tools, engine: str, version: str) -> tuple[str, ...]:
    """The version, when the Region makes clusters of it."""
    if not version:
        return ()
    try:
        found = tools.session.rds.describe_db_engine_versions(Engine=engine, EngineVersion=version)["DBEngineVersions"]
    except ClientError as error:
        if error_code(error) in {"InvalidParameterValue", "InvalidParameterCombination"}:
            return ()
        raise
    return tuple(str(each.get("EngineVersion", "")) for each in found)


def _families(tools: Tools, name: str) -> dict[str, str]:
    if not name:
        return {}
    if name.startswith(DEFAULT):  # AWS's own: it is called after its family, and there once a cluster has it
        return {name: name.removeprefix(DEFAULT)}
    try:
        found: Any = tools.session.rds.describe_db_cluster_parameter_groups(DBClusterParameterGroupName=name)
    except ClientError as error:
        if error_code(error).removesuffix("Fault") == _NO_GROUP:
            return {}
        raise
    family = next((str(each.get("DBParameterGroupFamily", "")) for each in found["DBClusterParameterGroups"]), "")
    return {name: family}
