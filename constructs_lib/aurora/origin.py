"""A cluster that is born from data that exists: a snapshot, a point in time, a clone."""

from __future__ import annotations

from collections.abc import Mapping

from aws_cdk import aws_rds as rds

from constructs_lib.foundation.cfn import acknowledge
from estate.aurora import AuroraSpec
from estate.origin import OriginSpec

FULL_COPY, COPY_ON_WRITE = "full-copy", "copy-on-write"

INHERITED = (
    "CloudFormation forbids StorageEncrypted beside SourceDBClusterIdentifier: the restored volume is encrypted as its "
    "source is, with the key of this template"
)
ENCRYPTION_IS_INHERITED: Mapping[str, str] = dict.fromkeys(
    (
        "AwsSolutions-RDS2",
        "HIPAA.Security-RDSStorageEncrypted",
        "NIST.800.53.R4-RDSStorageEncrypted",
        "NIST.800.53.R5-RDSStorageEncrypted",
        "PCI.DSS.321-RDSStorageEncrypted",
    ),
    INHERITED,
)


def set_origin(cluster: rds.CfnDBCluster, spec: AuroraSpec) -> None:
    """Say what the cluster is born from, and leave out what comes with the data; nothing without an origin.

    All else stays in the template: a restore takes no security group, parameter group, port or protection over from
    its source. Every property set here is create-only and must stay in later templates: without it CloudFormation
    wants a new, empty cluster. It cannot make one, since the identifier is literal: the update fails and rolls back.
    """
    origin = spec.origin
    if origin is None:
        return
    cluster.database_name = None
    cluster.master_username = None
    if origin.snapshot is not None:
        cluster.snapshot_identifier = origin.snapshot
        return
    _set_source(cluster, origin)
    cluster.storage_encrypted = None
    acknowledge(cluster, ENCRYPTION_IS_INHERITED)


def _set_source(cluster: rds.CfnDBCluster, origin: OriginSpec) -> None:
    cluster.source_db_cluster_identifier = origin.source
    cluster.restore_type = COPY_ON_WRITE if origin.clone_of is not None else FULL_COPY
    if origin.at is not None:
        cluster.restore_to_time = origin.at
    else:
        cluster.use_latest_restorable_time = True
