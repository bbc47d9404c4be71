"""Waiting for clusters, instances, snapshots and caches: seen within a second or so, said while it lasts.

Polls are a second apart: a change is noticed within 1.5 s of being visible. A run polls one thing at a time, so that a
run makes 60 calls a minute at most; RDS and ElastiCache take several a second per account (the services throttle by
account and Region, and publish no figure; botocore's standard retries take care of the rest).
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Final, TypeVar

from runbooks.engine.run import Context
from runbooks.engine.wait import FAILED, PENDING, READY, Judgement, wait_for

T = TypeVar("T")

EVERY_S: Final = 1.0
SAY_EVERY_S: Final = 30.0
TIMEOUT_S: Final = 4 * 3600.0  # a full copy of a large volume takes hours; botocore's own waiters give up at 30 min
# States that nothing leads out of by itself (Aurora User Guide, "DB cluster status values"; ElastiCache's statuses).
BROKEN: Final = frozenset(
    {
        "failed",
        "create-failed",
        "cloning-failed",
        "inaccessible-encryption-credentials",
        "inaccessible-encryption-credentials-recoverable",
        "incompatible-network",
        "incompatible-parameters",
        "incompatible-restore",
        "migration-failed",
        "storage-full",
        "restore-failed",
    }
)


def until_status(
    context: Context[T],
    what: str,
    look: Callable[[], str | None],
    *,
    wanted: Collection[str] = ("available",),
    usual: str = "",
    timeout_s: float = TIMEOUT_S,
) -> None:
    """Wait until a status is one of `wanted`, saying on the way what it is, for how long, and what is usual.

    Args:
        context: of the run; its clock and its `say` are used.
        what: the thing by name, as in "cluster shop-orders-dev".
        look: gives the status, or None while there is no such thing.
        wanted: the statuses to wait for.
        usual: how long it takes as a rule, in words ("5 to 15 minutes").
        timeout_s: seconds after which the run ends as timed out; running it again goes on.

    Raises:
        WaitFailedError: the status is one that nothing leads out of.
        WaitTimedOutError: `timeout_s` passed.
    """
    said = Progress(context.say, what, usual)
    wait_for(
        f"{what} {' or '.join(sorted(wanted))}",
        poll=look,
        judge=lambda status: _judge(status, wanted),
        timeout_s=timeout_s,
        every_s=EVERY_S,
        clock=context.clock,
        on_progress=said.tell,
    )


def until_gone(
    context: Context[T], what: str, look: Callable[[], str | None], *, usual: str = "", timeout_s: float = TIMEOUT_S
) -> None:
    """Wait until `look` gives None.

    Raises:
        WaitTimedOutError: `timeout_s` passed.
    """
    said = Progress(context.say, what, usual)
    wait_for(
        f"{what} gone",
        poll=look,
        judge=lambda status: READY if status is None else PENDING,
        timeout_s=timeout_s,
        every_s=EVERY_S,
        clock=context.clock,
        on_progress=said.tell,
    )


def _judge(status: str | None, wanted: Collection[str]) -> Judgement:
    if status in wanted:
        return READY
    return FAILED if status in BROKEN else PENDING


class Progress:
    """Says a status when it changes, and again every half minute."""

    def __init__(self, say: Callable[[str], None], what: str, usual: str) -> None:
        self._say, self._what = say, what
        self._usual = f"; usually {usual}" if usual else ""
        self._last: str | None = ""
        self._said_s = 0.0

    def tell(self, status: str | None, waited_s: float) -> None:
        """Take one observation."""
        if status == self._last and waited_s - self._said_s < SAY_EVERY_S:
            return
        self._last, self._said_s = status, waited_s
        self._say(f"      {self._what}: {status or 'not there'}, {waited_s:.0f} s{self._usual}")
