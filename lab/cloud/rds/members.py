"""What RDS refuses of a global database's members, and of cross-Region replicas, beyond what holds for any cluster."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lab.cloud.awserrors import invalid_combination, rds_error
from lab.cloud.rds import checks

MAX_SECONDARIES = 10  # facts A2
_LOGIN = {
    "master_username": "user name",
    "master_user_password": "password",
    "database_name": "database name",
}


def refuse_login(given: Mapping[str, Any]) -> None:
    """User, password and database come from the primary; the words are RDS's own."""
    for parameter, words in _LOGIN.items():
        if given.get(parameter):
            raise invalid_combination(f"Cannot specify {words} for cross region replication cluster")
    if given.get("manage_master_user_password"):
        raise invalid_combination("ManageMasterUserPassword is not for cross region replication clusters.")


def check_joining(database: Any, region: str, given: Mapping[str, Any]) -> None:
    """Whether a new cluster may become a member of a global database."""
    if given.get("replication_source_identifier"):
        raise invalid_combination("ReplicationSourceIdentifier cannot be specified with GlobalClusterIdentifier.")
    if given["engine"] != database.engine:
        raise invalid_combination(
            f"The engine name requested for your DB cluster ({given['engine']}) doesn't match the engine name of your "
            f"global cluster ({database.engine})."
        )
    version = given.get("engine_version") or database.version
    if version != database.version:
        raise invalid_combination(
            f"The engine version requested for your DB cluster ({version}) doesn't match the engine version of your "
            f"global cluster ({database.version})."
        )
    if given.get("manage_master_user_password"):
        raise invalid_combination("ManageMasterUserPassword is not supported for members of a global cluster.")
    if given.get("backtrack_window"):
        raise invalid_combination("Backtrack is not supported for members of a global cluster.")
    encrypted = given.get("storage_encrypted")
    if encrypted is not None and bool(encrypted) != bool(database.storage_encrypted):
        raise invalid_combination(
            f"StorageEncrypted of the cluster ({encrypted}) doesn't match its global cluster's "
            f"({database.storage_encrypted})."
        )
    if database.primary is not None:
        _check_secondary(database, region, given)


def _check_secondary(database: Any, region: str, given: Mapping[str, Any]) -> None:
    refuse_login(given)
    if region in {member.region for member in database.members}:
        raise rds_error("InvalidGlobalClusterStateFault", f"{database.arn} has a cluster in {region} already.")
    if len(database.secondaries) >= MAX_SECONDARIES:
        raise rds_error(
            "InvalidGlobalClusterStateFault", f"{database.arn} has {MAX_SECONDARIES} secondary clusters already."
        )
    primary = database.primary
    readers = checks.MAX_TIER - len(database.secondaries) - 1
    if len(primary.clustered) - 1 > readers:
        raise rds_error(
            "InvalidDBClusterStateFault",
            f"{primary.db_cluster_arn} has {len(primary.clustered) - 1} readers; with one more secondary cluster it "
            f"may have {readers}.",
        )
    if primary.status != "available" or not any(each.status == "available" for each in primary.clustered):
        raise rds_error(
            "InvalidDBClusterStateFault",
            f"Source cluster {primary.db_cluster_arn} is in a state which is not valid for physical replication",
        )
    if database.storage_encrypted and not given.get("kms_key_id"):
        raise invalid_combination("kmsKeyId should be explicitly specified")


def complete_joining(database: Any, given: dict[str, Any]) -> None:
    """What a member takes from its global database when the request does not say it."""
    given["engine_version"] = given.get("engine_version") or database.version
    given["storage_encrypted"] = bool(database.storage_encrypted)
    if database.primary is None and database.database_name:
        given["database_name"] = given.get("database_name") or database.database_name


def check_member_change(cluster: Any, given: Mapping[str, Any]) -> None:
    """What ModifyDBCluster refuses of a member of a global database (facts G15)."""
    database = cluster.global_database
    if database is None:
        if given.get("enable_global_write_forwarding"):
            raise invalid_combination("EnableGlobalWriteForwarding is only for members of a global cluster.")
        return
    if given.get("new_db_cluster_identifier"):
        raise invalid_combination("A cluster that is part of a global cluster cannot be renamed.")
    if given.get("manage_master_user_password"):
        raise invalid_combination("ManageMasterUserPassword is not supported for members of a global cluster.")
    if given.get("backtrack_window"):
        raise invalid_combination("Backtrack is not supported for members of a global cluster.")
    if given.get("master_user_password") and cluster.is_secondary:
        raise invalid_combination("Cannot specify password for cross region replication cluster")
    if given.get("engine_version") and given["engine_version"] != cluster.engine_version:
        _check_version(cluster, database, given["engine_version"])


def _check_version(cluster: Any, database: Any, version: str) -> None:
    before, after = (checks.default_family(cluster.engine, each) for each in (cluster.engine_version, version))
    if before != after:
        raise invalid_combination("Upgrade the major version of a global cluster's members by ModifyGlobalCluster.")
    behind = [each.db_cluster_arn for each in database.secondaries if each.engine_version != version]
    if not cluster.is_secondary and behind:
        raise invalid_combination(
            f"Upgrade the secondary clusters before the primary; still of another version: {', '.join(behind)}."
        )
