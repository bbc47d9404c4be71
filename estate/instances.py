"""The instances of an Aurora cluster, provisioned or serverless."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from estate import limits
from estate.spec import OVERRIDES, Integer, Number, Overrides, Spec

SERVERLESS = "serverless"


class InstanceSpec(Spec):
    """One instance: a provisioned class (`db.r8g.large`) or `serverless`."""

    instance_class: str = Field(
        default=SERVERLESS, alias="class", description="A class such as `db.r8g.large`, or `serverless`"
    )
    tier: Annotated[Integer, Field(ge=limits.TIER_MIN, le=limits.TIER_MAX)] = Field(
        default=1,
        description="Promotion tier, 0 first; a serverless instance in tier 0 or 1 is as large as the writer",
    )
    zone: Annotated[Integer, Field(ge=1, le=6)] | None = Field(
        default=None, description="Which zone of the network, counted from 1; spread over all when left out"
    )
    ca: str | None = Field(default=None, description="CA of its certificate, such as `rds-ca-rsa2048-g1`")
    parameters: dict[str, str] = Field(default={}, description="Instance parameters of its own, values quoted")
    overrides: Overrides = Field(default={}, description=OVERRIDES)

    @property
    def is_serverless(self) -> bool:
        return self.instance_class == SERVERLESS


class ServerlessSpec(Spec):
    """Capacity of the serverless instances, in Aurora capacity units (ACU)."""

    min_acu: Number = Field(default=0.5, description="Least capacity, ACU, in steps of 0.5; 0 lets instances pause")
    max_acu: Number = Field(default=8, description="Most capacity, ACU, in steps of 0.5, at most 256")
    pause_after_s: Annotated[Integer, Field(ge=limits.PAUSE_S_MIN, le=limits.PAUSE_S_MAX)] | None = Field(
        default=None, description="Seconds without connections until an instance pauses; only with `min_acu: 0`"
    )
