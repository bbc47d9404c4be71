"""A cluster as a drill sees it: members, endpoints, and what the servers behind them say of themselves. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

AVAILABLE: Final = "available"
_SIZES: Final = {"micro": 0.125, "small": 0.25, "medium": 0.5, "large": 1.0, "xlarge": 2.0}


@dataclass(frozen=True, kw_only=True, slots=True)
class MemberSeen:
    """One instance. `tier` is its promotion tier, 0 (first) to 15."""

    instance_id: str
    is_writer: bool
    tier: int
    status: str
    instance_class: str
    zone: str
    address: str

    @property
    def size(self) -> float:
        """How large its class is, in units of `large`; 0 for serverless, whose size is not in its name."""
        last = self.instance_class.rsplit(".", 1)[-1]
        many = re.fullmatch(r"(\d+)xlarge", last)
        return 2.0 * int(many[1]) if many else _SIZES.get(last, 0.0)


@dataclass(frozen=True, kw_only=True, slots=True)
class EndpointSeen:
    """One endpoint that is read from: the cluster's reader endpoint, or a custom one."""

    name: str
    host: str
    kind: str
    members: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()

    @classmethod
    def from_plain(cls, values: Mapping[str, Any]) -> EndpointSeen:
        """Back from the journal."""
        plain: dict[str, Any] = {
            **values,
            "members": tuple(values["members"]),
            "excluded": tuple(values["excluded"]),
        }
        return cls(**plain)


@dataclass(frozen=True, kw_only=True, slots=True)
class Topology:
    """A cluster's members and endpoints at one moment."""

    cluster_id: str
    status: str
    engine: str
    engine_version: str
    port: int
    database: str
    writer_endpoint: str
    endpoints: tuple[EndpointSeen, ...]
    members: tuple[MemberSeen, ...]
    global_cluster_id: str = ""
    secret_arn: str = ""
    master_username: str = ""

    @property
    def writer(self) -> MemberSeen | None:
        return next((member for member in self.members if member.is_writer), None)

    @property
    def writer_id(self) -> str:
        return self.writer.instance_id if self.writer else ""

    @property
    def readers(self) -> tuple[MemberSeen, ...]:
        return tuple(member for member in self.members if not member.is_writer)

    @property
    def promotable(self) -> tuple[MemberSeen, ...]:
        return tuple(member for member in self.readers if member.status == AVAILABLE)

    def member(self, instance_id: str) -> MemberSeen | None:
        return next((member for member in self.members if member.instance_id == instance_id), None)

    @classmethod
    def from_plain(cls, values: Mapping[str, Any]) -> Topology:
        """Back from the journal."""
        endpoints = tuple(EndpointSeen.from_plain(raw) for raw in values["endpoints"])
        members = tuple(MemberSeen(**raw) for raw in values["members"])
        plain: dict[str, Any] = {**values, "endpoints": endpoints, "members": members}
        return cls(**plain)

    def to_plain(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, kw_only=True, slots=True)
class ServerSeen:
    """What the server behind a name said. `is_reader` is None when it did not answer; then `error` says why."""

    name: str
    address: str = ""
    is_reader: bool | None = None
    error: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Prediction:
    """Who Aurora will promote, and why that is expected."""

    instance_id: str
    why: str


def predict_promotion(topology: Topology, target_id: str | None = None) -> Prediction | None:
    """The reader that will be promoted: the one asked for, else by tier, then by class; None without readers."""
    readers = topology.promotable
    if not readers:
        return None
    if target_id is not None:
        return Prediction(instance_id=target_id, why="it was asked for; Aurora takes that as a suggestion")
    best = min(readers, key=lambda reader: (reader.tier, -reader.size))
    rivals = [reader for reader in readers if reader.tier == best.tier and reader is not best]
    if not rivals:
        others = (
            f"the lowest of {len(readers)} available readers" if len(readers) > 1 else "it is the only available reader"
        )
        return Prediction(instance_id=best.instance_id, why=f"promotion tier {best.tier}: {others}")
    names = ", ".join(rival.instance_id for rival in rivals)
    if all(rival.size < best.size for rival in rivals):
        why = f"tier {best.tier} like {names}, and its class {best.instance_class} is the largest"
    else:
        why = f"tier {best.tier} and size are those of {names} too: between them Aurora's choice is arbitrary"
    return Prediction(instance_id=best.instance_id, why=why)


def changes(before: Topology, after: Topology) -> tuple[str, ...]:
    """What differs that a failover must not change: members and endpoints."""
    found: list[str] = []
    was, now = {m.instance_id for m in before.members}, {m.instance_id for m in after.members}
    found += [f"{gone} is no member any more" for gone in sorted(was - now)]
    found += [f"{new} is a new member" for new in sorted(now - was)]
    had, has = {(e.name, e.host) for e in before.endpoints}, {(e.name, e.host) for e in after.endpoints}
    found += [f"endpoint {name} is gone" for name, _host in sorted(had - has)]
    found += [f"endpoint {name} is new" for name, _host in sorted(has - had)]
    if before.writer_endpoint != after.writer_endpoint:
        found.append("the writer endpoint's name changed")
    return tuple(found)
