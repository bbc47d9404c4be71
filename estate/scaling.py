"""Replica auto scaling: readers that come and go with the load. Application Auto Scaling does it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from estate.spec import Identifier, Integer, Rule, Spec

if TYPE_CHECKING:
    from estate.aurora import AuroraSpec


class ScheduleSpec(Spec):
    """One scheduled action: other bounds from a time on."""

    at: str = Field(description="`cron(...)`, `rate(...)` or `at(yyyy-mm-ddThh:mm:ss)`")
    timezone: str = Field(default="UTC", description="IANA name that `at` is read in")
    min_readers: Annotated[Integer, Field(ge=0, le=15)] | None = Field(
        default=None, description="Least readers from then on"
    )
    max_readers: Annotated[Integer, Field(ge=0, le=15)] | None = Field(
        default=None, description="Most readers from then on"
    )


class AutoscalingSpec(Spec):
    """Readers added and removed by load, beside those that are declared; the kit's count in both bounds."""

    min_readers: Annotated[Integer, Field(ge=0, le=15)] = Field(
        default=1, description="Least readers, declared ones included"
    )
    max_readers: Annotated[Integer, Field(ge=0, le=15)] = Field(
        default=3, description="Most readers, declared ones included"
    )
    cpu_percent: Annotated[Integer, Field(ge=1, le=100)] | None = Field(
        default=None, description="Average CPU of the readers to hold, percent"
    )
    connections: Annotated[Integer, Field(ge=1)] | None = Field(
        default=None, description="Average connections of the readers to hold"
    )
    scale_in_cooldown_s: Annotated[Integer, Field(ge=0)] = Field(
        default=300, description="Seconds after a removal without another"
    )
    scale_out_cooldown_s: Annotated[Integer, Field(ge=0)] = Field(
        default=300, description="Seconds after an addition without another"
    )
    schedules: dict[Identifier, ScheduleSpec] = Field(default={}, description="Scheduled actions, keyed by name")


RULES: tuple[Rule[AuroraSpec], ...] = ()
