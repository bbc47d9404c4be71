"""What AWS shows of the source, its backups, the copy and the last proof. Changes nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from estate.names import verified_parameter
from runbooks.aws.sts import ACTIONS as STS_ACTIONS
from runbooks.aws.sts import find_caller
from runbooks.birth.observe import BIRTH_READS, look_around, see_copy
from runbooks.engine.run import Context
from runbooks.parity.observe import look
from runbooks.parity.portrait import Portrait
from runbooks.quarantine import observe as quarantine
from runbooks.snapshot.families import open_family
from runbooks.snapshot.seen import Snapshot
from runbooks.tools import Tools, locked_by_others
from runbooks.verification.plan import GOING
from runbooks.verification.proof import Proof, parse_proof
from runbooks.verification.request import VerifyRequest, copy_id
from runbooks.verification.seen import Observed
from runbooks.verification.wish import quarantine_of, wish_of

READS: Final = (
    *BIRTH_READS,
    *quarantine.READS,
    *STS_ACTIONS["find_caller"],
    "rds:DescribeDBClusterSnapshots",
)
RESTORED: Final = frozenset({"manual", "automated"})


def lock_of(cluster_id: str) -> str:
    """One verification of a cluster at a time; the cluster's own lock stays free."""
    return f"{cluster_id}-verify"


def observe(request: VerifyRequest, context: Context[Tools], *, wait: bool = True) -> Observed:
    """Look at the source, the newest backup, the copy as far as it is there, and the locks.

    `wait`: what an earlier sitting asked for is waited for, as `see_copy` does.
    """
    tools = context.tools
    proof = find_proof(tools, request.cluster_id)
    seen = Observed(
        run_id=context.run_id,
        account=find_caller(tools.session.sts).account,
        source=look(tools, request.cluster_id),
        snapshot=newest(tools, request.cluster_id) if request.backup == "snapshot" else None,
        proof=proof,
        locked=locked_by_others(context, request.cluster_id, lock_of(request.cluster_id)),
    )
    seen = replace(seen, copy=_copy(request, context, wait=wait and not seen.is_recorded))
    return seen if seen.source is None else _closer(request, tools, seen, seen.source)


def _copy(request: VerifyRequest, context: Context[Tools], *, wait: bool) -> Portrait | None:
    """The copy; one that is on its way out is not waited for."""
    target = copy_id(request.cluster_id, context.run_id)
    found = look(context.tools, target)
    if found is None or not wait or _is_going(found):
        return found
    return see_copy(context, target)


def _is_going(copy: Portrait) -> bool:
    return GOING in {copy.status, *(str(each["DBInstanceStatus"]) for each in copy.instances)}


def _closer(request: VerifyRequest, tools: Tools, seen: Observed, source: Portrait) -> Observed:
    """With what can be looked at only when there is a source."""
    kept = quarantine_of(request, seen, source, "")
    seen = replace(seen, quarantine=kept, closing=quarantine.observe_quarantine(tools, kept, None))
    around = look_around(tools, wish_of(request, seen), source)
    vpc_id = around.place.vpc_id if around.place is not None else source.vpc_id
    kept = replace(kept, vpc_id=vpc_id)
    cluster = seen.copy.cluster if seen.copy is not None else None
    return replace(seen, around=around, quarantine=kept, closing=quarantine.observe_quarantine(tools, kept, cluster))


def newest(tools: Tools, cluster_id: str) -> Snapshot | None:
    """The newest snapshot of a cluster that can be restored, whoever took it."""
    found = [
        each
        for each in open_family(tools, "aurora").list_snapshots(cluster_id)
        if each.kind in RESTORED and each.status == "available" and each.created_at is not None
    ]
    return max(found, key=lambda each: (each.created_at, each.snapshot_id), default=None)


def find_proof(tools: Tools, cluster_id: str) -> Proof | None:
    """What the last verification found; None when there was none."""
    found = tools.ssm.find_parameter(verified_parameter(cluster_id))
    return None if found is None else parse_proof(found.value)
