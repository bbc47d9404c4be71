"""Blue/green deployments: a green copy that runs the next version."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from estate.spec import Rule, Spec

if TYPE_CHECKING:
    from estate.aurora import AuroraSpec


class BlueGreenSpec(Spec):
    """A green copy of the cluster under `AWS::RDS::Deployment`; switching over is a runbook, never a template."""

    name: str = Field(description="Name of the deployment")
    target_version: str = Field(description="Engine version of the green cluster, quoted")
    parameters: dict[str, str] = Field(
        default={}, description="Cluster parameters of the green cluster, beside the cluster's own"
    )


RULES: tuple[Rule[AuroraSpec], ...] = ()
