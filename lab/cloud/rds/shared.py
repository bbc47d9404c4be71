"""Clusters of other accounts: what one sees of them, and what cloning one takes.

Source: Aurora User Guide, "Cross-account cloning with AWS RAM and Amazon Aurora". The guide names no error codes; where
it says what is refused, RDS's code for parameters that do not go together stands here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from moto.kms.models import kms_backends
from moto.rds.models import rds_backends

from lab.cloud.awserrors import invalid_combination, rds_error
from lab.cloud.ram.models import shared_with

MAX_CLONES = 15
"""Of a cluster and its clones, in all other accounts together (facts C4)."""
KEY_ACTIONS = ("kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey")


def is_foreign(backend: Any, identifier: str) -> bool:
    """Whether it is the ARN of another account's cluster."""
    return identifier.startswith("arn:") and identifier.split(":")[4] != backend.account_id


def _cluster(arn: str) -> Any:
    _, _, _, region, account, _, name = arn.split(":", 6)
    return rds_backends[account][region].clusters[name]


def shown_clusters(backend: Any) -> list[dict[str, Any]]:
    """What DescribeDBClusters adds with IncludeShared: "such entries have few fields other than DBClusterArn"."""
    return [shown_cluster(arn) for arn in shared_with(backend.account_id, backend.region_name)]


def shown_cluster(arn: str) -> dict[str, Any]:
    found = _cluster(arn)
    return {
        "DBClusterArn": arn,
        "Engine": found.engine,
        "EngineVersion": found.engine_version,
        "StorageEncrypted": bool(found.storage_encrypted),
    }


def foreign_cluster(backend: Any, arn: str) -> Any:
    """Another account's cluster by its ARN: "if the ARN hasn't been shared, then the same error is returned as if the
    specified cluster doesn't exist".
    """
    if arn not in shared_with(backend.account_id, backend.region_name):
        raise rds_error("DBClusterNotFoundFault", f"The source cluster could not be found or cannot be accessed: {arn}")
    return _cluster(arn)


def check_cross_account(backend: Any, source: Any, given: Mapping[str, Any]) -> None:
    """One clone per account of a source and its clones, 15 in all; an encrypted one needs a key and the source's."""
    if given.get("restore_type") != "copy-on-write":
        raise invalid_combination("A DB cluster that is shared with you can only be cloned: RestoreType copy-on-write.")
    owners = [owner for owner, _ in _clones(source)]
    if backend.account_id in owners:
        raise invalid_combination("You can create only one cross-account clone of a cluster within any AWS account.")
    if len(owners) >= MAX_CLONES:
        raise invalid_combination(f"The DB cluster has the maximum number of cross-account clones, {MAX_CLONES}.")
    if source.storage_encrypted:
        _check_key(backend.account_id, source)
        if not given.get("kms_key_id"):
            raise invalid_combination("KmsKeyId must be given: the DB cluster that is shared with you is encrypted.")


def _clones(source: Any) -> Iterator[tuple[str, Any]]:
    group = source.clone_group_id
    for account, regions in list(rds_backends.items()):
        clusters = regions[source.region].clusters if source.region in regions else {}
        for cluster in list(clusters.values()):
            if group and getattr(cluster, "clone_group_id", None) == group and cluster.cross_account_clone:
                yield account, cluster


def _check_key(account: str, source: Any) -> None:
    """The destination "must have permission to use the encryption key used to encrypt the source cluster"; a cluster
    with the default key cannot be cloned across accounts.
    """
    _, _, _, region, owner, name = source.kms_key_id.split(":", 5)
    key = kms_backends[owner][region].describe_key(name.rpartition("/")[2])
    if key.key_manager == "AWS" or not _allows(json.loads(key.policy), account):
        raise rds_error(
            "KMSKeyNotAccessibleFault",
            f"The specified KMS key [{source.kms_key_id}] does not exist, is not enabled or you do not have "
            "permissions to access it.",
        )


def _allows(policy: Mapping[str, Any], account: str) -> bool:
    allowed = [
        action
        for statement in policy.get("Statement", [])
        if statement["Effect"] == "Allow" and _names(statement.get("Principal"), account)
        for action in _listed(statement.get("Action"))
    ]
    return all(any(fnmatchcase(wanted, pattern) for pattern in allowed) for wanted in KEY_ACTIONS)


def _names(principal: Any, account: str) -> bool:
    listed = _listed(principal.get("AWS") if isinstance(principal, dict) else principal)
    return any(each in {"*", account} or each.endswith(f":iam::{account}:root") for each in listed)


def _listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value or [])
