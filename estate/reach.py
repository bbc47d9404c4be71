"""How a cluster is reached: who may connect, names in DNS, a proxy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from estate.spec import Identifier, Integer, Rule, Spec, Switch

if TYPE_CHECKING:
    from estate.aurora import AuroraSpec


class AllowSpec(Spec):
    """One source that may connect: a security group, a prefix list or a range; exactly one of them."""

    security_group: str | None = Field(default=None, description="Id of the security group that may connect")
    prefix_list: str | None = Field(default=None, description="Id of the prefix list that may connect")
    cidr: str | None = Field(default=None, description="IPv4 range that may connect")


class DnsSpec(Spec):
    """Names of the cluster in a Route 53 zone, each a CNAME to an endpoint."""

    hosted_zone_id: str = Field(description="Id of the hosted zone")
    zone_name: str = Field(description="Its domain, such as `db.example.internal`")
    ttl_s: Annotated[Integer, Field(ge=0)] = Field(default=5, description="Seconds that an answer is kept")
    writer: str | None = Field(default=None, description="Name of the writer endpoint, without the domain")
    reader: str | None = Field(default=None, description="Name of the reader endpoint, without the domain")
    endpoints: dict[Identifier, str] = Field(default={}, description="Names of custom endpoints, by endpoint")


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
