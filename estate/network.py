"""The network of one Region: a new VPC, or an existing one by its ids."""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import IPv4Network
from typing import Annotated, Any, ClassVar

from pydantic import Field

from estate import limits, resources
from estate.spec import ACKNOWLEDGE, OVERRIDES, Acknowledge, Hit, Integer, Overrides, Rule, Spec

DEFAULT_CIDR = "10.0.0.0/16"
PRIVATE = tuple(IPv4Network(text) for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))
"""RFC 1918."""
VPC_ID = re.compile(r"vpc-([0-9a-f]{8}|[0-9a-f]{17})")
SECURITY_GROUP_ID = re.compile(r"sg-([0-9a-f]{8}|[0-9a-f]{17})")
SUBNET_ID = re.compile(r"subnet-([0-9a-f]{8}|[0-9a-f]{17})")
ZONE = re.compile(r"[a-z]{2,4}(-[a-z]+)+-\d[a-p]")
"""A Region's own zones; a network has sixteen slots, one for each letter."""
SERVICE = re.compile(r"[a-z][a-z0-9.-]{1,62}")


class NetworkSpec(Spec):
    """A new VPC (`cidr`, `zones`) or an existing one (`vpc`, `subnets`)."""

    cidr: str = Field(default=DEFAULT_CIDR, description="IPv4 range of a new VPC, /16 to /26")
    zones: Annotated[Integer, Field(ge=limits.ZONES_MIN, le=limits.ZONES_MAX)] = Field(
        default=3, description="Availability zones of a new VPC, one isolated subnet in each"
    )
    availability_zones: tuple[str, ...] = Field(
        default=(), description="Their names; the first ones of the Region when left out"
    )
    vpc: str | None = Field(default=None, description="Id of an existing VPC")
    subnets: tuple[str, ...] = Field(default=(), description="Its subnets, two at least, in different zones")
    flow_log_retention_days: Integer = Field(default=365, description="Days that flow logs are kept")
    endpoints: tuple[str, ...] = Field(
        default=(), description="AWS services to be reached from the VPC, such as `secretsmanager` or `s3`"
    )
    endpoint_security_group: str | None = Field(
        default=None, description="Security group of an existing VPC's interface endpoints"
    )
    acknowledge: Acknowledge = Field(default=(), description=ACKNOWLEDGE)
    overrides: Overrides = Field(default={}, description=OVERRIDES)

    RULES: ClassVar[tuple[Rule[Any], ...]] = ()

    @property
    def is_existing(self) -> bool:
        return self.vpc is not None


def parsed_cidr(text: str) -> IPv4Network | None:
    """None when it is no IPv4 network, written with its prefix length."""
    try:
        network = IPv4Network(text)
    except ValueError:
        return None
    return network if str(network) == text else None


def _malformed_cidr(spec: NetworkSpec) -> Iterator[Hit]:
    if parsed_cidr(spec.cidr) is None:
        yield Hit(("cidr",), spec.cidr)


def _cidr_size(spec: NetworkSpec) -> Iterator[Hit]:
    network = parsed_cidr(spec.cidr)
    if network and not limits.CIDR_PREFIX_MIN <= network.prefixlen <= limits.CIDR_PREFIX_MAX:
        yield Hit(("cidr",), spec.cidr)


def _cidr_room(spec: NetworkSpec) -> Iterator[Hit]:
    network = parsed_cidr(spec.cidr)
    if network and limits.CIDR_PREFIX_MIN <= network.prefixlen <= limits.CIDR_PREFIX_MAX:
        subnets = 2 ** (limits.CIDR_PREFIX_MAX - network.prefixlen)
        if subnets < spec.zones:
            yield Hit(("cidr",), spec.cidr, must=f"have room for {spec.zones} subnets of /{limits.CIDR_PREFIX_MAX}")


def _public_cidr(spec: NetworkSpec) -> Iterator[Hit]:
    network = parsed_cidr(spec.cidr)
    private = network is None or any(network.subnet_of(each) for each in PRIVATE)
    if network and not spec.is_existing and not private and not _is_unusable(network):
        yield Hit(("cidr",), spec.cidr)


def _unusable_cidr(spec: NetworkSpec) -> Iterator[Hit]:
    network = parsed_cidr(spec.cidr)
    if network and not spec.is_existing and _is_unusable(network):
        yield Hit(("cidr",), spec.cidr)


def _is_unusable(network: IPv4Network) -> bool:
    """Ranges that no host can have: this network, loopback, link-local, multicast and reserved. [RFC 6890]"""
    first = network.network_address
    return not first.packed[0] or first.is_loopback or first.is_link_local or first.is_multicast or first.is_reserved


def _few_subnets(spec: NetworkSpec) -> Iterator[Hit]:
    if spec.is_existing and len(set(spec.subnets)) < limits.SUBNETS_MIN:
        yield Hit(("subnets",), f"{len(set(spec.subnets))}")
    for index, subnet in enumerate(spec.subnets):
        if spec.is_existing and subnet in spec.subnets[:index]:
            yield Hit(("subnets", index), subnet, must="be named once", fix="remove the repetition")


def _mixed(spec: NetworkSpec) -> Iterator[Hit]:
    if not spec.is_existing:
        if spec.subnets:
            yield Hit(("subnets",), spec.subnets, must="stand beside vpc", fix="add `vpc: vpc-...` or remove them")
        if spec.endpoint_security_group is not None:
            given, fix = spec.endpoint_security_group, "remove it: a new VPC's endpoints have a group of their own"
            yield Hit(("endpoint_security_group",), given, must="stand beside vpc", fix=fix)
        return
    for name in ("cidr", "zones", "endpoints", "overrides", "flow_log_retention_days"):
        if name in spec.model_fields_set:
            yield Hit((name,), getattr(spec, name))


def _ids(spec: NetworkSpec) -> Iterator[Hit]:
    if spec.vpc is not None and not VPC_ID.fullmatch(spec.vpc):
        yield Hit(("vpc",), spec.vpc, must="be the id of a VPC", fix="write it as in vpc-0123456789abcdef0")
    for index, subnet in enumerate(spec.subnets):
        if not SUBNET_ID.fullmatch(subnet):
            fix = "write it as in subnet-0123456789abcdef0"
            yield Hit(("subnets", index), subnet, must="be the id of a subnet", fix=fix)
    group = spec.endpoint_security_group
    if group is not None and not SECURITY_GROUP_ID.fullmatch(group):
        fix = "write it as in sg-0123456789abcdef0"
        yield Hit(("endpoint_security_group",), group, must="be the id of a security group", fix=fix)


def _zone_names(spec: NetworkSpec) -> Iterator[Hit]:
    names = spec.availability_zones
    for index, name in enumerate(names):
        if not ZONE.fullmatch(name):
            fix = "write it as in eu-west-1a"
            yield Hit(("availability_zones", index), name, must="be the name of a zone", fix=fix)
    wanted = len(spec.subnets) if spec.is_existing else spec.zones
    if names and (len(set(names)) != len(names) or (len(names) != wanted and not spec.is_existing)):
        yield Hit(("availability_zones",), names, must=f"name {wanted} different zones")
    if names and spec.is_existing and len(names) != wanted:
        yield Hit(("availability_zones",), names, must=f"name one zone for each of the {wanted} subnets")


def _services(spec: NetworkSpec) -> Iterator[Hit]:
    for index, name in enumerate(spec.endpoints):
        if not SERVICE.fullmatch(name) or name.startswith("com."):
            yield Hit(("endpoints", index), name)
        elif name.replace(".", "-") in {each.replace(".", "-") for each in spec.endpoints[:index]}:
            yield Hit(("endpoints", index), name, must="be named once", fix="remove the repetition")


def _log_retention(spec: NetworkSpec) -> Iterator[Hit]:
    if spec.flow_log_retention_days not in limits.LOG_RETENTION_DAYS:
        yield Hit(("flow_log_retention_days",), spec.flow_log_retention_days)


RULES: tuple[Rule[NetworkSpec], ...] = (
    Rule(
        id="network/cidr-form",
        reads=("cidr",),
        broken=_malformed_cidr,
        must="be an IPv4 network without host bits",
        fix="write it as in 10.20.0.0/16",
    ),
    Rule(
        id="network/cidr-size",
        reads=("cidr",),
        broken=_cidr_size,
        must=f"be between /{limits.CIDR_PREFIX_MIN} and /{limits.CIDR_PREFIX_MAX}",
        fix="choose a range of that size",
    ),
    Rule(
        id="network/cidr-room",
        reads=("cidr", "zones"),
        broken=_cidr_room,
        must="have room for its zones",
        fix="choose a larger range or fewer zones",
    ),
    Rule(
        id="network/cidr-public",
        reads=("cidr", "vpc"),
        broken=_public_cidr,
        must="be private (RFC 1918)",
        fix="choose one of 10/8, 172.16/12, 192.168/16, or add `acknowledge: [network/cidr-public]`",
        level="warning",
    ),
    Rule(
        id="network/cidr-unusable",
        reads=("cidr", "vpc"),
        broken=_unusable_cidr,
        must="be a range that hosts can have",
        fix="choose one of 10/8, 172.16/12, 192.168/16",
    ),
    Rule(
        id="network/subnets",
        reads=("vpc", "subnets"),
        broken=_few_subnets,
        must=f"be {limits.SUBNETS_MIN} at least, in different zones",
        fix="list the subnets that databases may use",
    ),
    Rule(
        id="network/existing",
        reads=(
            *("vpc", "subnets", "cidr", "zones", "endpoints", "flow_log_retention_days"),
            "endpoint_security_group",
        ),
        broken=_mixed,
        must="be left out beside vpc",
        fix="remove it: an existing VPC is used as it is",
    ),
    Rule(
        id="network/id",
        reads=("vpc", "subnets", "endpoint_security_group"),
        broken=_ids,
        must="be an id",
        fix="copy it from the console",
    ),
    Rule(
        id="network/zone",
        reads=("availability_zones", "zones", "subnets"),
        broken=_zone_names,
        must="name as many zones as there are",
        fix="correct the list, or leave it out",
    ),
    Rule(
        id="network/endpoint",
        reads=("endpoints",),
        broken=_services,
        must="be a service name without its prefix",
        fix="write it as in secretsmanager or s3",
    ),
    Rule(
        id="network/log-retention",
        reads=("flow_log_retention_days",),
        broken=_log_retention,
        must="be a retention that CloudWatch Logs has",
        fix="choose one of 30, 90, 180, 365, 731",
    ),
    Rule(
        id="network/override-unknown",
        reads=("overrides",),
        broken=lambda spec: resources.unknown_overrides(resources.VPC, spec.overrides),
        must="be a property of the resource",
        fix="see the CloudFormation reference",
    ),
    Rule(
        id="network/override-value",
        reads=(),
        broken=lambda spec: resources.wrong_overrides(resources.VPC, spec.overrides),
        must="be a value of the property",
        fix="see the resource's page in the CloudFormation reference",
    ),
)

NetworkSpec.RULES = RULES
