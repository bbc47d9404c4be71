"""What an operator asked for. Plain values: the journal keeps them, and `runbook resume` reads them back."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import Any, Final, Literal

from estate.limits import AURORA_IDENTIFIER_LENGTH
from runbooks.verification.checks import DEFAULT_CHECKS, DataCheck

Backup = Literal["latest", "snapshot"]
WORD: Final = "-verify-"
INSTANCE: Final = "-1"
_STAMP: Final = re.compile(r"[a-z0-9](?:-?[a-z0-9]){0,23}\Z")


@dataclass(frozen=True, kw_only=True, slots=True)
class VerifyRequest:
    """A restore test of one cluster. `expires` is when `runbook reap` may take a copy that was left behind.

    `instance_class` empty: the source's writer's. `reach_from` is the network or security group from where SQL is run.
    """

    cluster_id: str
    owner: str
    expires: str
    backup: Backup = "latest"
    instance_class: str = ""
    subnet_group: str = ""
    reach_from: str = ""
    queries: bool = True
    checks: tuple[DataCheck, ...] = DEFAULT_CHECKS
    keep: bool = False
    region: str | None = None

    def to_plain(self) -> dict[str, Any]:
        return {**asdict(self), "checks": [each.to_plain() for each in self.checks]}

    @classmethod
    def from_plain(cls, values: Mapping[str, Any]) -> VerifyRequest:
        given = dict[str, Any](values)
        checks: list[dict[str, str]] = given.pop("checks")
        return cls(checks=tuple(DataCheck(**each) for each in checks), **given)


def copy_id(cluster_id: str, run_id: str) -> str:
    """What the copy is called: after the cluster and the run, so that a second sitting finds it without a journal."""
    stamp = run_id if _STAMP.match(run_id) else sha256(run_id.encode()).hexdigest()[:12]
    room = AURORA_IDENTIFIER_LENGTH - len(WORD) - len(stamp) - len(INSTANCE)
    return f"{cluster_id[:room].rstrip('-')}{WORD}{stamp}"
