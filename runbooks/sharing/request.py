"""What an operator asked for. Plain values: the journal keeps them, and `runbook resume` reads them back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True, slots=True)
class ShareRequest:
    """A cluster of this account, and the account that may clone it, or may no longer.

    `outside` allows an account outside the organization, which is then invited.
    """

    cluster_id: str
    account: str
    region: str | None = None
    outside: bool = False

    def to_plain(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_plain(cls, values: Mapping[str, Any]) -> ShareRequest:
        return cls(**dict[str, Any](values))


@dataclass(frozen=True, kw_only=True, slots=True)
class AcceptRequest:
    """Another account's cluster, by its ARN."""

    arn: str

    @property
    def region(self) -> str:
        return self.arn.split(":")[3]

    @property
    def owner(self) -> str:
        return self.arn.split(":")[4]

    @property
    def cluster_id(self) -> str:
        return self.arn.rsplit(":", 1)[-1]

    def to_plain(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_plain(cls, values: Mapping[str, Any]) -> AcceptRequest:
        return cls(**dict[str, Any](values))
