"""A backup restored and cleared away without looking inside, for the matrices: no SQL server is needed."""

from __future__ import annotations

import json

from tests.runbooks.clone.scenario import SOURCE, make_source
from tests.support.scenario import Cloud, Scenario

CLASS = "db.t4g.medium"


def proof_of(cloud: Cloud, cluster: str = SOURCE) -> dict[str, object]:
    value = cloud.client("ssm").get_parameter(Name=f"/aurora-estate/verified/{cluster}")["Parameter"]["Value"]
    found: dict[str, object] = json.loads(value)
    return found


def nothing_is_left(cloud: Cloud) -> None:
    """The source alone is there, as it was; the proof is, and no lock."""
    rds = cloud.client("rds")
    (source,) = rds.describe_db_clusters()["DBClusters"]
    assert (source["DBClusterIdentifier"], source["Status"]) == (SOURCE, "available")
    assert source["DeletionProtection"]
    assert [each["DBInstanceIdentifier"] for each in rds.describe_db_instances()["DBInstances"]] == [
        f"{SOURCE}-a",
        f"{SOURCE}-b",
    ]
    groups = cloud.client("ec2").describe_security_groups()["SecurityGroups"]
    assert not [each["GroupName"] for each in groups if "verify" in each["GroupName"]]
    secrets = cloud.client("secretsmanager").list_secrets(IncludePlannedDeletion=True)["SecretList"]
    assert not [each["Name"] for each in secrets if "verify" in each["Name"]]
    assert not [
        each["DBClusterSnapshotIdentifier"]
        for each in rds.describe_db_cluster_snapshots()["DBClusterSnapshots"]
        if "verify" in each["DBClusterSnapshotIdentifier"]
    ]
    names = [each["Name"] for each in cloud.client("ssm").describe_parameters()["Parameters"]]
    assert names == [f"/aurora-estate/verified/{SOURCE}"]


def _set_up(cloud: Cloud) -> None:
    make_source(cloud)


def _set_up_snapshot(cloud: Cloud) -> None:
    make_source(cloud)
    cloud.client("rds").create_db_cluster_snapshot(
        DBClusterIdentifier=SOURCE, DBClusterSnapshotIdentifier="shop-orders-nightly"
    )


def _done(cloud: Cloud) -> None:
    nothing_is_left(cloud)
    proof = proof_of(cloud)
    assert (proof["passed"], proof["queries"]) == (True, "none were run")
    assert proof["backup"] == "latest restorable time"


def _done_snapshot(cloud: Cloud) -> None:
    nothing_is_left(cloud)
    assert str(proof_of(cloud)["backup"]).endswith(":cluster-snapshot:shop-orders-nightly")


INSIDE = (
    "ec2:AuthorizeSecurityGroupIngress",
    "ec2:RevokeSecurityGroupIngress",
    "kms:Decrypt",
    "rds-db:connect",
    "secretsmanager:CreateSecret",
    "secretsmanager:DeleteSecret",
    "secretsmanager:GetSecretValue",
    "secretsmanager:TagResource",
)
NOT_NEEDED = {
    **dict.fromkeys(INSIDE, "looks inside, which needs a server"),
    "rds:ModifyDBCluster": "changes what no restore takes: of this source, nothing",
    "rds:CreateDBClusterEndpoint": "a copy for an hour has no custom endpoints",
    "rds:AddRoleToDBCluster": "the source has no role",
    "rds:EnableHttpEndpoint": "the source has no Data API",
    "iam:PassRole": "the source has no role",
    "ec2:CreateTags": "EC2 asks for it within CreateSecurityGroup",
    "kms:CreateGrant": "RDS asks for it, on the caller's behalf",
    "kms:DescribeKey": "RDS asks for it, on the caller's behalf",
    "application-autoscaling:RegisterScalableTarget": "a copy for an hour does not scale",
    "application-autoscaling:TagResource": "a copy for an hour does not scale",
    "application-autoscaling:PutScalingPolicy": "a copy for an hour does not scale",
    "application-autoscaling:PutScheduledAction": "a copy for an hour does not scale",
    "application-autoscaling:DescribeScalingPolicies": "the source does not scale",
    "application-autoscaling:DescribeScheduledActions": "the source does not scale",
}
WORDS = ("restore", "verify", SOURCE, "--no-queries", "--owner", "team-orders")
SCENARIOS = (
    Scenario(
        name="restore verify",
        words=(*WORDS, "--class", CLASS),
        set_up=_set_up,
        done=_done,
        cluster=SOURCE,
        target=f"{SOURCE}-verify-*",
        not_needed={
            **NOT_NEEDED,
            "rds:RestoreDBClusterFromSnapshot": "for --backup snapshot",
            "rds:DescribeDBClusterSnapshots": "for --backup snapshot",
        },
    ),
    Scenario(
        name="restore verify snapshot",
        words=(*WORDS, "--backup", "snapshot"),
        set_up=_set_up_snapshot,
        done=_done_snapshot,
        cluster=SOURCE,
        target=f"{SOURCE}-verify-*",
        not_needed={**NOT_NEEDED, "rds:RestoreDBClusterToPointInTime": "for --backup latest"},
    ),
)
