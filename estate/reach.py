"""How a cluster or a cache is reached: who may connect; a cluster's proxy."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from ipaddress import IPv4Network
from typing import TYPE_CHECKING, Annotated, Any, Protocol

from pydantic import Field

from estate import engines, limits
from estate.network import PRIVATE, SECURITY_GROUP_ID, parsed_cidr
from estate.spec import Hit, Integer, Rule, Spec, Switch

if TYPE_CHECKING:
    from estate.aurora import AuroraSpec

PREFIX_LIST_ID = re.compile(r"pl-([0-9a-f]{8}|[0-9a-f]{17})")
INSIDE = (*PRIVATE, IPv4Network("100.64.0.0/10"))
"""Ranges that a VPC or a network joined to it can have, and the internet can't. [RFC 1918, RFC 6598]"""
DATABASE_USER = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,62}")
"""Names that mean one user in an IAM policy; PostgreSQL's own limit is 63 characters, MySQL's 32."""
PROXY = "AWS::RDS::DBProxy"
PROXY_PORTS = {engines.POSTGRESQL: 5432, engines.MYSQL: 3306}
"""Ports that proxies listen on, whatever the cluster's is. [A10 rds-proxy.limitations]"""


class AllowSpec(Spec):
    """One source that may connect: a security group, a prefix list or a range; exactly one of them."""

    security_group: str | None = Field(default=None, description="Id of the security group that may connect")
    prefix_list: str | None = Field(default=None, description="Id of the prefix list that may connect")
    cidr: str | None = Field(default=None, description="IPv4 range that may connect, at best one address (/32)")

    @property
    def sources(self) -> dict[str, str]:
        """What is named, by the setting that names it."""
        given = {"security_group": self.security_group, "prefix_list": self.prefix_list, "cidr": self.cidr}
        return {name: value for name, value in given.items() if value is not None}


class Reached(Protocol):
    """Whatever `allow_from` lets somebody connect to."""

    @property
    def allow_from(self) -> Mapping[str, AllowSpec]: ...


class ProxySpec(Spec):
    """RDS Proxy before the cluster: pools connections, hides a failover; IAM and TLS are required."""

    users: tuple[str, ...] = Field(
        default=(),
        description="Database users that come through it, with IAM on both sides; the master user when left out",
    )
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


def _form(allow: AllowSpec) -> Iterator[tuple[str, str, str]]:
    """Name of each source that is not well-formed, what was given, and an example."""
    if allow.security_group is not None and not SECURITY_GROUP_ID.fullmatch(allow.security_group):
        yield "security_group", allow.security_group, "sg-0123456789abcdef0"
    if allow.prefix_list is not None and not PREFIX_LIST_ID.fullmatch(allow.prefix_list):
        yield "prefix_list", allow.prefix_list, "pl-0123456789abcdef0"
    if allow.cidr is not None and parsed_cidr(allow.cidr) is None:
        yield "cidr", allow.cidr, "10.20.3.4/32"


def _malformed_sources(spec: Reached) -> Iterator[Hit]:
    for name, allow in spec.allow_from.items():
        for field, given, example in _form(allow):
            yield Hit(("allow_from", name, field), given, fix=f"write it as in {example}")


def _not_one_source(spec: Reached) -> Iterator[Hit]:
    for name, allow in spec.allow_from.items():
        if len(allow.sources) != 1:
            yield Hit(("allow_from", name), " and ".join(allow.sources) or "none")


def _cidrs(spec: Reached) -> Iterator[tuple[str, IPv4Network]]:
    for name, allow in spec.allow_from.items():
        network = parsed_cidr(allow.cidr) if allow.cidr is not None else None
        if network is not None:
            yield name, network


def _public_sources(spec: Reached) -> Iterator[Hit]:
    for name, network in _cidrs(spec):
        if not any(network.subnet_of(each) for each in INSIDE):
            yield Hit(("allow_from", name, "cidr"), str(network))


def _wide_sources(spec: Reached) -> Iterator[Hit]:
    for name, network in _cidrs(spec):
        if network.num_addresses > 1 and any(network.subnet_of(each) for each in INSIDE):
            yield Hit(("allow_from", name, "cidr"), str(network))


def _repeated_sources(spec: Reached) -> Iterator[Hit]:
    seen: dict[tuple[str, str], str] = {}
    for name, allow in spec.allow_from.items():
        for field, given in allow.sources.items():
            if (field, given) in seen:
                yield Hit(("allow_from", name, field), given, fix=f"remove it: {seen[field, given]} allows it")
            seen.setdefault((field, given), name)


def allow_rules(unit: str) -> tuple[Rule[Any], ...]:
    """Rules of `allow_from`, for the table of whatever has one; `unit` is what its rules' ids begin with."""
    return (
        Rule(
            id=f"{unit}/allow-one",
            reads=(),
            broken=_not_one_source,
            must="name one of security_group, prefix_list and cidr",
            fix="give each source an entry of its own",
        ),
        Rule(
            id=f"{unit}/allow-form",
            reads=(),
            broken=_malformed_sources,
            must="be well-formed",
            fix="correct it",
        ),
        Rule(
            id=f"{unit}/allow-public",
            reads=(),
            broken=_public_sources,
            must="be a private range (RFC 1918, RFC 6598)",
            fix="name the security group of what connects, or a private address",
        ),
        Rule(
            id=f"{unit}/allow-wide",
            reads=(),
            broken=_wide_sources,
            must="be one address (/32)",
            fix=f"name the security group of what connects, or add `acknowledge: [{unit}/allow-wide]`",
            level="warning",
        ),
        Rule(
            id=f"{unit}/allow-repeat",
            reads=(),
            broken=_repeated_sources,
            must="be named once: EC2 refuses a second rule for it",
            fix="remove the repetition",
        ),
    )


def allow_count_rule(unit: str, *, ports: int = 1) -> Rule[Any]:
    """That the sources fit a security group which has nothing but a rule for each of them and each port."""
    most = limits.GROUP_RULES // ports

    def broken(spec: Reached) -> Iterator[Hit]:
        if len(spec.allow_from) > most:
            yield Hit(("allow_from",), len(spec.allow_from))

    return Rule(
        id=f"{unit}/allow-count",
        reads=("allow_from",),
        broken=broken,
        must=f"be {most} at most",
        fix=f"use a prefix list, or raise quota L-0EA8095F and add `acknowledge: [{unit}/allow-count]`",
        acknowledge=True,
    )


def _many_sources(spec: AuroraSpec) -> Iterator[Hit]:
    own = (spec.proxy is not None) + (spec.master_authentication == "own-secret")
    if len(spec.allow_from) + own > limits.GROUP_RULES:
        yield Hit(("allow_from",), len(spec.allow_from), must=f"be {limits.GROUP_RULES - own} at most")


def _proxy_region(spec: AuroraSpec) -> Iterator[Hit]:
    if spec.proxy is not None and spec.region in engines.regions_without(PROXY):
        yield Hit(("proxy",), spec.region)


def _proxy_users(spec: AuroraSpec) -> Iterator[Hit]:
    users = spec.proxy.users if spec.proxy is not None else ()
    for index, user in enumerate(users):
        if not DATABASE_USER.fullmatch(user):
            yield Hit(("proxy", "users", index), user)
        elif user in users[:index]:
            yield Hit(("proxy", "users", index), user, must="be named once", fix="remove the repetition")


def _proxy_for_nobody(spec: AuroraSpec) -> Iterator[Hit]:
    if spec.proxy is not None and not spec.proxy.users and spec.master_authentication == "iam":
        yield Hit(("proxy", "users"), "none")


def _proxy_for_master(spec: AuroraSpec) -> Iterator[Hit]:
    if spec.proxy is not None and not spec.proxy.users and spec.master_authentication != "iam":
        yield Hit(("proxy", "users"), "none")


RULES: tuple[Rule[AuroraSpec], ...] = (
    *allow_rules("aurora"),
    Rule(
        id="aurora/allow-count",
        reads=("allow_from", "proxy", "master_authentication"),
        broken=_many_sources,
        must=f"be {limits.GROUP_RULES} at most",
        fix="use a prefix list, or raise quota L-0EA8095F and add `acknowledge: [aurora/allow-count]`",
        acknowledge=True,
    ),
    Rule(
        id="aurora/proxy-region",
        reads=("proxy", "region"),
        broken=_proxy_region,
        must="be in a Region whose CloudFormation has RDS Proxy",
        fix="pool connections in the application, or add `acknowledge: [aurora/proxy-region]` if it has arrived there",
        acknowledge=True,
    ),
    Rule(
        id="aurora/proxy-user",
        reads=("proxy.users",),
        broken=_proxy_users,
        must="be the name of a database user",
        fix="write it as in app_rw; there is no name for all of them",
    ),
    Rule(
        id="aurora/proxy-nobody",
        reads=("proxy.users", "master_authentication"),
        broken=_proxy_for_nobody,
        must="be named: with an IAM master user there is no secret that the proxy could log in with",
        fix="name the database users that come through the proxy",
    ),
    Rule(
        id="aurora/proxy-master",
        reads=("proxy.users", "master_authentication"),
        broken=_proxy_for_master,
        must="be named: without them all who come through the proxy are the master user",
        fix="name the database users, or add `acknowledge: [aurora/proxy-master]`",
        level="warning",
    ),
)
