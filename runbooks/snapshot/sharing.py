"""What of sharing a snapshot, or of ending that, is missing, or every reason not to start. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from runbooks.engine.plan import Call, PlanRefusedError, Step
from runbooks.snapshot.kinds import Kind
from runbooks.snapshot.request import ShareRequest
from runbooks.snapshot.seen import Snapshot

MOST: Final = 20  # accounts that a snapshot may be shared with (Aurora User Guide, "Sharing a DB cluster snapshot")
PUBLIC: Final = "all"
ACCOUNT_LENGTH: Final = 12


@dataclass(frozen=True, kw_only=True, slots=True)
class ShareSeen:
    """What was seen. `account` is the caller's own; `keyless` has what accounts lack that may not use the key.

    `call` shares with, or takes away from, those accounts that are missing.
    """

    account: str
    snapshot: Snapshot | None = None
    keyless: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    call: Call | None = None
    fences: tuple[str, ...] = ()
    locked: tuple[str, ...] = ()

    @property
    def shared_with(self) -> tuple[str, ...]:
        return (self.snapshot.shared_with or ()) if self.snapshot is not None else ()


def missing_accounts(request: ShareRequest, shared_with: tuple[str, ...]) -> tuple[str, ...]:
    """Those that still have to be let in."""
    return tuple(account for account in request.accounts if account not in shared_with)


def leaving_accounts(request: ShareRequest, shared_with: tuple[str, ...]) -> tuple[str, ...]:
    """Those that still have to be shut out."""
    return tuple(account for account in request.accounts if account in shared_with)


def share_blockers(request: ShareRequest, seen: ShareSeen) -> tuple[str, ...]:
    """Reasons not to share, all of them; empty when safe."""
    return (
        *_account_reasons(request, seen),
        *_snapshot_reasons(request, seen.snapshot),
        *(_key_reasons(seen, seen.snapshot) if seen.snapshot is not None else ()),
        *seen.fences,
        *seen.locked,
    )


def unshare_blockers(request: ShareRequest, seen: ShareSeen) -> tuple[str, ...]:
    """Reasons not to end sharing, all of them; `all` may be taken away, though never given."""
    return (
        *(_wrong_account(each) for each in request.accounts if each != PUBLIC and not is_account(each)),
        *_snapshot_reasons(request, seen.snapshot),
        *seen.fences,
        *seen.locked,
    )


def is_account(text: str) -> bool:
    return len(text) == ACCOUNT_LENGTH and text.isascii() and text.isdigit()


def _wrong_account(text: str) -> str:
    return f"an account must be {ACCOUNT_LENGTH} digits, got {text!r}; see `aws sts get-caller-identity` there"


def _account_reasons(request: ShareRequest, seen: ShareSeen) -> Iterator[str]:
    for account in request.accounts:
        if account == PUBLIC:
            yield (
                "accounts must be named one by one, got all: a public snapshot is everybody's, and no runbook makes "
                "one; name the accounts"
            )
        elif not is_account(account):
            yield _wrong_account(account)
        elif account == seen.account:
            yield f"accounts must be others than this one, got {account}; it has the snapshot already"
    if PUBLIC in seen.shared_with:
        yield (
            f"{request.snapshot_id} must not be public, got shared with all; first `runbook snapshot unshare "
            f"{request.snapshot_id} all`"
        )
    wanted = {*request.accounts, *seen.shared_with}
    if len(wanted) > MOST:
        yield (
            f"a snapshot must be shared with {MOST} accounts at most, got {len(wanted)} with those that have it; "
            "unshare it from some, or share another copy"
        )


def _snapshot_reasons(request: ShareRequest, snapshot: Snapshot | None) -> Iterator[str]:
    name = request.snapshot_id
    if request.family != "aurora":
        yield (
            f"a snapshot that is shared must be an Aurora cluster's, got a {request.family} one: ElastiCache shares "
            "none; export it to a bucket that the other account can read (`runbook snapshot export`)"
        )
        return
    if snapshot is None:
        yield f"snapshot {name} must exist in this account and Region, got none; see `runbook snapshot list`"
        return
    if not snapshot.is_manual:
        yield (
            f"{name} must be a manual snapshot, got an {snapshot.kind} one, which cannot be shared; copy it first: "
            f"`runbook snapshot copy {name} --as NAME`, then share the copy"
        )
    if snapshot.status != "available":
        yield f"{name} must be available, got {snapshot.status}; wait until it is, then run again"


def _key_reasons(seen: ShareSeen, snapshot: Snapshot) -> Iterator[str]:
    name = snapshot.snapshot_id
    if snapshot.default_key:
        yield (
            f"{name} must be encrypted with a key of your own, got AWS's default key, which no other account can use; "
            f"copy it under another one: `runbook snapshot copy {name} --as NAME --key KEY`, then share the copy"
        )
        return
    for account, missing in seen.keyless.items():
        yield (
            f"the key of {name} must let account {account} use it, got no {', '.join(missing)}; add them to the policy "
            f"of {snapshot.key}, as docs/runbooks/snapshot.md has it"
        )


def plan_share(request: ShareRequest, seen: ShareSeen) -> tuple[Step[Kind], ...]:
    """Steps still missing.

    Raises:
        PlanRefusedError: with every reason.
    """
    if reasons := share_blockers(request, seen):
        raise PlanRefusedError(reasons)
    accounts = ", ".join(missing_accounts(request, seen.shared_with))
    return _step(Kind.SHARE, request, seen, f"from then on {accounts} can copy it, and restore all its data")


def plan_unshare(request: ShareRequest, seen: ShareSeen) -> tuple[Step[Kind], ...]:
    """Steps still missing; accounts that do not have it are no reason to stop.

    Raises:
        PlanRefusedError: with every reason.
    """
    if reasons := unshare_blockers(request, seen):
        raise PlanRefusedError(reasons)
    return _step(Kind.UNSHARE, request, seen, "no new copy or restore there; copies that were made stay theirs")


def _step(kind: Kind, request: ShareRequest, seen: ShareSeen, why: str) -> tuple[Step[Kind], ...]:
    if seen.call is None:
        return ()
    arguments = {"family": request.family, "region": "", "snapshot": request.snapshot_id}
    return (Step(kind=kind, subject=request.snapshot_id, calls=(seen.call,), arguments=arguments, why=why),)
