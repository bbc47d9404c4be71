"""A cluster in several Regions: Global Database, and the older cross-Region replica by binlog."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from estate.instances import InstanceSpec, ServerlessSpec
from estate.spec import Identifier, Integer, Rule, Spec, Switch

if TYPE_CHECKING:
    from estate.aurora import AuroraSpec


class SecondarySpec(Spec):
    """The cluster of one secondary Region; without instances it is headless: data without compute."""

    instances: dict[Identifier, InstanceSpec] = Field(
        default={}, description="Its readers, at most sixteen, keyed by name"
    )
    serverless: ServerlessSpec = Field(default=ServerlessSpec(), description="Capacity of its serverless instances")
    write_forwarding: Switch = Field(default=False, description="Its readers send writes on to the primary")


class GlobalSpec(Spec):
    """A Global Database; the cluster's own `region` is where it was born, whichever Region is the primary today."""

    secondaries: dict[str, SecondarySpec] = Field(
        min_length=1, max_length=10, description="Secondary clusters, keyed by Region"
    )
    rpo_s: Annotated[Integer, Field(ge=20)] | None = Field(
        default=None, description="Managed RPO, seconds, PostgreSQL only: commits wait while every secondary lags more"
    )


RULES: tuple[Rule[AuroraSpec], ...] = ()
