"""Which steps of copying a snapshot are missing, or every reason not to start. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from runbooks.aws.kms import Key
from runbooks.engine.plan import Call, PlanRefusedError, Step
from runbooks.snapshot.creating import await_step, failed_reasons, quota_reasons
from runbooks.snapshot.kinds import Kind
from runbooks.snapshot.names import name_reasons
from runbooks.snapshot.request import CopyRequest, region_of
from runbooks.snapshot.seen import Snapshot
from runbooks.tags import is_ours, taken_by

AT_ONCE: Final = 5  # "up to five snapshot copy requests in progress to a single destination Region per account"
AWS_ALIAS: Final = "alias/aws/"


@dataclass(frozen=True, kw_only=True, slots=True)
class CopySeen:
    """What was seen. `home` is the Region of the snapshot, `destination` that of the copy.

    `in_flight` are the copies from other Regions that are under way to the destination. `is_foreign` says that the
    snapshot is another account's. `key` is what KMS says of the key that was asked for.
    """

    run_id: str
    name: str
    home: str
    destination: str
    snapshot: Snapshot | None = None
    is_foreign: bool = False
    target: Snapshot | None = None
    key: Key | None = None
    call: Call | None = None
    in_flight: tuple[str, ...] = ()
    used: int = 0
    quota: int = 100
    fences: tuple[str, ...] = ()
    locked: tuple[str, ...] = ()
    awaited: bool = False  # an earlier sitting has seen it available

    @property
    def is_made(self) -> bool:
        """This run has begun it already."""
        return self.target is not None and is_ours(self.target.tags, self.run_id)

    @property
    def crosses(self) -> bool:
        """The copy goes to another Region."""
        return self.home != self.destination


def blockers(request: CopyRequest, seen: CopySeen) -> tuple[str, ...]:
    """Reasons not to start, all of them; empty when safe."""
    if seen.is_made:
        return (*failed_reasons(seen.target), *seen.locked)
    return (
        *name_reasons(seen.name),
        *([taken_by(seen.target.tags, seen.name)] if seen.target is not None else []),
        *_source_reasons(request, seen),
        *_family_reasons(request, seen),
        *(_encryption_reasons(request, seen, seen.snapshot) if seen.snapshot is not None else ()),
        *_key_reasons(request, seen),
        *_slot_reasons(request, seen),
        *(quota_reasons(request.family, seen.used, seen.quota) if request.family == "aurora" else ()),
        *seen.fences,
        *seen.locked,
    )


def _source_reasons(request: CopyRequest, seen: CopySeen) -> Iterator[str]:
    if seen.snapshot is None:
        yield (
            f"snapshot {request.snapshot} must be there in {seen.home}, of this account or shared with it, got none; "
            "`runbook snapshot list` shows them, --shared those of other accounts, which are given by their ARN"
        )
    elif seen.snapshot.status != "available":
        yield (
            f"snapshot {seen.snapshot.snapshot_id} must be available, got {seen.snapshot.status}; wait until it is, "
            "then run again"
        )


def _family_reasons(request: CopyRequest, seen: CopySeen) -> Iterator[str]:
    """ElastiCache copies within a Region and an account; a bucket is its way out."""
    if request.family == "aurora":
        return
    if seen.crosses or seen.is_foreign or region_of(request.snapshot):
        yield (
            f"a copy of a {request.family} snapshot must stay in its Region and account, got {request.snapshot} to "
            f"{seen.destination}; export it to a bucket (`runbook snapshot export`), copy the file there, and make "
            "the new cache from it"
        )


def _encryption_reasons(request: CopyRequest, seen: CopySeen, snapshot: Snapshot) -> Iterator[str]:
    name = snapshot.snapshot_id
    if request.key and not snapshot.encrypted and request.family == "aurora":
        yield (
            f"--key must be left out, got {request.key}: {name} is not encrypted and a copy cannot be; restore it with "
            "a key (`runbook restore snapshot`), then take a snapshot of that"
        )
    if request.key or not snapshot.encrypted:
        return
    if seen.crosses:
        yield (
            f"--key must be a key of {seen.destination}, got none: {name} is encrypted, and its own key is known only "
            f"in {seen.home}"
        )
    if seen.is_foreign:
        yield (
            f"--key must be a key of this account, got none: {name} is another account's and encrypted, and the copy "
            "would hang on that account's key"
        )


def _key_reasons(request: CopyRequest, seen: CopySeen) -> Iterator[str]:
    if not request.key:
        return
    if request.key.startswith(AWS_ALIAS):
        yield (
            f"--key must be a key of your own, got {request.key}: what it encrypts can never be shared, nor copied by "
            "another account; make a key, and give its ARN or alias"
        )
        return
    yield from key_reasons("--key", request.key, seen.key, seen.destination)


def key_reasons(option: str, given: str, key: Key | None, region: str) -> Iterator[str]:
    """Why a key cannot be used in a Region."""
    named = region_of(given)
    if named and named != region:
        yield f"{option} must be a key of {region}, got {given} of {named}; give one of that Region"
    elif key is None:
        yield f"{option} must be a key that exists in {region}, got {given}; see `aws kms list-aliases`"
    elif not key.is_enabled:
        yield f"{option} must be enabled, got {given}, which is {key.state}; enable it, or give another one"


def _slot_reasons(request: CopyRequest, seen: CopySeen) -> Iterator[str]:
    if seen.crosses and len(seen.in_flight) >= AT_ONCE and not request.wait_for_slot:
        yield (
            f"copies on their way to {seen.destination} must be fewer than {AT_ONCE}, got {', '.join(seen.in_flight)}; "
            "wait until one is complete, or add --wait-for-slot"
        )


def plan_copy(request: CopyRequest, seen: CopySeen) -> tuple[Step[Kind], ...]:
    """Steps still missing.

    Raises:
        PlanRefusedError: with every reason.
    """
    if reasons := blockers(request, seen):
        raise PlanRefusedError(reasons)
    place = seen.destination if seen.crosses else ""
    arguments = {"family": request.family, "region": place, "snapshot": seen.name}
    missing: list[Step[Kind]] = []
    if not seen.is_made and seen.call is not None:
        if request.wait_for_slot and seen.crosses:
            missing.append(_slot_step(seen, arguments))
        missing.append(
            Step(kind=Kind.COPY, subject=seen.name, calls=(seen.call,), arguments=arguments, why=_why(request, seen))
        )
    if not seen.awaited:  # planned even where it is available by now: it may become so between two looks
        missing.append(await_step(seen.name, arguments))
    return tuple(missing)


def _slot_step(seen: CopySeen, arguments: dict[str, str]) -> Step[Kind]:
    why = f"no more than {AT_ONCE} copies may be on their way to a Region; others go first"
    return Step(kind=Kind.SLOT, subject=seen.destination, arguments=arguments, why=why)


def _why(request: CopyRequest, seen: CopySeen) -> str:
    whole = "a full copy, paid for as such" if seen.crosses else "a manual one, which no retention of AWS's deletes"
    under = f"; encrypted under {request.key}" if request.key else ""
    return f"{whole}{under}; {request.snapshot_id} must stay until it is complete"
