"""What one serverless cache is declared to be."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from estate import limits
from estate.caches.users import UserSpec
from estate.caches.watching import CacheWatchSpec
from estate.reach import AllowSpec
from estate.spec import ACKNOWLEDGE, OVERRIDES, Acknowledge, Identifier, Integer, Overrides, Rule, Spec, Switch


class ServerlessCacheSpec(Spec):
    """One serverless cache of Valkey, Redis OSS or Memcached. `name` is its key in the file."""

    name: Identifier
    engine: Literal["valkey", "redis", "memcached"] = Field(
        default="valkey", description="`valkey`, `redis` (Redis OSS) or `memcached`"
    )
    version: str = Field(default="8", description="Major engine version, quoted")
    region: str | None = Field(default=None, description="One of `regions`; the first when left out")
    users: dict[Identifier, UserSpec] = Field(default={}, description="IAM users, keyed by name")
    allow_from: dict[Identifier, AllowSpec] = Field(default={}, description="Who may connect, keyed by name")
    snapshot_retention_days: Annotated[Integer, Field(ge=0, le=limits.CACHE_SNAPSHOT_DAYS_MAX)] = Field(
        default=15, description="Days that automatic snapshots are kept, 0 for none"
    )
    watch: CacheWatchSpec | None = Field(default=None, description="Alarms, events, a dashboard")
    protection: Switch = Field(default=True, description="Termination protection")
    tags: dict[str, str] = Field(default={}, description="Tags, beside those of the estate")
    acknowledge: Acknowledge = Field(default=(), description=ACKNOWLEDGE)
    overrides: Overrides = Field(default={}, description=OVERRIDES)

    RULES: ClassVar[tuple[Rule[Any], ...]] = ()

    @property
    def user_of_kit(self) -> str | None:
        """Name of the user that may do nothing, which the kit makes where a group must have one."""
        if self.engine == "memcached":
            return None
        if self.engine == "redis":
            return "default"
        return None if self.users else "nobody"


RULES: tuple[Rule[ServerlessCacheSpec], ...] = ()

ServerlessCacheSpec.RULES = RULES
