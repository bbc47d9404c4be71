"""Which steps of a rotation are missing, or every reason not to start. Pure.

Both passwords are valid between `add` and `drop-old`; the secret changes in between, so that a client that reads it
always reads one that works. Which steps were done is read from the labels of the secret's versions, from how many
passwords a user has, and from when the token was changed last.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from runbooks.aws.elasticache import Group, User
from runbooks.aws.secrets import CURRENT, PENDING, PREVIOUS, Version
from runbooks.engine.plan import PlanRefusedError, Step
from runbooks.rotate.request import RotateRequest


class Kind(StrEnum):
    """The steps."""

    MAKE = "make-password"
    ADD = "add"
    SWITCH = "switch-secret"
    WAIT = "wait-for-clients"
    DROP = "drop-old"
    RETIRE = "retire-old"


@dataclass(frozen=True, kw_only=True, slots=True)
class Observed:
    """What was seen. `version_id` is what this run calls its new version of the secret.

    `versions` is None where there is no such secret; `waited` says that an earlier sitting gave clients their time.
    """

    version_id: str
    group: Group | None = None
    user: User | None = None
    versions: tuple[Version, ...] | None = None
    locked: tuple[str, ...] = ()
    waited: bool = False

    def labelled(self, label: str) -> Version | None:
        """The version that a label is on."""
        return next((each for each in self.versions or () if label in each.labels), None)

    @property
    def ours(self) -> Version | None:
        """The version that this run made."""
        return next((each for each in self.versions or () if each.version_id == self.version_id), None)

    @property
    def is_current(self) -> bool:
        """The secret has the new password already."""
        return self.ours is not None and CURRENT in self.ours.labels


def added_since(made_at: datetime, group: Group | None) -> bool:
    """Whether the token was changed after the new one was made: ROTATE must not be done twice.

    A second ROTATE with the same token would drop the older of the two, which clients still use.
    """
    return group is not None and group.token_changed_at is not None and group.token_changed_at > made_at


def blockers(request: RotateRequest, seen: Observed) -> tuple[str, ...]:
    """Reasons not to start, all of them; empty when safe."""
    target = _user_reasons(request, seen) if request.user else _token_reasons(request, seen)
    return (*target, *_secret_reasons(request, seen), *(f"{request.cache_id} is {reason}" for reason in seen.locked))


def _user_reasons(request: RotateRequest, seen: Observed) -> Iterable[str]:
    user = seen.user
    if user is None:
        yield f"user {request.user_id} must exist, got none; --user takes the name that the estate file gives it"
        return
    if user.mode != "password":
        yield f"user {user.user_id} must log in with a password, got {user.mode}; it has nothing to rotate"
    if not user.is_at_rest and seen.ours is None:
        yield f"user {user.user_id} must be active, got {user.status}; wait until it is, then run again"


def _token_reasons(request: RotateRequest, seen: Observed) -> Iterable[str]:
    group = seen.group
    if group is None:
        yield (
            f"replication group {request.cache_id} must exist, got none; serverless caches and Memcached have no AUTH "
            "token: name a user by --user"
        )
        return
    if not group.has_token:
        yield f"{group.group_id} must have an AUTH token, got none; name a user of the cache by --user"
    if not group.is_at_rest and seen.ours is None:
        yield (
            f"{group.group_id} must be available, got {group.pending_token.lower() or group.status}; wait until it is, "
            "then run again"
        )


def _secret_reasons(request: RotateRequest, seen: Observed) -> Iterable[str]:
    if seen.versions is None:
        yield (
            f"secret {request.secret} must exist, got none; only passwords that a stack of this kit made are rotated "
            "here"
        )
        return
    if seen.labelled(CURRENT) is None:
        yield f"secret {request.secret} must have a current version, got none; mend it first"
    pending = seen.labelled(PENDING)
    if pending is not None and pending.version_id != seen.version_id and CURRENT not in pending.labels:
        yield (
            f"secret {request.secret} must have no pending version, got {pending.version_id} of "
            f"{pending.created_at:%Y-%m-%d %H:%M} UTC: another rotation was not finished; go on with that run, whose "
            "name it begins with (`runbook runs`), or look which passwords are valid and take its label AWSPENDING away"
        )


def plan_rotate(request: RotateRequest, seen: Observed) -> tuple[Step[Kind], ...]:
    """Steps still missing.

    Raises:
        PlanRefusedError: with every reason.
    """
    if reasons := blockers(request, seen):
        raise PlanRefusedError(reasons)
    kinds = _missing(request, seen)
    old = seen.labelled(PREVIOUS if seen.is_current else CURRENT)
    arguments = {"version": seen.version_id, "old": old.version_id if old is not None else ""}
    return tuple(
        Step(kind=kind, subject=_subject(request, kind), arguments=arguments, why=_why(request, kind)) for kind in kinds
    )


def _missing(request: RotateRequest, seen: Observed) -> tuple[Kind, ...]:
    wait = (Kind.WAIT,) if request.grace_s and not seen.waited else ()
    ours = seen.ours
    if ours is None:
        return (Kind.MAKE, Kind.ADD, Kind.SWITCH, *wait, Kind.DROP, Kind.RETIRE)
    if not seen.is_current:
        is_added = not request.user and added_since(ours.created_at, seen.group)
        return (*(() if is_added else (Kind.ADD,)), Kind.SWITCH, *wait, Kind.DROP, Kind.RETIRE)
    if seen.labelled(PREVIOUS) is None:
        return (Kind.RETIRE,) if PENDING in ours.labels else ()
    if request.user and seen.user is not None and seen.user.passwords == 1:
        return (Kind.RETIRE,)
    return (*wait, Kind.DROP, Kind.RETIRE)


def _subject(request: RotateRequest, kind: Kind) -> str:
    if kind in {Kind.MAKE, Kind.SWITCH, Kind.RETIRE}:
        return request.secret
    return request.user_id if request.user else request.cache_id


def _why(request: RotateRequest, kind: Kind) -> str:
    what = "password" if request.user else "AUTH token"
    why = {
        Kind.MAKE: "a new one, beside the current one, under the label AWSPENDING; nobody reads it yet",
        Kind.ADD: f"from here on the old {what} and the new one are both valid",
        Kind.SWITCH: f"who reads the secret reads the new {what}, which is valid by now",
        Kind.WAIT: f"{request.grace_s} s for clients that still know the old {what}: both work",
        Kind.DROP: f"the new {what} alone is valid; connections that are open stay",
        Kind.RETIRE: "no label leads to the old one any more, so that Secrets Manager may delete it",
    }
    return why[kind]
