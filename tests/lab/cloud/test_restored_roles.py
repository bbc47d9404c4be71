"""Roles that a restored cluster is given: those of the call, never its source's."""

from __future__ import annotations

from typing import Any

import pytest

from tests.lab.cloud.conftest import Aws
from tests.lab.cloud.test_rds import CLUSTER, LARGE, shown

IMPORT = {"RoleArn": "arn:aws:iam::123456789012:role/import", "FeatureName": "s3Import"}
EXPORT = {"RoleArn": "arn:aws:iam::123456789012:role/export", "FeatureName": "s3Export"}


def roles(rds: Any, name: str) -> list[dict[str, str]]:
    return [{key: role[key] for key in IMPORT} for role in shown(rds, name)["AssociatedRoles"]]


@pytest.mark.parametrize("given", [[], [EXPORT]], ids=["none", "one"])
def test_a_restored_cluster_has_the_roles_it_is_given(aws: Aws, given: list[dict[str, str]]) -> None:
    """Parameter AssociatedRoles of the calls that restore: "a list of IAM roles to associate with the DB cluster when
    it's restored" (facts C6: what is not said again is lost).
    """
    rds = aws("rds")
    rds.create_db_cluster(**CLUSTER)
    rds.create_db_instance(
        DBInstanceIdentifier="a", DBClusterIdentifier="shop-orders", Engine=CLUSTER["Engine"], DBInstanceClass=LARGE
    )
    rds.add_role_to_db_cluster(DBClusterIdentifier="shop-orders", **IMPORT)
    rds.create_db_cluster_snapshot(DBClusterIdentifier="shop-orders", DBClusterSnapshotIdentifier="before")
    more: dict[str, Any] = {"AssociatedRoles": given} if given else {}
    rds.restore_db_cluster_to_point_in_time(
        DBClusterIdentifier="moment", SourceDBClusterIdentifier="shop-orders", UseLatestRestorableTime=True, **more
    )
    rds.restore_db_cluster_from_snapshot(
        DBClusterIdentifier="snapshot", SnapshotIdentifier="before", Engine=CLUSTER["Engine"], **more
    )
    assert roles(rds, "shop-orders") == [IMPORT]
    assert roles(rds, "moment") == roles(rds, "snapshot") == given
