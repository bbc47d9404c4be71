"""A cluster as AWS shows it in all its parts: raw answers, so that no setting is lost on the way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Raw = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Portrait:
    """One cluster. Each part is what the named call answers, in botocore's own keys.

    `scaling` are the scalable targets, each with its `Policies` and `ScheduledActions`. `vpc_id` and `zones` are the
    subnet group's. `partial` is true of what a snapshot or a retained backup tells: what it lacks is not known, where
    a live cluster's answer lacks what it does not have.
    """

    cluster: Raw  # DescribeDBClusters
    instances: tuple[Raw, ...] = ()  # DescribeDBInstances
    endpoints: tuple[Raw, ...] = ()  # DescribeDBClusterEndpoints, custom ones only
    scaling: tuple[Raw, ...] = ()  # DescribeScalableTargets
    vpc_id: str = ""
    zones: tuple[str, ...] = ()
    partial: bool = False

    @property
    def cluster_id(self) -> str:
        return str(self.cluster["DBClusterIdentifier"])

    @property
    def arn(self) -> str:
        return str(self.cluster["DBClusterArn"])

    @property
    def status(self) -> str:
        return str(self.cluster.get("Status", ""))

    @property
    def tags(self) -> dict[str, str]:
        return {tag["Key"]: tag["Value"] for tag in self.cluster.get("TagList", [])}

    @property
    def writer(self) -> Raw | None:
        """The instance that RDS says is the writer."""
        writers = {m["DBInstanceIdentifier"] for m in self.cluster.get("DBClusterMembers", []) if m["IsClusterWriter"]}
        return next((each for each in self.instances if each["DBInstanceIdentifier"] in writers), None)
