"""What the copy is to be, and the call that brings its data. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from estate.names import TAG_EXPIRES, TAG_QUARANTINE, TAG_SOURCE
from runbooks.birth.wish import InstanceWish, Wish
from runbooks.engine.plan import Call
from runbooks.parity.portrait import Portrait
from runbooks.parity.settings import POINT_IN_TIME, SNAPSHOT, UNKNOWN
from runbooks.quarantine.plan import closed_group
from runbooks.quarantine.seen import Quarantine
from runbooks.tags import is_ours, made_tags
from runbooks.verification.request import INSTANCE, VerifyRequest, copy_id
from runbooks.verification.seen import Observed

VERB: Final = "restore verify"
FULL_COPY: Final = "full-copy"  # a copy-on-write clone would prove nothing of the backups
IAM: Final = "iam-db-auth"
# Made to be thrown away within the hour, and never to be reached from the internet.
DIFFERENT: Final[Mapping[str, Any]] = {
    "DeletionProtection": False,
    "PubliclyAccessible": False,
    "PreferredMaintenanceWindow": UNKNOWN,  # no matter for an hour
}


def target_of(request: VerifyRequest, seen: Observed) -> str:
    """What the copy is called."""
    return copy_id(request.cluster_id, seen.run_id)


def model_of(seen: Observed, source: Portrait) -> Portrait:
    """The source, with what the backup has otherwise; a full copy may lie in other zones."""
    told = {"EngineVersion": seen.snapshot.engine_version} if seen.snapshot is not None else {}
    cluster = {name: value for name, value in {**source.cluster, **told}.items() if name != "AvailabilityZones"}
    return replace(source, cluster=cluster, zones=())


def tags_of(request: VerifyRequest, seen: Observed, source: Portrait) -> dict[str, str]:
    """The whole list of tags of all that is made. What the copy has from an earlier sitting stays."""
    kept = seen.copy.tags if seen.copy is not None and is_ours(seen.copy.tags, seen.run_id) else {}
    backup = seen.snapshot.arn if seen.snapshot is not None else source.arn
    return made_tags(
        run_id=seen.run_id,
        source=kept.get(TAG_SOURCE, "") or backup,
        owner=request.owner,
        purpose=VERB,
        expires=kept.get(TAG_EXPIRES, "") or request.expires,
    )


def quarantine_of(request: VerifyRequest, seen: Observed, source: Portrait, vpc_id: str) -> Quarantine:
    """How it is kept closed: it is never opened, and only SQL of this run gets in."""
    partition, service, region = source.arn.split(":")[1:4]
    secret = source.cluster.get("MasterUserSecret", {}).get("SecretArn", "")
    by_iam = source.cluster.get("MasterUserAuthenticationType") == IAM
    return Quarantine(
        target_id=target_of(request, seen),
        arn=f"arn:{partition}:{service}:{region}:{seen.account}:cluster:{target_of(request, seen)}",
        engine=str(source.cluster["Engine"]),
        port=int(source.cluster.get("Port", 0)),
        vpc_id=vpc_id,
        tags=tags_of(request, seen, source),
        master="iam" if by_iam else "managed" if secret else "own",
        master_username=str(source.cluster.get("MasterUsername", "")),
        source_secret=secret,
        reach_from=request.reach_from if request.queries else "",
    )


def wish_of(request: VerifyRequest, seen: Observed) -> Wish:
    """One small instance, in a security group that lets nobody in."""
    quarantine, closing = seen.quarantine, seen.closing
    assert quarantine is not None  # noqa: S101 - blockers otherwise
    assert closing is not None  # noqa: S101 - the same
    progress = {name: value for name, value in closing.tags.items() if name == TAG_QUARANTINE}
    return Wish(
        target_id=quarantine.target_id,
        run_id=seen.run_id,
        tags={**quarantine.tags, **progress},
        instances=(
            InstanceWish(
                instance_id=f"{quarantine.target_id}{INSTANCE}",
                instance_class=request.instance_class,
                promotion_tier=0,
            ),
        ),
        security_groups=(closed_group(quarantine, closing),),
        subnet_group=request.subnet_group,
        settings=dict(DIFFERENT),
        endpoints=False,
        scaling=False,
    )


def origin_of(request: VerifyRequest, seen: Observed, source: Portrait) -> Call:
    """The call that brings the data from the backup; the birth adds the rest."""
    target = {"DBClusterIdentifier": target_of(request, seen)}
    if request.backup == "snapshot":
        snapshot = seen.snapshot.arn if seen.snapshot is not None else ""
        parameters = {**target, "SnapshotIdentifier": snapshot, "Engine": str(source.cluster["Engine"])}
        return Call(service="rds", operation=SNAPSHOT, parameters=parameters)
    return Call(
        service="rds",
        operation=POINT_IN_TIME,
        parameters={
            **target,
            "SourceDBClusterIdentifier": source.cluster_id,
            "RestoreType": FULL_COPY,
            "UseLatestRestorableTime": True,
        },
    )
