"""What an operator asked for. Plain values: the journal keeps them, and `runbook resume` reads them back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True, slots=True)
class AccessRequest:
    """One database user of one cluster.

    `databases` is empty for the cluster's own one. `secret` names the master user's secret where neither RDS nor the
    kit's naming tells it.
    """

    cluster_id: str
    user: str
    region: str | None = None
    read_only: bool = False
    databases: tuple[str, ...] = ()
    secret: str | None = None

    def to_plain(self) -> dict[str, Any]:
        return {**asdict(self), "databases": list(self.databases)}

    @classmethod
    def from_plain(cls, values: Mapping[str, Any]) -> AccessRequest:
        plain = {**values, "databases": tuple[str, ...](values.get("databases", ()))}
        return cls(**dict[str, Any](plain))
