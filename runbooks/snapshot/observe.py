"""What the snapshot verbs look at before they plan. Changes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import cast

from runbooks.aws import exports, kms
from runbooks.aws.sts import find_caller
from runbooks.boundary import boundary_reasons
from runbooks.engine.plan import Call
from runbooks.engine.run import Context
from runbooks.sharing.keys import judge_key
from runbooks.snapshot.aurora_family import AuroraFamily
from runbooks.snapshot.cache_family import CacheFamily
from runbooks.snapshot.copying import AWS_ALIAS, CopySeen
from runbooks.snapshot.creating import CreateSeen
from runbooks.snapshot.exporting import ExportSeen
from runbooks.snapshot.families import open_family
from runbooks.snapshot.family import BucketExport, SnapshotFamily
from runbooks.snapshot.kinds import Kind
from runbooks.snapshot.names import LONGEST, LONGEST_TASK, lock_name, made_name
from runbooks.snapshot.request import CopyRequest, CreateRequest, ExportRequest, ShareRequest, region_of
from runbooks.snapshot.seen import Family, Snapshot, Source
from runbooks.snapshot.sharing import ShareSeen, leaving_accounts, missing_accounts
from runbooks.tags import made_tags
from runbooks.tools import Tools, locked_by_others


def look(tools: Tools, family: Family, snapshot_id: str, region: str = "") -> Snapshot | None:
    """A snapshot as one call shows it, for polls."""
    opened = open_family(tools, family, region)
    return opened.look(snapshot_id) if isinstance(opened, AuroraFamily | CacheFamily) else None


def find_tagged(tools: Tools, family: Family, snapshot_id: str, region: str = "") -> Snapshot | None:
    """A snapshot with its tags: Aurora shows them at once, ElastiCache in a second call."""
    opened = open_family(tools, family, region)
    return opened.look(snapshot_id) if isinstance(opened, AuroraFamily) else opened.find_snapshot(snapshot_id)


def observe_create(request: CreateRequest, context: Context[Tools]) -> CreateSeen:
    """Look at the source, at what has the name, at how many there are, and at the locks."""
    tools = context.tools
    family = open_family(tools, request.family)
    name = (request.snapshot_id or made_name(request.source_id, context.run_id)).lower()
    source = family.find_source(request.source_id)
    return CreateSeen(
        run_id=context.run_id,
        name=name,
        source=source,
        made=find_tagged(tools, request.family, name),
        call=_create_call(request, family, source, name, context.run_id),
        used=_used(family, request.source_id, context),
        quota=family.quota(),
        fences=boundary_reasons("snapshot create", request.source_id, source.tags) if source is not None else (),
        locked=locked_by_others(context, request.source_id, lock_name(name)),
        awaited=_awaited(context, Kind.AWAIT),
    )


def _awaited(context: Context[Tools], kind: Kind) -> bool:
    """Whether the run's journal has the end of a wait."""
    return any(
        event["event"] == "step.done" and event["step"].startswith(f"{kind.value} ") for event in context.journal.events
    )


def _create_call(
    request: CreateRequest, family: SnapshotFamily, source: Source | None, name: str, run_id: str
) -> Call | None:
    if source is None:
        return None
    tags = made_tags(
        run_id=run_id,
        source=source.arn,
        owner=request.owner,
        purpose="snapshot create",
        expires=request.expires,
        more=request.tags,
    )
    return family.create_call(source.source_id, name, tags)


def _used(family: SnapshotFamily, source_id: str, context: Context[Tools]) -> int:
    """Aurora's manual ones of the Region; those that were taken of a cache in the last 24 hours."""
    if isinstance(family, CacheFamily):
        return family.taken_today(source_id, context.clock.now())
    return sum(1 for each in family.list_snapshots() if each.is_manual)


def home_of(request: CopyRequest, tools: Tools) -> str:
    """The Region that a copied snapshot is in."""
    return region_of(request.snapshot) or tools.session.region


def observe_copy(request: CopyRequest, context: Context[Tools]) -> CopySeen:
    """Look at the snapshot where it is, at what has the name where the copy goes, and at the key there."""
    tools = context.tools
    home = home_of(request, tools)
    destination = request.to_region or home
    name = (request.target_id or made_name(stem(request.snapshot_id), context.run_id)).lower()
    family = open_family(tools, request.family, destination)
    snapshot = find_tagged(tools, request.family, request.snapshot, home)
    there = family.list_snapshots() if request.family == "aurora" else ()
    return CopySeen(
        run_id=context.run_id,
        name=name,
        home=home,
        destination=destination,
        snapshot=snapshot,
        is_foreign=_is_foreign(request.snapshot, tools),
        target=find_tagged(tools, request.family, name, destination),
        key=_key(tools, request.key, destination),
        call=_copy_call(request, snapshot, name, context),
        in_flight=tuple(each.snapshot_id for each in there if each.status == "copying" and _crosses(each)),
        used=sum(1 for each in there if each.is_manual),
        quota=family.quota() if request.family == "aurora" else 0,
        fences=_fences("snapshot copy", snapshot),
        locked=locked_by_others(context, lock_name(name)),
        awaited=_awaited(context, Kind.AWAIT),
    )


def stem(snapshot_id: str) -> str:
    """A snapshot's name without what AWS puts before its own."""
    return snapshot_id.removeprefix("rds:").removeprefix("awsbackup:")


def _is_foreign(snapshot: str, tools: Tools) -> bool:
    """Only an ARN leads to another account."""
    return snapshot.startswith("arn:") and snapshot.split(":")[4] != find_caller(tools.session.sts).account


def _crosses(copy: Snapshot) -> bool:
    """It comes from another Region; one whose origin is not shown counts too."""
    return region_of(copy.copied_from) != copy.arn.split(":")[3]


def _copy_call(request: CopyRequest, snapshot: Snapshot | None, name: str, context: Context[Tools]) -> Call | None:
    if snapshot is None:
        return None
    tools = context.tools
    destination = request.to_region or home_of(request, tools)
    tags = made_tags(
        run_id=context.run_id,
        source=snapshot.arn,
        owner=request.owner,
        purpose="snapshot copy",
        expires=request.expires,
        more=request.tags,
    )
    place = "" if destination == tools.session.region else destination
    family = open_family(tools, request.family)
    return family.copy_call(snapshot, name, region=place, key=request.key, tags=tags)


def _key(tools: Tools, given: str, region: str) -> kms.Key | None:
    """What KMS says of a key of a Region; one of another Region, or of AWS's own, is not asked for."""
    if not given or given.startswith(AWS_ALIAS) or region_of(given) not in {"", region}:
        return None
    return kms.find_key(tools.session_in(region).client("kms"), given)


def _fences(verb: str, snapshot: Snapshot | None) -> tuple[str, ...]:
    return boundary_reasons(verb, snapshot.snapshot_id, snapshot.tags) if snapshot is not None else ()


def observe_share(request: ShareRequest, context: Context[Tools]) -> ShareSeen:
    """Look at the snapshot, whom it is shared with, and whom its key lets in."""
    return _observe_sharing("snapshot share", request, context)


def observe_unshare(request: ShareRequest, context: Context[Tools]) -> ShareSeen:
    """Look at the snapshot and whom it is shared with."""
    return _observe_sharing("snapshot unshare", request, context)


def _observe_sharing(verb: str, request: ShareRequest, context: Context[Tools]) -> ShareSeen:
    tools = context.tools
    account = find_caller(tools.session.sts).account
    locked = locked_by_others(context, lock_name(request.snapshot_id))
    family = open_family(tools, request.family)
    if not isinstance(family, AuroraFamily):
        return ShareSeen(account=account, locked=locked)
    snapshot = family.look(request.snapshot_id)
    if snapshot is not None:
        (snapshot,) = family.with_sharing((snapshot,))
    giving = verb == "snapshot share"
    if snapshot is not None and giving:
        (snapshot,) = family.with_keys((snapshot,))
    return ShareSeen(
        account=account,
        snapshot=snapshot,
        keyless=_keyless(tools, request, snapshot) if snapshot is not None and giving else {},
        call=_share_call(family, request, snapshot, giving=giving) if snapshot is not None else None,
        fences=_fences(verb, snapshot),
        locked=locked,
    )


def _share_call(family: AuroraFamily, request: ShareRequest, snapshot: Snapshot, *, giving: bool) -> Call | None:
    shared = snapshot.shared_with or ()
    accounts = missing_accounts(request, shared) if giving else leaving_accounts(request, shared)
    if not accounts:
        return None
    return family.share_call(snapshot, add=accounts if giving else (), remove=() if giving else accounts)


def _keyless(tools: Tools, request: ShareRequest, snapshot: Snapshot) -> Mapping[str, tuple[str, ...]]:
    """Accounts that may not use the key; those that have the snapshot already are not asked about."""
    wanted = missing_accounts(request, snapshot.shared_with or ())
    if not snapshot.key or snapshot.default_key or not wanted:
        return {}
    client = tools.session.client("kms")
    policy, grants = kms.read_policy(client, snapshot.key), kms.list_grants(client, snapshot.key)
    lacking = {each: judge_key(policy, grants, each, tools.session.region).missing for each in wanted}
    return {account: missing for account, missing in lacking.items() if missing}


def task_of(request: ExportRequest, run_id: str) -> str:
    """What a run calls its export: serverless caches take no name but the snapshot's."""
    if request.family == "serverless":
        return request.snapshot_id
    longest = LONGEST_TASK if request.family == "aurora" else LONGEST
    return made_name(stem(request.snapshot_id), run_id, longest)


def observe_export(request: ExportRequest, context: Context[Tools]) -> ExportSeen:
    """Look at the snapshot, at where it is to go, and at the exports there are."""
    tools = context.tools
    task_id = task_of(request, context.run_id)
    snapshot = find_tagged(tools, request.family, request.snapshot_id)
    seen = ExportSeen(
        task_id=task_id,
        region=tools.session.region,
        snapshot=snapshot,
        fences=_fences("snapshot export", snapshot),
        locked=locked_by_others(context, lock_name(request.snapshot_id)),
        awaited=_awaited(context, Kind.AWAIT_EXPORT),
    )
    return _see_task(request, seen, tools) if request.family == "aurora" else _see_files(request, seen, tools)


def _see_task(request: ExportRequest, seen: ExportSeen, tools: Tools) -> ExportSeen:
    """What RDS needs for its Parquet: a role, a key, a bucket of the Region."""
    session = tools.session
    return replace(
        seen,
        task=exports.find_task(session.rds, seen.task_id),
        running=exports.list_running(session.rds),
        trusted=exports.find_trusted(session.client("iam"), request.role) if request.role else None,
        bucket_region=exports.find_bucket_region(session.client("s3"), request.bucket),
        key=_key(tools, request.key, seen.region),
        call=_export_call(request, seen.snapshot, seen.task_id) if seen.snapshot is not None else None,
    )


def _export_call(request: ExportRequest, snapshot: Snapshot, task_id: str) -> Call:
    return Call(
        service="rds",
        operation="StartExportTask",
        parameters={
            "ExportTaskIdentifier": task_id,
            "SourceArn": snapshot.arn,
            "S3BucketName": request.bucket,
            **({"S3Prefix": request.prefix} if request.prefix else {}),
            "IamRoleArn": request.role,
            "KmsKeyId": request.key,
            **({"ExportOnly": list(request.only)} if request.only else {}),
        },
    )


def _see_files(request: ExportRequest, seen: ExportSeen, tools: Tools) -> ExportSeen:
    """What ElastiCache needs for its files: a bucket that lets it in."""
    snapshot, family = seen.snapshot, cast("BucketExport", open_family(tools, request.family))
    if snapshot is None:
        return seen
    return replace(
        seen,
        denied=family.export_reasons(snapshot, request.bucket),
        written=snapshot.status == "available" and family.is_exported(snapshot, seen.task_id, request.bucket),
        call=family.export_call(snapshot, seen.task_id, request.bucket),
    )
