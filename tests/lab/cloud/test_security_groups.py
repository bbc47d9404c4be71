"""Security groups of clusters, as EC2 keeps them."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from tests.lab.cloud.conftest import Aws

pytestmark = pytest.mark.lab


def test_a_group_that_a_cluster_is_in_cannot_be_deleted(aws: Aws) -> None:
    """DeleteSecurityGroup: "associated with an instance or network interface [...] fails with DependencyViolation"."""
    ec2, rds = aws("ec2"), aws("rds")
    group = ec2.create_security_group(GroupName="one", Description="one")["GroupId"]
    other = ec2.create_security_group(GroupName="other", Description="other")["GroupId"]
    rds.create_db_cluster(
        DBClusterIdentifier="shop", Engine="aurora-postgresql", MasterUsername="keeper",
        MasterUserPassword="of-production-only", VpcSecurityGroupIds=[group],
    )  # fmt: skip
    rds.create_db_instance(
        DBInstanceIdentifier="shop-a", DBClusterIdentifier="shop", Engine="aurora-postgresql",
        DBInstanceClass="db.r8g.large",
    )  # fmt: skip
    with pytest.raises(ClientError, match="DependencyViolation"):
        ec2.delete_security_group(GroupId=group)
    rds.modify_db_cluster(DBClusterIdentifier="shop", VpcSecurityGroupIds=[other], ApplyImmediately=True)
    ec2.delete_security_group(GroupId=group)
    with pytest.raises(ClientError, match=r"InvalidGroup\.NotFound"):
        ec2.delete_security_group(GroupId=group)
