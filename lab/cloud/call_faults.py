"""Trouble that calls run into, injected by call and by chance: what clients must survive or end cleanly on.

Control path `/lab/call-faults`: a list of objects with the fields of `CallFault`; an empty list heals everything.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Any

from lab.cloud.requests import Call, error_body

Answer = tuple[int, list[tuple[str, str]], bytes]
READING = ("Describe", "Get", "List", "Head")


class Trouble(StrEnum):
    """What happens to a call."""

    THROTTLED = "throttled"  # refused with Throttling; nothing was done
    UNAVAILABLE = "unavailable"  # answered with 503; nothing was done
    TIMED_OUT = "timed-out"  # no answer comes; nothing was done
    DROPPED = "dropped"  # it was done, and its answer is lost on the way
    DENIED = "denied"  # refused with AccessDenied; nothing was done
    STALE = "stale"  # a reading call answers as it did the time before (eventual consistency)


class UnknownTroubleError(ValueError):
    """A call fault that cannot be read."""


class LostAnswerError(ConnectionError):
    """The connection ends without an answer."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CallFault:
    """One kind of trouble for some calls.

    Args:
        trouble: see `Trouble`.
        calls: a pattern of `service:Operation`, such as `rds:CreateDBInstance`, `rds:Describe*` or `*`.
        after: how many matching calls pass before the first one that is hit.
        times: how many are hit then; None for all.
        chance: how likely a call is hit that `after` and `times` let through, 0 to 1.
        seed: of the chance, so that a run can be had again.
    """

    trouble: Trouble
    calls: str = "*"
    after: int = 0
    times: int | None = 1
    chance: float = 1.0
    seed: int = 0


class _Armed:
    """One fault with what it has seen."""

    def __init__(self, fault: CallFault) -> None:
        self.fault = fault
        self._random = random.Random(fault.seed)  # noqa: S311 - chance, no secret
        self._passed = 0
        self._hit = 0

    def strikes(self, call: Call) -> bool:
        fault = self.fault
        if not fnmatchcase(f"{call.service}:{call.operation}", fault.calls):
            return False
        if fault.trouble is Trouble.STALE and not call.operation.startswith(READING):
            return False
        self._passed += 1
        if self._passed <= fault.after or (fault.times is not None and self._hit >= fault.times):
            return False
        if self._random.random() >= fault.chance:
            return False
        self._hit += 1
        return True


class CallFaults:
    """The call faults that hold; thread-safe. Answers of reading calls are kept, for `stale`, only while any is set."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._armed: list[_Armed] = []
        self._before: dict[tuple[str, str, str, bytes], Answer] = {}

    def set(self, wanted: Iterable[Mapping[str, Any] | CallFault]) -> None:
        """Replace all.

        Raises:
            UnknownTroubleError: a field or a trouble that there is not.
        """
        armed = [_Armed(each if isinstance(each, CallFault) else _parse(each)) for each in wanted]
        with self._lock:
            self._armed = armed
            self._before.clear()

    def as_list(self) -> list[dict[str, Any]]:
        with self._lock:
            return [asdict(each.fault) for each in self._armed]

    def answer(self, call: Call, body: bytes, ask: Callable[[], Answer]) -> Answer:
        """What the caller gets for a call that `ask` would answer.

        Raises:
            LostAnswerError: nothing at all.
        """
        with self._lock:
            armed = bool(self._armed)
            trouble = next((each.fault.trouble for each in self._armed if each.strikes(call)), None)
        if not armed:
            return ask()
        if trouble in _REFUSALS:
            return _refusal(call, *_REFUSALS[trouble])
        if trouble is Trouble.TIMED_OUT:
            raise LostAnswerError
        key = (call.service, call.operation, call.region, body)
        kept = self._before.get(key)
        if trouble is Trouble.STALE and kept is not None:
            return kept
        answer = ask()
        if call.operation.startswith(READING):
            self._before[key] = answer
        if trouble is Trouble.DROPPED:
            raise LostAnswerError
        return answer


_REFUSALS: dict[Trouble | None, tuple[int, str, str]] = {
    Trouble.THROTTLED: (400, "Throttling", "Rate exceeded"),
    Trouble.UNAVAILABLE: (503, "ServiceUnavailable", "The service is unavailable. Please try again shortly."),
    Trouble.DENIED: (403, "AccessDenied", "not authorized to perform: {action}"),
}


def _refusal(call: Call, status: int, code: str, message: str) -> Answer:
    body, kind = error_body(call, code, message.format(action=f"{call.service}:{call.operation}"))
    return status, [("Content-Type", kind), ("Content-Length", str(len(body))), ("x-amzn-ErrorType", code)], body


def _parse(raw: Mapping[str, Any]) -> CallFault:
    try:
        return CallFault(**{**raw, "trouble": Trouble(raw.get("trouble", ""))})
    except (TypeError, ValueError) as error:
        known = ", ".join(each.value for each in Trouble)
        raise UnknownTroubleError(f"a call fault must have a trouble among {known} and known fields: {error}") from None
