"""Which steps of sharing a cluster, or of ending that, are missing, or every reason not to start. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

from estate.names import TAG_PURPOSE, TAG_RUN, TAG_SOURCE
from runbooks.aws.ram import Association, Link
from runbooks.aws.rds import Cluster
from runbooks.boundary import boundary_reasons
from runbooks.engine.plan import Call, PlanRefusedError, Step
from runbooks.sharing.keys import Judgement, statement_for
from runbooks.sharing.request import ShareRequest
from runbooks.tags import is_ours, made_tags

SHARE, UNSHARE, ACCEPT = "cluster share", "cluster unshare", "cluster accept"
MAX_ACCOUNTS: Final = 15
"""Clones in other accounts of a cluster and all its clones together (Aurora User Guide, cross-account cloning)."""


class Kind(StrEnum):
    """The steps."""

    CREATE = "create-share"
    SETTLE = "wait-for-share"
    TAKE_OUT = "take-out-of-share"
    DELETE = "delete-share"


@dataclass(frozen=True, kw_only=True, slots=True)
class KeySeen:
    """The key of an encrypted cluster. `judged` is None for AWS's own key and for one of another account."""

    arn: str
    aws_managed: bool = False
    judged: Judgement | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Observed:
    """What was seen. `family` are the cluster and its clones, `links` the account's shares."""

    run_id: str
    owner: str
    account: str
    arn: str
    cluster: Cluster | None = None
    family: tuple[Cluster, ...] = ()
    links: tuple[Link, ...] = ()
    key: KeySeen | None = None
    locked: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def ours(self) -> Link | None:
        """The share that this run made."""
        return next((each for each in self.links if is_ours(each.share.tags, self.run_id)), None)

    def giving(self, arn: str, account: str) -> tuple[Link, ...]:
        return tuple(each for each in self.links if each.gives(arn, account))


def has_settled(link: Link) -> bool:
    """The resource is in it, and the account is or has been invited: it is ASSOCIATING until it accepts."""
    return (
        bool(link.resources and link.principals)
        and all(each.status == "ASSOCIATED" for each in link.resources)
        and all(each.status == "ASSOCIATED" or is_invited(each) for each in link.principals)
    )


def is_invited(principal: Association) -> bool:
    """An account outside the organization that has not accepted."""
    return principal.external and principal.status == "ASSOCIATING"


def share_blockers(request: ShareRequest, seen: Observed) -> tuple[str, ...]:
    """Reasons not to share, all of them; empty when safe."""
    reasons = list(_account_reasons(request, seen))
    if seen.cluster is None:
        what = "a cluster of this account: one that is shared with it cannot be shared on"
        rule = what if request.cluster_id.startswith("arn:") else "an existing cluster"
        reasons.append(
            f"{request.cluster_id} must be {rule}, got none of that name; see `aws rds describe-db-clusters`"
        )
        return tuple(reasons)
    if seen.ours is None:
        reasons += [*_cluster_reasons(seen.cluster), *_key_reasons(request, seen), *_family_reasons(request, seen)]
    reasons += boundary_reasons(SHARE, seen.cluster.cluster_id, seen.cluster.tags)
    return (*reasons, *_failed(seen), *seen.locked)


def _account_reasons(request: ShareRequest, seen: Observed) -> Iterable[str]:
    if request.account == seen.account:
        yield f"--with must be another account, got this one, {seen.account}; here `runbook clone` needs no share"


def _cluster_reasons(cluster: Cluster) -> Iterable[str]:
    name = cluster.cluster_id
    if cluster.engine_mode == "serverless":
        yield f"{name} must not be Aurora Serverless v1, got engine mode serverless; no other account can clone it"
    if cluster.status != "available":
        yield f"{name} must be available to be shared, got {cluster.status}; run again when it is"
    if not cluster.members:
        yield f"{name} must have an instance to be cloned, got none; create one first"


def _key_reasons(request: ShareRequest, seen: Observed) -> Iterable[str]:
    key = seen.key
    if key is None:
        return
    if key.aws_managed:
        yield (
            f"{request.cluster_id} must be encrypted with a key of your own, got AWS's default key for RDS, which no "
            "other account can use; restore a snapshot of it that was copied with your own key, and share that cluster"
        )
    elif key.judged is not None and key.judged.missing:
        statement = json.dumps(statement_for(request.account, key.arn.split(":")[1]))
        yield (
            f"key {key.arn} must let account {request.account} use it, got no {', '.join(key.judged.missing)}; add to "
            f"its policy, in the stack that owns it: {statement}"
        )


def _family_reasons(request: ShareRequest, seen: Observed) -> Iterable[str]:
    """One clone per account of a source and its clones, 15 in all."""
    for link in seen.giving(seen.arn, request.account):
        yield (
            f"{request.cluster_id} must not be shared with {request.account} yet, got share {link.share.name}; there: "
            f"`runbook cluster accept {seen.arn}`"
        )
    others = {each.arn: each.cluster_id for each in seen.family if each.arn != seen.arn}
    taken = sorted(
        {others[arn] for each in seen.links for arn in each.arns & set(others) if request.account in each.accounts}
    )
    if taken:
        yield (
            f"account {request.account} must clone one of a cluster and its clones only, got {', '.join(taken)} shared "
            "with it, of the same family as this one; unshare that first, if it was not cloned yet"
        )
    family = {seen.arn, *others}
    accounts = {account for each in seen.links if each.arns & family for account in each.accounts} - {request.account}
    if len(accounts) >= MAX_ACCOUNTS:
        yield (
            f"{request.cluster_id} and its clones must be shared with {MAX_ACCOUNTS} accounts at most, got "
            f"{len(accounts)} already; unshare one"
        )


def _failed(seen: Observed) -> Iterable[str]:
    ours = seen.ours
    if ours is None:
        return
    for each in (*ours.resources, *ours.principals):
        if each.status == "FAILED":
            yield (
                f"{each.entity} must be associated with share {ours.share.name}, got FAILED ({each.message}); mend "
                "that, `runbook cluster unshare`, then share again under another run"
            )


def plan_share(request: ShareRequest, seen: Observed) -> tuple[Step[Kind], ...]:
    """Steps still missing.

    Raises:
        PlanRefusedError: with every reason.
    """
    if reasons := share_blockers(request, seen):
        raise PlanRefusedError(reasons)
    ours = seen.ours
    if ours is not None and has_settled(ours):
        return ()
    settle = Step(
        kind=Kind.SETTLE,
        subject=request.cluster_id,
        why=f"until account {request.account} has it, or an invitation to it",
    )
    if ours is not None:
        return (settle,)
    return (_create(request, seen), settle)


def share_name(request: ShareRequest) -> str:
    return f"{request.cluster_id}-to-{request.account}"


def _create(request: ShareRequest, seen: Observed) -> Step[Kind]:
    tags = made_tags(run_id=seen.run_id, source=seen.arn, owner=seen.owner, purpose=SHARE)
    call = Call(
        service="ram",
        operation="CreateResourceShare",
        parameters={
            "name": share_name(request),
            "resourceArns": [seen.arn],
            "principals": [request.account],
            "allowExternalPrincipals": request.outside,
            "tags": [{"key": key, "value": tags[key]} for key in sorted(tags)],
            "clientToken": str(uuid5(NAMESPACE_URL, f"{seen.run_id} {seen.arn} {request.account}")),
        },
    )
    notes = "".join(f"; {each}" for each in key_notes(seen))
    return Step(
        kind=Kind.CREATE,
        subject=share_name(request),
        why=f"lets account {request.account} clone {request.cluster_id}, once, with all its rows{notes}",
        calls=(call,),
    )


def key_notes(seen: Observed) -> tuple[str, ...]:
    """What could not be judged about the key."""
    if seen.key is None:
        return ()
    if seen.key.judged is None and not seen.key.aws_managed:
        return (f"key {seen.key.arn} is another account's: whether its policy lets the account is not seen from here",)
    return seen.key.judged.notes if seen.key.judged is not None else ()


# --- unshare


def is_kits(link: Link, arn: str) -> bool:
    """A share that `cluster share` made for this cluster."""
    tags = link.share.tags
    return TAG_RUN in tags and tags.get(TAG_PURPOSE) == SHARE and tags.get(TAG_SOURCE) == arn


def unshare_blockers(request: ShareRequest, seen: Observed) -> tuple[str, ...]:
    """Reasons not to end the sharing, all of them."""
    reasons = list(_account_reasons(request, seen))
    for link in seen.giving(seen.arn, request.account):
        if not is_kits(link, seen.arn):
            reasons.append(
                f"share {link.share.name} must be made by `runbook cluster share` to be ended here, got one that was "
                f"not; who made it ends it: {link.share.arn}"
            )
        elif len(link.arns) > 1 and len(link.accounts) > 1:
            reasons.append(
                f"share {link.share.name} must be as it was made, got {len(link.arns)} clusters for "
                f"{len(link.accounts)} accounts in it; take out what was put in by hand, then run again"
            )
    reasons += boundary_reasons(UNSHARE, request.cluster_id, seen.tags)
    return (*reasons, *seen.locked)


def plan_unshare(request: ShareRequest, seen: Observed) -> tuple[Step[Kind], ...]:
    """Steps still missing; none where nothing is shared with the account.

    Raises:
        PlanRefusedError: with every reason.
    """
    if reasons := unshare_blockers(request, seen):
        raise PlanRefusedError(reasons)
    return tuple(_end(request, seen, link) for link in seen.giving(seen.arn, request.account))


def _end(request: ShareRequest, seen: Observed, link: Link) -> Step[Kind]:
    """The whole share, or what of it is ours where somebody has put more in."""
    if link.arns == frozenset({seen.arn}) and link.accounts == frozenset({request.account}):
        parameters: dict[str, Any] = {"resourceShareArn": link.share.arn}
        why = f"account {request.account} can no longer clone it; a clone that it has made stays"
        return _step(Kind.DELETE, link, why, "DeleteResourceShare", parameters)
    ours = {"principals": [request.account]} if len(link.arns) == 1 else {"resourceArns": [seen.arn]}
    why = "somebody has put more in: that stays; a clone that was made stays as well"
    parameters = {"resourceShareArn": link.share.arn, **ours}
    return _step(Kind.TAKE_OUT, link, why, "DisassociateResourceShare", parameters)


def _step(kind: Kind, link: Link, why: str, operation: str, parameters: dict[str, Any]) -> Step[Kind]:
    call = Call(service="ram", operation=operation, parameters=parameters)
    return Step(kind=kind, subject=link.share.name, why=why, calls=(call,))
