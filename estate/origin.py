"""What a cluster is born from: a snapshot, a point in time, a clone. It stays in the file for good."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from estate.spec import Rule, Spec

if TYPE_CHECKING:
    from estate.aurora import AuroraSpec


class OriginSpec(Spec):
    """Exactly one of `snapshot`, `point_in_time_of`, `clone_of`; CloudFormation wants it in every later template."""

    snapshot: str | None = Field(default=None, description="Identifier or ARN of a cluster snapshot")
    point_in_time_of: str | None = Field(default=None, description="Identifier or ARN of the cluster to restore")
    at: str | None = Field(
        default=None, description="The moment, UTC, `yyyy-mm-ddThh:mm:ssZ`; the latest when left out"
    )
    clone_of: str | None = Field(default=None, description="Identifier or ARN of the cluster to clone, copy on write")


RULES: tuple[Rule[AuroraSpec], ...] = ()
