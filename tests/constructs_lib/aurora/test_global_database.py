"""Global Database and cross-Region replica, used alone: what is emitted, and what a caller is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest

from constructs_lib.aurora.cluster import AuroraCluster
from constructs_lib.aurora.global_database import GlobalDatabase, membership
from constructs_lib.aurora.replication import Membership, ReplicaSource
from estate.aurora import AuroraSpec
from estate.replication import secondary_of
from tests.support.specs import TWO, mysql, postgresql, vpc_of_the_caller
from tests.support.synthesis import only, synthesize_one

SOURCE = ReplicaSource(arn="arn:aws:rds:eu-west-1:123456789012:cluster:shop-catalog", region="eu-west-1")


def world(**changes: Any) -> AuroraSpec:
    secondaries = {"us-east-1": {"instances": {"a": {"class": "db.r8g.large"}}, "write_forwarding": True}}
    declared = {"region": "eu-west-1", "master_authentication": "iam", "global": {"secondaries": secondaries}}
    return postgresql(**{**declared, **changes})


def cluster(stack: cdk.Stack, spec: AuroraSpec, replication: Any) -> AuroraCluster:
    return AuroraCluster(
        stack, "Orders", identifier="shop-orders", spec=spec, vpc=vpc_of_the_caller(stack), replication=replication
    )


def made_of(tmp_path: Path, spec: AuroraSpec, replication: Any) -> dict[str, Any]:
    template = synthesize_one(tmp_path, lambda stack: cluster(stack, spec, replication))
    return only(template, "AWS::RDS::DBCluster")


def test_a_global_database_needs_no_cluster_to_be_there(tmp_path: Path) -> None:
    template = synthesize_one(
        tmp_path, lambda stack: GlobalDatabase(stack, "Global", identifier="shop-orders-global", spec=world())
    )
    (resource,) = template["Resources"].values()
    assert resource["Type"] == "AWS::RDS::GlobalCluster"
    assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == ("Delete", "Delete")
    assert "SourceDBClusterIdentifier" not in resource["Properties"]
    assert "Outputs" not in template


def test_the_l1_is_reachable(tmp_path: Path) -> None:
    def define(stack: cdk.Stack) -> None:
        database = GlobalDatabase(stack, "Global", identifier="shop-orders-global", spec=world())
        database.cfn_global_cluster.deletion_protection = False
        cdk.CfnOutput(stack, "Endpoint", value=database.writer_endpoint)

    template = synthesize_one(tmp_path, define)
    assert only(template, "AWS::RDS::GlobalCluster")["DeletionProtection"] is False
    assert template["Outputs"]["Endpoint"]["Value"]["Fn::GetAtt"][1] == "GlobalEndpoint.Address"


def test_parts_follow_from_the_declaration() -> None:
    assert membership("g", world()) == Membership(global_cluster_identifier="g")
    secondary = Membership(global_cluster_identifier="g", is_secondary=True, write_forwarding=True)
    assert membership("g", world(), "us-east-1") == secondary
    with pytest.raises(KeyError):
        membership("g", world(), "eu-west-3")
    with pytest.raises(ValueError, match="global must be declared for a Global Database, got nothing"):
        membership("g", postgresql())


def test_the_primary_joins_with_its_master_user(tmp_path: Path) -> None:
    made = made_of(tmp_path, world(), membership("g", world()))
    assert (made["GlobalClusterIdentifier"], made["EnableGlobalWriteForwarding"]) == ("g", False)
    assert made["MasterUserAuthenticationType"] == "iam-db-auth"


@pytest.mark.parametrize("authentication", ["iam", "own-secret"])
def test_a_secondary_has_no_master_user_however_the_primarys_logs_in(tmp_path: Path, authentication: str) -> None:
    spec = world(master_authentication=authentication, database="shop")
    made = made_of(tmp_path, secondary_of(spec, "us-east-1"), membership("g", spec, "us-east-1"))
    assert not [name for name in made if name.startswith(("Master", "ManageMaster", "DatabaseName"))]
    assert (made["GlobalClusterIdentifier"], made["EnableGlobalWriteForwarding"]) == ("g", True)


def test_a_secondary_has_readers_and_no_writer_of_its_own(tmp_path: Path) -> None:
    def define(stack: cdk.Stack) -> None:
        made = cluster(stack, secondary_of(world(), "us-east-1"), membership("g", world(), "us-east-1"))
        assert made.is_secondary
        assert not made.has_secret
        assert made.cluster.cluster_read_endpoint.hostname
        with pytest.raises(ValueError, match="writer_endpoint must be asked of the primary, got a secondary"):
            made.writer_endpoint  # noqa: B018 - asking is the test

    synthesize_one(tmp_path, define)


def test_a_replica_has_its_sources_users(tmp_path: Path) -> None:
    made = made_of(tmp_path, mysql(region="us-east-1", replica_of="catalog"), SOURCE)
    assert (made["ReplicationSourceIdentifier"], made["SourceRegion"]) == (SOURCE.arn, "eu-west-1")
    assert not [name for name in made if name.startswith(("Master", "ManageMaster", "DatabaseName", "Backtrack"))]


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        pytest.param(world(), "replication must be a Membership for a spec with `global`, got nothing", id="global"),
        pytest.param(
            mysql(region="us-east-1", replica_of="catalog"),
            "replication must be a ReplicaSource for a spec with `replica_of`, got nothing",
            id="replica",
        ),
    ],
)
def test_a_declaration_that_would_come_to_nothing_is_refused(tmp_path: Path, spec: AuroraSpec, said: str) -> None:
    def define(stack: cdk.Stack) -> None:
        with pytest.raises(ValueError, match=said):
            cluster(stack, spec, None)

    synthesize_one(tmp_path, define)


def test_a_cluster_that_stands_alone_says_nothing_of_other_regions(tmp_path: Path) -> None:
    made = made_of(tmp_path, postgresql(instances=TWO), None)
    assert not {"GlobalClusterIdentifier", "EnableGlobalWriteForwarding", "SourceRegion"} & set(made)
