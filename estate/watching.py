"""Alarms, a dashboard and event notifications of a cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from estate.spec import Integer, Number, Rule, Spec, Switch

if TYPE_CHECKING:
    from estate.aurora import AuroraSpec


class AlarmsSpec(Spec):
    """Thresholds of the alarm pack; `null` leaves an alarm out."""

    cpu_percent: Annotated[Number, Field(gt=0, le=100)] | None = Field(
        default=90, description="CPU of an instance, percent"
    )
    free_memory_percent: Annotated[Number, Field(gt=0, lt=100)] | None = Field(
        default=10, description="Freeable memory left of the class's, percent"
    )
    free_local_storage_bytes: Annotated[Integer, Field(gt=0)] | None = Field(
        default=5_368_709_120, description="Local storage left, bytes"
    )
    replica_lag_ms: Annotated[Number, Field(gt=0)] | None = Field(
        default=None, description="Replica lag, milliseconds; the SLO's when left out"
    )
    global_lag_ms: Annotated[Number, Field(gt=0)] | None = Field(
        default=10_000, description="Lag and RPO lag of secondary Regions, milliseconds"
    )
    deadlocks_per_s: Annotated[Number, Field(gt=0)] | None = Field(default=1, description="Deadlocks, per second")
    connections_percent: Annotated[Number, Field(gt=0, le=100)] | None = Field(
        default=80, description="Connections of the class's maximum, percent"
    )
    acu_percent: Annotated[Number, Field(gt=0, le=100)] | None = Field(
        default=90, description="Use of `max_acu`, percent"
    )
    transaction_ids: Annotated[Integer, Field(gt=0)] | None = Field(
        default=1_000_000_000, description="Age of the oldest transaction id, PostgreSQL"
    )
    volume_percent: Annotated[Number, Field(gt=0, le=100)] | None = Field(
        default=80, description="Volume of the version's maximum, percent"
    )


class WatchSpec(Spec):
    """Alarms and events to an encrypted topic, and a dashboard."""

    notify: tuple[str, ...] = Field(
        default=(), description="E-mail addresses, or ARNs of queues and functions, that the topic tells"
    )
    alarms: AlarmsSpec | None = Field(default=AlarmsSpec(), description="The alarm pack")
    events: Switch = Field(
        default=True, description="Failovers, failures, maintenance and configuration changes to the topic"
    )
    dashboard: Switch = Field(default=True, description="A CloudWatch dashboard")


RULES: tuple[Rule[AuroraSpec], ...] = ()
