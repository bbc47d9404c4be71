"""What an operator asked for. Plain values: the journal keeps them, and `runbook resume` reads them back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from estate.names import cache_token_secret, cache_user_secret


@dataclass(frozen=True, kw_only=True, slots=True)
class RotateRequest:
    """The password of one user of a cache, or with no `user` the cache's AUTH token.

    `grace_s` is how long both are valid after the secret has the new one.
    """

    cache_id: str
    user: str = ""
    region: str | None = None
    grace_s: int = 300

    @property
    def user_id(self) -> str:
        """What ElastiCache calls the user."""
        return f"{self.cache_id}-{self.user}"

    @property
    def secret(self) -> str:
        """Name of the secret that the kit's stack made for it."""
        return cache_user_secret(self.cache_id, self.user) if self.user else cache_token_secret(self.cache_id)

    def to_plain(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_plain(cls, values: Mapping[str, Any]) -> RotateRequest:
        return cls(**dict[str, Any](values))
