"""Names of a cluster in Route 53: a CNAME for the writer, the readers and each custom endpoint that wants one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from estate import limits
from estate.spec import Hit, Identifier, Integer, Path, Rule, Spec

if TYPE_CHECKING:
    from estate.aurora import AuroraSpec

_ZONE_ID = re.compile(r"Z[A-Z0-9]{1,31}")
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")
_AWS = ("amazonaws.com", "amazonaws.com.cn", "api.aws")


class DnsSpec(Spec):
    """Names of the cluster in a Route 53 zone, each a CNAME to an endpoint."""

    zone_name: str = Field(description="Domain of the zone, such as `db.example.internal`")
    hosted_zone_id: str | None = Field(
        default=None, description="Id of a zone that exists; a private one for the network is made when left out"
    )
    ttl_s: Annotated[Integer, Field(ge=0, le=limits.DNS_TTL_S_MAX)] = Field(
        default=5, description="Seconds that an answer is kept, which is how long a moved name takes"
    )
    writer: str | None = Field(default=None, description="Name of the writer endpoint, without the domain")
    reader: str | None = Field(default=None, description="Name of the reader endpoint, without the domain")
    endpoints: dict[Identifier, str] = Field(default={}, description="Names of custom endpoints, by endpoint")

    def full_name(self, name: str) -> str:
        """A name with the zone's domain behind it."""
        return f"{name}.{self.zone_name}"

    def all_names(self) -> Iterator[tuple[Path, str]]:
        """Every name, without the domain, and where it is said."""
        for field, name in (("writer", self.writer), ("reader", self.reader)):
            if name is not None:
                yield (field,), name
        for endpoint, name in self.endpoints.items():
            yield ("endpoints", endpoint), name


def is_domain(text: str, *, labels_min: int = 1) -> bool:
    """Whether a text is a domain name of lower-case labels, without a last dot."""
    labels = text.split(".")
    short = all(len(label) <= limits.DNS_LABEL_LENGTH_MAX for label in labels)
    fits = short and len(text) <= limits.DNS_NAME_LENGTH_MAX and len(labels) >= labels_min
    return fits and all(_LABEL.fullmatch(label) for label in labels)


def _no_names(spec: AuroraSpec) -> Iterator[Hit]:
    if spec.dns is not None and not list(spec.dns.all_names()):
        yield Hit(("dns",), "none")


def _malformed_zone_id(spec: AuroraSpec) -> Iterator[Hit]:
    zone = spec.dns.hosted_zone_id if spec.dns else None
    if zone is not None and not _ZONE_ID.fullmatch(zone):
        yield Hit(("dns", "hosted_zone_id"), zone)


def _malformed_zone(spec: AuroraSpec) -> Iterator[Hit]:
    if spec.dns is None:
        return
    zone = spec.dns.zone_name
    if not is_domain(zone, labels_min=2):
        yield Hit(("dns", "zone_name"), zone)
    elif any(zone == domain or zone.endswith(f".{domain}") for domain in _AWS):
        must, fix = "not be a domain of AWS", "it would hide AWS's own names from the network: choose one of yours"
        yield Hit(("dns", "zone_name"), zone, must=must, fix=fix)


def _malformed_names(spec: AuroraSpec) -> Iterator[Hit]:
    if spec.dns is None:
        return
    for path, name in spec.dns.all_names():
        if not is_domain(name):
            yield Hit(("dns", *path), name)
        elif len(spec.dns.full_name(name)) > limits.DNS_NAME_LENGTH_MAX:
            must = f"have {limits.DNS_NAME_LENGTH_MAX} characters at most with the domain"
            yield Hit(("dns", *path), name, must=must, fix="shorten it")
        elif name.endswith(spec.dns.zone_name):
            fix = f"leave .{spec.dns.zone_name} out, or the record is {spec.dns.full_name(name)}"
            yield Hit(("dns", *path), name, must="be written without the domain", fix=fix)


def _repeated_names(spec: AuroraSpec) -> Iterator[Hit]:
    taken: set[str] = set()
    for path, name in spec.dns.all_names() if spec.dns else ():
        if name in taken:
            yield Hit(("dns", *path), name)
        taken.add(name)


def _unknown_endpoints(spec: AuroraSpec) -> Iterator[Hit]:
    for name in spec.dns.endpoints if spec.dns else ():
        if name not in spec.endpoints:
            yield Hit(("dns", "endpoints", name), name, fix=f"name one of {', '.join(spec.endpoints) or 'endpoints:'}")


def _not_in_certificate(spec: AuroraSpec) -> Iterator[Hit]:
    if spec.dns is not None:
        yield Hit(("dns",), f"names under {spec.dns.zone_name}")


RULES: tuple[Rule[AuroraSpec], ...] = (
    Rule(
        id="aurora/dns-none",
        reads=("dns",),
        broken=_no_names,
        must="give at least one of writer, reader and endpoints a name",
        fix="add `writer: orders`",
    ),
    Rule(
        id="aurora/dns-zone-id",
        reads=("dns",),
        broken=_malformed_zone_id,
        must="be Z and up to 31 upper-case letters or digits",
        fix="copy it from Route 53, without /hostedzone/, or leave it out for a private zone of the stack's own",
    ),
    Rule(
        id="aurora/dns-zone",
        reads=("dns",),
        broken=_malformed_zone,
        must="be a domain of two labels at least, in lower case, without a last dot",
        fix="write it as in db.example.internal",
    ),
    Rule(
        id="aurora/dns-name",
        reads=("dns",),
        broken=_malformed_names,
        must="be lower-case letters, digits and hyphens, with dots between labels of 63 at most",
        fix="write it as in orders or orders.read",
    ),
    Rule(
        id="aurora/dns-repeat",
        reads=("dns",),
        broken=_repeated_names,
        must="be a name of its own",
        fix="a CNAME has one target: choose another",
    ),
    Rule(
        id="aurora/dns-endpoint",
        reads=("dns", "endpoints"),
        broken=_unknown_endpoints,
        must="be a custom endpoint of the cluster",
        fix="declare it under endpoints",
    ),
    Rule(
        id="aurora/dns-certificate",
        reads=("dns",),
        broken=_not_in_certificate,
        must="be in the server's certificate, which holds Aurora's names only",
        fix="clients check the authority alone (verify-ca), and sign IAM tokens for Aurora's name",
        level="warning",
    ),
)
