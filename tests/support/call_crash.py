"""Kills a runbook in this process, before or after one of its API calls, as thoroughly as `kill -9` would.

From the crash on nothing of the run reaches AWS or its journal: no handler, no release of a lock, no last line. Only
the kit's own clients are counted (by their user agent); those of a test pass.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal
from unittest.mock import patch

from botocore.client import BaseClient

from runbooks.aws.session import USER_AGENT
from runbooks.engine.journal import Journal

READING = ("Describe", "Get", "List", "Head", "Lookup", "Simulate", "BatchGet")
Moment = Literal["before", "after"]


class CrashError(BaseException):
    """The process is gone."""


@dataclass
class Calls:
    """Every call that the kit made, in order, and how many of them may change something."""

    made: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    changing: int = 0
    dead: bool = False


def is_reading(operation: str) -> bool:
    return operation.startswith(READING)


@contextmanager
def counted_calls(
    crash_at: int = 0, moment: Moment = "before", look: Callable[[int, dict[str, Any]], None] | None = None
) -> Generator[Calls]:
    """Count the kit's calls, and end everything at the changing call of this number (from 1; 0 for never).

    `look` is called with a changing call's place in `Calls.made` and its parameters just before it is made.
    """
    seen = Calls()
    make: Any = getattr(BaseClient, "_make_api_call")  # noqa: B009 - not in the stubs of botocore
    record = Journal.record

    def call(client: Any, operation: str, parameters: dict[str, Any]) -> Any:
        if USER_AGENT not in str(client.meta.config.user_agent_extra):
            return make(client, operation, parameters)
        if seen.dead:
            raise CrashError
        seen.made.append((client.meta.service_model.service_name, operation, parameters))
        seen.changing += not is_reading(operation)
        if look is not None and not is_reading(operation):
            look(len(seen.made) - 1, parameters)
        here = not is_reading(operation) and seen.changing == crash_at
        if here and moment == "before":
            _die(seen)
        answer = make(client, operation, parameters)
        if here:
            _die(seen)
        return answer

    def write(journal: Journal, event: str, **fields: Any) -> Any:
        if seen.dead:
            raise CrashError
        return record(journal, event, **fields)

    with patch.object(BaseClient, "_make_api_call", call), patch.object(Journal, "record", write):
        yield seen


def _die(seen: Calls) -> None:
    seen.dead = True
    raise CrashError
