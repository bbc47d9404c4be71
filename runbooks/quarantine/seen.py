"""A quarantine: what is asked for, and what of it AWS shows. Plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from estate.names import TAG_QUARANTINE, master_secret
from runbooks.aws.ec2 import SecurityGroup
from runbooks.aws.secrets import Secret

Master = Literal["managed", "own", "iam"]
Stage = Literal["", "rotated", "open"]

STAGES: Final[tuple[Stage, ...]] = ("", "rotated", "open")
SUFFIX: Final = "-quarantine"


def quarantine_group(cluster_id: str) -> str:
    """Name of the security group that a cluster is born in; it has no ingress."""
    return f"{cluster_id}{SUFFIX}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Quarantine:
    """How a new cluster is kept closed until nothing of production's gets in, or out.

    `arn` is the new cluster's. `tags` are of what is made. `master` says who keeps the new password of the master
    user: RDS, a secret of the cluster's own, or nobody, since it logs in with IAM. `source_secret` is RDS's secret of
    what it was made from. `reach_from` is the one network or security group that reaches the closed cluster,
    for SQL. `rotate_roles` changes the passwords of all other users. `open_groups` empty: it stays closed.
    """

    target_id: str
    arn: str
    engine: str
    port: int
    vpc_id: str
    tags: Mapping[str, str]
    master: Master
    master_username: str = ""
    source_secret: str = ""
    reach_from: str = ""
    rotate_roles: bool = False
    open_groups: tuple[str, ...] = ()

    @property
    def group_name(self) -> str:
        return quarantine_group(self.target_id)

    @property
    def secret_name(self) -> str:
        """Where the new password of a master user is that RDS does not keep."""
        return master_secret(self.target_id)

    @property
    def stays_closed(self) -> bool:
        return not self.open_groups


@dataclass(frozen=True, kw_only=True, slots=True)
class QuarantineSeen:
    """What is there. `groups` are the new cluster's security groups, empty while it does not exist.

    `opening` are the groups that it is to be opened with, and the one that SQL is run from, as EC2 knows them.
    """

    group: SecurityGroup | None = None
    secret: Secret | None = None
    tags: Mapping[str, str] = field(default_factory=dict[str, str])
    groups: tuple[str, ...] = ()
    managed_secret: str = ""
    opening: tuple[SecurityGroup, ...] = ()

    @property
    def stage(self) -> Stage:
        """How far it has come, by its tag."""
        said = self.tags.get(TAG_QUARANTINE, "")
        for stage in STAGES:
            if stage == said:
                return stage
        return ""

    def has_reached(self, stage: Stage) -> bool:
        return STAGES.index(self.stage) >= STAGES.index(stage)
