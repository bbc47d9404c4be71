"""AWS services that a cluster calls from inside its VPC, which has no other way to them than VPC endpoints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from estate.integrations import called_services

if TYPE_CHECKING:
    from estate.aurora import AuroraSpec

SECRETS = "secretsmanager"


def endpoint_services(spec: AuroraSpec) -> tuple[str, ...]:
    """Services whose VPC endpoint the cluster's network must have, in the form of `NetworkSpec.endpoints`, sorted."""
    return tuple(sorted({*called_services(spec), *rotation_services(spec)}))


def rotation_services(spec: AuroraSpec) -> tuple[str, ...]:
    """Those of them that the rotation of the master user's own secret calls."""
    return (SECRETS,) if spec.master_authentication == "own-secret" else ()
