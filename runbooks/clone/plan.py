"""Which steps a clone still needs, or every reason not to begin. Pure.

Closed, born, passwords changed, masked, looked through, opened: in that order, so that a run that ends anywhere leaves
a clone that nobody reaches.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Final

from estate.names import TAG_REPLACES
from runbooks.birth.plan import BirthKind, birth_blockers, plan_birth
from runbooks.birth.refusals import identifier_reason
from runbooks.boundary import boundary_reasons
from runbooks.clone.request import CloneRequest
from runbooks.clone.seen import SLOTS, Observed
from runbooks.clone.wish import mask_target, origin_of, wish_of
from runbooks.engine.plan import PlanRefusedError, Step
from runbooks.masking.plan import done_masks, is_masked, masking_blockers, plan_masking
from runbooks.parity.portrait import Portrait
from runbooks.quarantine.plan import (
    QuarantineKind,
    plan_closing,
    plan_opening,
    plan_rotation,
    quarantine_blockers,
)
from runbooks.tags import is_ours, taken_by

AVAILABLE: Final = "available"
VERB: Final = "clone"
NAMED: Final = 3
KITS_TAGS: Final = "aurora-estate:"
GROUPS: Final = "VpcSecurityGroupIds"


def blockers(request: CloneRequest, seen: Observed) -> tuple[str, ...]:
    """Reasons not to start, all of them; empty when safe."""
    source = seen.source
    if source is None:
        where = f" in {request.region}" if request.region else ""
        missing = f"cluster {request.source} must exist{where}, got none; see `aws rds describe-db-clusters`"
        return tuple(dict.fromkeys((missing, *_without_source(request, seen))))
    if source.cluster_id == request.target and not seen.is_shared:
        return (f"the clone must have a name of its own, got its source's, {request.target}; choose another by --as",)
    reasons = (
        *(_shared_reasons(request, seen, source) if seen.is_shared else _own_reasons(request, seen, source)),
        *_asked_reasons(request, seen),
        *birth_blockers(wish_of(request, seen), source, seen.copy, seen.around.place, seen.around.taken),
        *_quarantine_reasons(request, seen),
        *boundary_reasons(VERB, source.cluster_id, source.tags, allowed=()),
        *boundary_reasons(VERB, request.target, {} if seen.copy is None else seen.copy.tags),
        *seen.locked,
    )
    return tuple(dict.fromkeys(reasons))


def _without_source(request: CloneRequest, seen: Observed) -> Iterable[str]:
    """What is wrong besides, as far as it shows without a source."""
    if reason := identifier_reason(request.target, "the new cluster's identifier"):
        yield reason
    if seen.copy is not None and not is_ours(seen.copy.tags, seen.run_id):
        yield taken_by(seen.copy.tags, request.target)
    yield from _asked_reasons(request, seen)
    yield from seen.mask_problems
    yield from boundary_reasons(VERB, request.target, {} if seen.copy is None else seen.copy.tags)
    yield from seen.locked


def _own_reasons(request: CloneRequest, seen: Observed, source: Portrait) -> Iterable[str]:
    """What holds when the source is this account's."""
    raw = source.cluster
    name = source.cluster_id
    if request.key:
        yield f"--key must not be given for a cluster of this account, got {request.key}; a clone keeps its source's"
    if source.status != AVAILABLE:
        yield f"{name} must be available to be cloned, got {source.status}; wait until it is"
    if not raw.get("DBClusterMembers"):
        yield f"{name} must have an instance to be cloned, got none; create one, or restore a snapshot of it"
    if raw.get("LatestRestorableTime") is None:
        yield f"{name} must have a latest restorable time, got none; wait until its first backup is taken"
    if request.opens and not request.security_groups and not raw.get("VpcSecurityGroups"):
        yield f"{name} must have security groups to open the clone with, got none; give some by --security-group"
    yield from _slot_reasons(request, seen, source)


def _slot_reasons(request: CloneRequest, seen: Observed, source: Portrait) -> Iterable[str]:
    if request.full_copy or seen.copy is not None:
        return
    if len(seen.members) >= SLOTS:
        yield (
            f"{source.cluster_id} must have a slot left of its {SLOTS} copy-on-write clones, got {len(seen.members)} "
            f"other clusters in its clone group ({_named(seen)}); the next one would be a full copy, which takes hours "
            "and costs the whole volume: delete one, or ask for it by --full-copy"
        )


def _named(seen: Observed) -> str:
    names = sorted(member.cluster_id for member in seen.members)
    more = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (f" and {more} more" if more > 0 else "")


def _shared_reasons(request: CloneRequest, seen: Observed, source: Portrait) -> Iterable[str]:
    """What holds when the source is another account's (facts C4)."""
    owner = source.arn.split(":")[4]
    if not request.instance_class:
        yield f"{request.target} must have an instance class, got none: {owner} does not show its; give it by --class"
    if request.like_source:
        yield f"--like-source must not be given for a cluster of {owner}: its instances are not shown; use --instances"
    if not request.subnet_group:
        yield f"{request.target} must have a subnet group of this account, got none; give it by --subnet-group"
    if request.opens and not request.security_groups:
        yield f"{request.target} must have security groups of this account, got none; give them by --security-group"
    if request.full_copy:
        yield f"--full-copy must not be given for a cluster of {owner}: a shared one can be cloned, not copied"
    if seen.members and seen.copy is None:
        yield (
            f"{source.cluster_id} must have no other clone in account {seen.account}, got {_named(seen)}: there is one "
            "per account; delete it, or clone that one"
        )
    yield from _key_reasons(seen, source, owner)


def _key_reasons(seen: Observed, source: Portrait, owner: str) -> Iterable[str]:
    """An encrypted one takes a key of its owner's, or of one's own; default keys do not leave their account."""
    key = seen.key
    if key is None:
        if source.cluster.get("StorageEncrypted"):
            yield f"the clone of {owner}'s encrypted {source.cluster_id} must have a key, got none; give it by --key"
    elif key.refused or key.aws_managed:
        what = "AWS's own key of RDS" if key.aws_managed else key.refused
        yield (
            f"key {key.arn} must be one that account {seen.account} may use, got {what}; `runbook cluster share` says "
            "how its owner lets it; AWS's own cannot be shared"
        )
    elif not key.enabled:
        yield f"key {key.arn} must be enabled, got one that is not; its owner enables it"


def _asked_reasons(request: CloneRequest, seen: Observed) -> Iterable[str]:
    if seen.parameter_group == "":
        yield (
            f"cluster parameter group {request.parameter_group} must exist, got none; "
            "`aws rds describe-db-cluster-parameter-groups` lists them"
        )
    if seen.copy is None and any(name.startswith("aws:") for name in request.tags):
        yield "tags must not begin with aws:, which are AWS's own; choose another key"
    if kits := sorted(name for name in request.tags if name.startswith(KITS_TAGS) and name != TAG_REPLACES):
        yield f"tags must not begin with {KITS_TAGS}, which runbooks go by, got {', '.join(kits)}; choose another key"


def _quarantine_reasons(request: CloneRequest, seen: Observed) -> Iterable[str]:
    quarantine, closing = seen.quarantine, seen.closing
    if quarantine is None or closing is None:
        return
    yield from quarantine_blockers(quarantine, closing)
    if request.iam_master and seen.source is not None and not _by_iam(seen.source):
        yield (
            f"{seen.source.cluster_id} must have IAM database authentication for a master user that logs in with it, "
            "got none; leave --iam-master out: its password is changed"
        )
    if closing.has_reached("open") and (quarantine.stays_closed or not is_done_with_masks(request, seen)):
        yield (
            f"{request.target} must still be closed for what is asked, got one that this run has opened already; use "
            "another name, or the arguments that the run began with"
        )
    if request.mask.wanted:
        yield from masking_blockers(request.mask, mask_target(quarantine), seen.mask_problems)


def _by_iam(source: Portrait) -> bool:
    return source.partial or bool(source.cluster.get("IAMDatabaseAuthenticationEnabled"))


def plan_clone(request: CloneRequest, seen: Observed) -> tuple[Step[Any], ...]:
    """Steps still missing.

    Raises:
        PlanRefusedError: with every reason.
    """
    if reasons := blockers(request, seen):
        raise PlanRefusedError(reasons)
    source, quarantine, closing = seen.source, seen.quarantine, seen.closing
    assert source is not None  # noqa: S101 - a blocker otherwise
    assert quarantine is not None  # noqa: S101 - seen with the source
    assert closing is not None  # noqa: S101 - the same
    masks = plan_masking(request.mask, mask_target(quarantine), done_masks(closing.tags))
    rotation = plan_rotation(quarantine, closing, sql=bool(masks))
    reached = any(step.kind is QuarantineKind.REACH for step in rotation)
    birth = _birth(request, seen, source)
    reclosed = any(step.kind is BirthKind.MODIFY and GROUPS in call.parameters for step in birth for call in step.calls)
    return (
        *plan_closing(quarantine, closing),
        *(_said(step, request, seen) for step in birth),
        *rotation,
        *masks,
        *plan_opening(quarantine, closing, reached=reached, reclosed=reclosed),
    )


def _birth(request: CloneRequest, seen: Observed, source: Portrait) -> tuple[Step[Any], ...]:
    origin = origin_of(request, source, shared=seen.is_shared)
    return plan_birth(wish_of(request, seen), origin, source, seen.copy)


def _said(step: Step[Any], request: CloneRequest, seen: Observed) -> Step[Any]:
    """With the slots counted where the data comes, and no instance within reach of the internet."""
    if step.kind is BirthKind.RESTORE and step.calls:
        return replace(step, why=slots_said(request, seen))
    if step.kind is BirthKind.INSTANCE:
        calls = (replace(call, parameters={**call.parameters, "PubliclyAccessible": False}) for call in step.calls)
        return replace(step, calls=tuple(calls))
    return step


def slots_said(request: CloneRequest, seen: Observed) -> str:
    """How many of the source's slots are taken: an upper bound, since full copies are in the clone group as well."""
    if seen.is_shared:
        return "copy-on-write, of another account's volume: one clone per account; how many there are is not shown"
    if request.full_copy:
        return "a full copy, as asked: it takes as long as the volume is large, and is paid for as a whole"
    taken = len(seen.members)
    return (
        f"copy-on-write: {taken} of {SLOTS} copy-on-write clones are taken at most, this is number {taken + 1}; after "
        "the last one AWS would make a full copy and not say so"
    )


def is_done_with_masks(request: CloneRequest, seen: Observed) -> bool:
    """Every mask and leak check is behind it, or none was asked for."""
    quarantine, closing = seen.quarantine, seen.closing
    if quarantine is None or closing is None:
        return False
    return is_masked(request.mask, mask_target(quarantine), done_masks(closing.tags))
