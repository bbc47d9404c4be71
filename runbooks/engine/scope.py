"""Where an IAM action may be used: what a verb knows about its own, and what `runbook policy` prints."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scope:
    """Where an action may be used: ARN patterns with `{partition} {region} {account} {cluster} {resource} {estate}`.

    `{cluster}` is what the run was pointed at, `{target}` what it makes or takes the place of. `why` explains a `*`.
    `conditions` are IAM conditions by operator, `{"StringEquals": {"aws:ResourceTag/...": "..."}}`.
    """

    resources: tuple[str, ...]
    why: str = ""
    conditions: Mapping[str, Mapping[str, str]] | None = None
