"""How a cluster is reached: who may connect, a proxy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from estate.spec import Integer, Rule, Spec, Switch

if TYPE_CHECKING:
    from estate.aurora import AuroraSpec


class AllowSpec(Spec):
    """One source that may connect: a security group, a prefix list or a range; exactly one of them."""

    security_group: str | None = Field(default=None, description="Id of the security group that may connect")
    prefix_list: str | None = Field(default=None, description="Id of the prefix list that may connect")
    cidr: str | None = Field(default=None, description="IPv4 range that may connect")


class ProxySpec(Spec):
    """RDS Proxy before the cluster: pools connections, hides a failover; IAM and TLS are required."""

    reader_endpoint: Switch = Field(default=True, description="A second endpoint that answers with readers")
    max_connections_percent: Annotated[Integer, Field(ge=1, le=100)] = Field(
        default=100, description="Most of the cluster's connections that it opens, percent"
    )
    idle_client_timeout_s: Annotated[Integer, Field(ge=1, le=28800)] = Field(
        default=1800, description="Seconds until an idle client is disconnected"
    )
    borrow_timeout_s: Annotated[Integer, Field(ge=0, le=300)] = Field(
        default=120, description="Seconds that a client waits for a connection"
    )


RULES: tuple[Rule[AuroraSpec], ...] = ()
