"""A cluster that shares its data with other Regions: a member of a Global Database, or a replica by binlog."""

from __future__ import annotations

from dataclasses import dataclass

from aws_cdk import aws_rds as rds

from constructs_lib.foundation.cfn import acknowledge
from estate import engines
from estate.aurora import AuroraSpec

NO_BACKTRACK = {
    "AwsSolutions-RDS14": (
        "a cluster that shares its data with other Regions can't be wound back: AWS refuses backtrack for members of "
        "a Global Database, and beside binlog replication"
    ),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Membership:
    """The part that a cluster was born to in a Global Database; a switchover changes the roles, never this.

    Attributes:
        global_cluster_identifier: The Global Database, by its literal name: nothing refers from Region to Region.
        is_secondary: Whether it joined as a secondary, and so has no master user of its own.
        write_forwarding: Whether its readers send writes on while it is a secondary.
    """

    global_cluster_identifier: str
    is_secondary: bool = False
    write_forwarding: bool = False

    @property
    def is_copy(self) -> bool:
        """Whether users and passwords came with the data."""
        return self.is_secondary


@dataclass(frozen=True, kw_only=True, slots=True)
class ReplicaSource:
    """The Aurora MySQL cluster in another Region whose binlog a cluster follows: its ARN and its Region."""

    arn: str
    region: str
    is_copy: bool = True


Replication = Membership | ReplicaSource


def set_replication(cluster: rds.CfnDBCluster, spec: AuroraSpec, replication: Replication | None) -> None:
    """Say where the cluster's data comes from and goes to, and leave out the master user that comes with it.

    Every property set here but write forwarding is decided when the cluster is created; a template that keeps it
    changes nothing, whichever Region is the primary by then.

    Raises:
        ValueError: the spec asks for replication and none was given.
    """
    _check(spec, replication)
    if replication is None:
        return
    if isinstance(replication, ReplicaSource):
        cluster.replication_source_identifier = replication.arn
        cluster.source_region = replication.region
    else:
        cluster.global_cluster_identifier = replication.global_cluster_identifier
        if engines.can_forward_globally(spec.engine, spec.version):
            cluster.enable_global_write_forwarding = replication.write_forwarding
    if replication.is_copy:
        _leave_out_master_user(cluster)
    if spec.engine == engines.MYSQL:
        acknowledge(cluster, NO_BACKTRACK)


def _check(spec: AuroraSpec, replication: Replication | None) -> None:
    if spec.global_database is not None and not isinstance(replication, Membership):
        raise ValueError(
            f"{spec.name}: replication must be a Membership for a spec with `global`, got nothing; pass "
            "`replication=database.primary` of its `GlobalDatabase`"
        )
    if spec.replica_of is not None and not isinstance(replication, ReplicaSource):
        raise ValueError(
            f"{spec.name}: replication must be a ReplicaSource for a spec with `replica_of`, got nothing; pass "
            "`replication=ReplicaSource(arn=..., region=...)`"
        )


def _leave_out_master_user(cluster: rds.CfnDBCluster) -> None:
    """AWS refuses a master user, however it would log in, for a cluster whose users come with the data."""
    cluster.database_name = None
    cluster.manage_master_user_password = None
    cluster.master_user_authentication_type = None
    cluster.master_user_password = None
    cluster.master_user_secret = None
    cluster.master_username = None
