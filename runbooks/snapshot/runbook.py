"""The snapshot verbs as the engine runs them."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from operator import attrgetter
from typing import Final

from runbooks import guard
from runbooks.boundary import production_reason
from runbooks.engine.run import Context, Effect, HeldCheck, Runbook
from runbooks.snapshot import permissions, results
from runbooks.snapshot.copying import CopySeen, plan_copy
from runbooks.snapshot.creating import CreateSeen, plan_create
from runbooks.snapshot.exporting import ExportSeen, plan_export
from runbooks.snapshot.kinds import Kind
from runbooks.snapshot.names import lock_name, made_name
from runbooks.snapshot.observe import observe_copy, observe_create, observe_export, observe_share, observe_unshare, stem
from runbooks.snapshot.request import CopyRequest, CreateRequest, ExportRequest, ShareRequest, region_of
from runbooks.snapshot.sharing import ShareSeen, missing_accounts, plan_share, plan_unshare
from runbooks.snapshot.steps import make, share, start_export, wait_for_slot, wait_until_available, wait_until_exported
from runbooks.tools import Tools, hold_locks, locking, open_tools

_LOCKS: Final = guard.READ_ACTIONS


@contextmanager
def lock_made(request: CreateRequest, context: Context[Tools]) -> Generator[HeldCheck]:
    """Hold the name of what is made: the source is only read."""
    name = request.snapshot_id or made_name(request.source_id, context.run_id)
    with hold_locks(context, lock_name(name.lower())) as check:
        yield check


@contextmanager
def lock_copy(request: CopyRequest, context: Context[Tools]) -> Generator[HeldCheck]:
    """Hold the name of the copy."""
    name = request.target_id or made_name(stem(request.snapshot_id), context.run_id)
    with hold_locks(context, lock_name(name.lower())) as check:
        yield check


def create_runbook() -> Runbook[CreateRequest, CreateSeen, Kind, Tools]:
    """`snapshot create`: nothing is changed that was there, so nothing is confirmed."""
    return Runbook(
        verb="snapshot create",
        decode=CreateRequest.from_plain,
        encode=CreateRequest.to_plain,
        target=attrgetter("source_id"),
        tools=open_tools,
        observe=observe_create,
        plan=plan_create,
        effects={
            Kind.CREATE: Effect(make, actions=permissions.CREATES),
            Kind.AWAIT: Effect(wait_until_available, actions=permissions.FIND),
        },
        verify=lambda request, seen, _context: results.verify_create(request, seen),
        reads=(*permissions.CREATE_READS, *_LOCKS),
        guard=lock_made,
        guard_actions=guard.ACTIONS,
        scopes=permissions.CREATE_SCOPES,
        clocked=("expires",),
    )


def copy_runbook() -> Runbook[CopyRequest, CopySeen, Kind, Tools]:
    """`snapshot copy`: the snapshot is only read."""
    return Runbook(
        verb="snapshot copy",
        decode=CopyRequest.from_plain,
        encode=CopyRequest.to_plain,
        target=attrgetter("snapshot_id"),
        tools=lambda request: Tools(region_of(request.snapshot) or request.region),
        observe=observe_copy,
        plan=plan_copy,
        effects={
            Kind.SLOT: Effect(wait_for_slot, actions=permissions.FIND),
            Kind.COPY: Effect(make, actions=permissions.COPIES),
            Kind.AWAIT: Effect(wait_until_available, actions=permissions.FIND),
        },
        verify=lambda request, seen, _context: results.verify_copy(request, seen),
        reads=(*permissions.COPY_READS, *_LOCKS),
        guard=lock_copy,
        guard_actions=guard.ACTIONS,
        scopes=permissions.COPY_SCOPES,
        clocked=("expires",),
    )


def share_runbook() -> Runbook[ShareRequest, ShareSeen, Kind, Tools]:
    """`snapshot share`: data leave the account, so the snapshot's name is typed."""
    return Runbook(
        verb="snapshot share",
        decode=ShareRequest.from_plain,
        encode=ShareRequest.to_plain,
        target=attrgetter("snapshot_id"),
        tools=open_tools,
        observe=observe_share,
        plan=plan_share,
        effects={Kind.SHARE: Effect(share, actions=permissions.SHARES)},
        verify=lambda request, seen, _context: results.verify_share(request, seen),
        reads=(*permissions.SHARE_READS, *_LOCKS),
        guard=locking(lambda request: lock_name(request.snapshot_id)),
        guard_actions=guard.ACTIONS,
        confirms=_why_confirm_share,
        scopes=permissions.SHARE_SCOPES,
    )


def _why_confirm_share(request: ShareRequest, seen: ShareSeen) -> str:
    accounts = ", ".join(missing_accounts(request, seen.shared_with))
    return f"account {accounts} will be able to copy and restore all its data"


def unshare_runbook() -> Runbook[ShareRequest, ShareSeen, Kind, Tools]:
    """`snapshot unshare`: production's is confirmed; a copy that a runbook made is not."""
    return Runbook(
        verb="snapshot unshare",
        decode=ShareRequest.from_plain,
        encode=ShareRequest.to_plain,
        target=attrgetter("snapshot_id"),
        tools=open_tools,
        observe=observe_unshare,
        plan=plan_unshare,
        effects={Kind.UNSHARE: Effect(share, actions=permissions.SHARES)},
        verify=lambda request, seen, _context: results.verify_unshare(request, seen),
        reads=(*permissions.UNSHARE_READS, *_LOCKS),
        guard=locking(lambda request: lock_name(request.snapshot_id)),
        guard_actions=guard.ACTIONS,
        confirms=_why_confirm_unshare,
        scopes=permissions.SHARE_SCOPES,
    )


def _why_confirm_unshare(request: ShareRequest, seen: ShareSeen) -> str:
    return production_reason(request.snapshot_id, seen.snapshot.tags if seen.snapshot is not None else {})


def export_runbook() -> Runbook[ExportRequest, ExportSeen, Kind, Tools]:
    """`snapshot export`: whoever reads the bucket reads the data, so the snapshot's name is typed."""
    return Runbook(
        verb="snapshot export",
        decode=ExportRequest.from_plain,
        encode=ExportRequest.to_plain,
        target=attrgetter("snapshot_id"),
        tools=open_tools,
        observe=observe_export,
        plan=plan_export,
        effects={
            Kind.EXPORT: Effect(start_export, actions=permissions.EXPORTS),
            Kind.AWAIT_EXPORT: Effect(wait_until_exported, actions=permissions.EXPORT_READS),
        },
        verify=lambda request, seen, _context: results.verify_export(request, seen),
        reads=(*permissions.EXPORT_READS, *_LOCKS),
        guard=locking(lambda request: lock_name(request.snapshot_id)),
        guard_actions=guard.ACTIONS,
        confirms=lambda request, _seen: f"its data will be in bucket {request.bucket}, for all who read that",
        scopes=permissions.EXPORT_SCOPES,
    )
