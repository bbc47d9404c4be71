"""What is looked at before access is planned: the cluster, and the role in its database. Plain values."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class ClusterSeen:
    """A cluster, as far as access needs it. `secret` is empty where the master user logs in with IAM."""

    cluster_id: str
    arn: str
    resource_id: str
    status: str
    engine: str
    port: int
    database: str
    writer_endpoint: str
    writer_id: str
    master_username: str
    iam_authentication: bool
    secret: str = ""

    def user_arn(self, user: str) -> str:
        """What an IAM policy names in `rds-db:connect`."""
        partition, _, region, account = self.arn.split(":")[1:5]
        return f"arn:{partition}:rds-db:{region}:{account}:dbuser:{self.resource_id}/{user}"


@dataclass(frozen=True, kw_only=True, slots=True)
class RoleSeen:
    """One database role.

    `databases` has those it was granted CONNECT on by name; `left` what else depends on it, in words; `marked` is
    True when the runbook made it.
    """

    name: str
    can_login: bool
    logs_in_with_iam: bool
    reads_all: bool = False
    marked: bool = False
    databases: tuple[str, ...] = ()
    left: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Observed:
    """What was seen. Empty strings and tuples mean that nothing stands in the way.

    `began` is True when an earlier sitting of this run may have changed something.
    """

    cluster: ClusterSeen | None
    role: RoleSeen | None = None
    databases: tuple[str, ...] = ()
    locked: tuple[str, ...] = ()
    unreachable: str = ""
    began: bool = False
