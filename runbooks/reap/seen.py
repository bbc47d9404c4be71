"""What a Region has of clusters, and of what copies leave behind. Plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from runbooks.aws.ec2 import SecurityGroup
from runbooks.aws.rds import Cluster, Endpoint, Instance
from runbooks.aws.secrets import Secret
from runbooks.reap.request import ReapRequest
from runbooks.snapshot.aurora_family import QUOTA


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """A scalable target: the number of readers that Application Auto Scaling changes."""

    resource_id: str  # cluster:NAME
    dimension: str

    @property
    def cluster_id(self) -> str:
        return self.resource_id.partition(":")[2]


@dataclass(frozen=True, kw_only=True, slots=True)
class Final:
    """The final snapshot that this run had taken of a copy."""

    snapshot_id: str
    arn: str
    cluster_id: str
    status: str
    tags: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, kw_only=True, slots=True)
class Observed:
    """One look at a Region.

    `clusters` are all; the rest is what matters of those that look expired. `shared` and `in_global` are ARNs.
    `locked` has the reason, by cluster, why another run's lock is in the way. `records` are the names of Route 53 by
    the endpoints they lead to. `manual` counts the Region's manual snapshots, of which there may be `quota`.
    """

    request: ReapRequest
    run_id: str
    owner: str
    clusters: tuple[Cluster, ...] = ()
    instances: tuple[Instance, ...] = ()
    endpoints: tuple[Endpoint, ...] = ()
    targets: tuple[Target, ...] = ()
    groups: tuple[SecurityGroup, ...] = ()
    secrets: tuple[Secret, ...] = ()
    finals: tuple[Final, ...] = ()
    shared: frozenset[str] = frozenset()
    in_global: frozenset[str] = frozenset()
    locked: Mapping[str, str] = field(default_factory=dict[str, str])
    records: Mapping[str, str] = field(default_factory=dict[str, str])
    manual: int = 0
    quota: int = QUOTA

    def find(self, cluster_id: str) -> Cluster | None:
        return next((each for each in self.clusters if each.cluster_id == cluster_id), None)

    def by_arn(self, arn: str) -> Cluster | None:
        return next((each for each in self.clusters if each.arn == arn), None)

    def instances_of(self, cluster_id: str) -> tuple[Instance, ...]:
        return tuple(each for each in self.instances if each.cluster_id == cluster_id)
