"""What the clone is to be: the wish that its birth is planned from, and its quarantine. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from estate.engines import MYSQL, POSTGRESQL
from estate.names import TAG_EXPIRES, TAG_MASKED, TAG_QUARANTINE
from runbooks.birth.wish import InstanceWish, Wish
from runbooks.clone.request import CloneRequest
from runbooks.clone.seen import Observed
from runbooks.engine.plan import Call
from runbooks.masking.plan import MaskTarget, done_masks, is_masked
from runbooks.parity.mapping import renamed
from runbooks.parity.portrait import Portrait, Raw
from runbooks.quarantine.plan import closed_group
from runbooks.quarantine.seen import Quarantine, QuarantineSeen
from runbooks.tags import is_ours, made_tags

PURPOSE: Final = "clone"
# A clone is made to be thrown away, and never to be reached from the internet.
DIFFERENT: Final[Mapping[str, Any]] = {"DeletionProtection": False, "PubliclyAccessible": False}
NO_PASSWORD: Final[Mapping[str, Any]] = {"ManageMasterUserPassword": False, "MasterUserSecretKmsKeyId": ""}
PORTS: Final = {POSTGRESQL: 5432, MYSQL: 3306}  # a clone's, where the source's is not shown
_PROGRESS: Final = (TAG_QUARANTINE, TAG_MASKED)


def clone_arn(source: Portrait, account: str, target: str) -> str:
    """ARN of the clone, known before it is there: of the source's Region, in the caller's account."""
    partition, service, region = source.arn.split(":")[1:4]
    return f"arn:{partition}:{service}:{region}:{account}:cluster:{target}"


def tags_of(request: CloneRequest, source: Portrait, run_id: str, copy: Portrait | None) -> dict[str, str]:
    """The whole list of tags of all that is made. An expiry that the clone has already stays: it was given first."""
    ours = copy is not None and is_ours(copy.tags, run_id)
    expires = copy.tags.get(TAG_EXPIRES, "") if copy is not None and ours else ""
    return made_tags(
        run_id=run_id,
        source=source.arn,
        owner=request.owner,
        purpose=PURPOSE,
        expires=expires or request.expires,
        more=request.tags,
    )


def quarantine_of(request: CloneRequest, seen: Observed, source: Portrait, vpc_id: str) -> Quarantine:
    """How it is kept closed, and what it is opened with."""
    own_groups = tuple(sorted(each["VpcSecurityGroupId"] for each in source.cluster.get("VpcSecurityGroups", [])))
    secret = source.cluster.get("MasterUserSecret", {}).get("SecretArn", "")
    return Quarantine(
        target_id=request.target,
        arn=clone_arn(source, seen.account, request.target),
        engine=str(source.cluster["Engine"]),
        port=int(source.cluster.get("Port") or PORTS.get(str(source.cluster["Engine"]), 0)),
        vpc_id=vpc_id,
        tags=tags_of(request, source, seen.run_id, seen.copy),
        master="iam" if request.iam_master else "managed" if secret else "own",
        master_username=str(source.cluster.get("MasterUsername", "")),
        source_secret=secret,
        reach_from=request.reach_from,
        rotate_roles=request.rotates_users,
        open_groups=(request.security_groups or own_groups) if request.opens else (),
    )


def wish_of(request: CloneRequest, seen: Observed) -> Wish:
    """What the new cluster is to be; its security group is the quarantine's until it is open."""
    source, quarantine, closing = seen.source, seen.quarantine, seen.closing
    assert source is not None  # noqa: S101 - blockers otherwise
    assert quarantine is not None  # noqa: S101 - the same
    assert closing is not None  # noqa: S101 - the same
    progress = {name: closing.tags[name] for name in _PROGRESS if name in closing.tags}
    return Wish(
        target_id=request.target,
        run_id=seen.run_id,
        tags={**quarantine.tags, **progress},
        instances=instances_of(request, source),
        security_groups=(
            quarantine.open_groups
            if may_be_open(request, quarantine, closing)
            else (closed_group(quarantine, closing),)
        ),
        subnet_group=request.subnet_group,
        parameter_group=request.parameter_group,
        settings={
            **DIFFERENT,
            **({"KmsKeyId": request.key} if request.key else {}),
            **(NO_PASSWORD if request.iam_master else {}),
        },
        account=seen.account if seen.is_shared else "",
    )


def may_be_open(request: CloneRequest, quarantine: Quarantine, closing: QuarantineSeen) -> bool:
    """Whether it may be in the groups that it is opened with: this run opened it, or is about to say so.

    Who put it there before its passwords were changed and it was masked is not followed: it is moved back.
    """
    if quarantine.stays_closed:
        return False
    done = is_masked(request.mask, mask_target(quarantine), done_masks(closing.tags))
    is_there = sorted(closing.groups) == sorted(quarantine.open_groups)
    return closing.has_reached("open") or (is_there and done and closing.has_reached("rotated"))


def instances_of(request: CloneRequest, source: Portrait) -> tuple[InstanceWish, ...]:
    """The clone's instances: as many as asked for, or one for each of the source's."""
    if request.like_source:
        return tuple(
            InstanceWish(
                instance_id=renamed(str(each["DBInstanceIdentifier"]), source.cluster_id, request.target),
                instance_class=request.instance_class or str(each["DBInstanceClass"]),
                promotion_tier=int(each.get("PromotionTier", 1)),
                parameter_group=_parameter_group(each),
            )
            for each in source.instances
        )
    return tuple(
        InstanceWish(
            instance_id=f"{request.target}-{number}",
            instance_class=request.instance_class,
            promotion_tier=min(number, 2) - 1,  # the first is to be the writer, whoever of the others is left
        )
        for number in range(1, request.instances + 1)
    )


def _parameter_group(instance: Raw) -> str:
    groups: list[Raw] = instance.get("DBParameterGroups", [])
    return str(groups[0]["DBParameterGroupName"]) if groups else ""


def origin_of(request: CloneRequest, source: Portrait, *, shared: bool) -> Call:
    """The call that brings the data; the birth adds the rest. `EngineMode` is never given: it stays the source's."""
    return Call(
        service="rds",
        operation="RestoreDBClusterToPointInTime",
        parameters={
            "DBClusterIdentifier": request.target,
            "SourceDBClusterIdentifier": source.arn if shared else source.cluster_id,
            "RestoreType": request.restore_type,
            "UseLatestRestorableTime": True,
        },
    )


def mask_target(quarantine: Quarantine) -> MaskTarget:
    """What is masked."""
    return MaskTarget(cluster_id=quarantine.target_id, arn=quarantine.arn, engine=quarantine.engine)
