"""Provisioned and serverless clusters in the embedded AWS: what the file says is there, and follows when it changes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from estate.load import load_estate, load_text
from stacks.compose import compose
from tests.lab.cloud.conftest import Aws
from tests.lab.cloud.test_estates import deploy
from tests.support.assembly import deploy as deploy_stack
from tests.support.assembly import read_assembly
from tests.support.synthesis import ROOT, synthesize

EXAMPLES = ROOT / "examples" / "estates"
SMALL = """\
estate: small
defaults: "2026-11"
regions: [eu-west-1]
network: {eu-west-1: {cidr: 10.9.0.0/20, zones: 3}}
aurora:
  main:
    engine: aurora-mysql
    version: 8.0.mysql_aurora.3.10.0
    backtrack_hours: 0
"""
BEFORE = f"""{SMALL}
    instances:
      a: {{class: db.r8g.large, tier: 0, zone: 1}}
      b: {{class: db.r8g.large, tier: 1, zone: 2}}
"""
AFTER = f"""{SMALL}
    storage: io-optimized
    insights: advanced
    local_write_forwarding: on
    serverless: {{min_acu: 0.5, max_acu: 16}}
    instance_parameters: {{long_query_time: "2"}}
    instances:
      a: {{class: db.r8g.xlarge, tier: 0, zone: 1, ca: rds-ca-rsa4096-g1}}
      b: {{class: db.r8g.large, tier: 2, zone: 2, parameters: {{long_query_time: "5"}}}}
      c: {{class: serverless, tier: 15, zone: 3}}
"""
BACK = f"""{SMALL}
    storage: standard
    insights: standard
    local_write_forwarding: off
    instance_parameters: {{}}
    instances:
      a: {{class: db.r8g.xlarge, tier: 0, zone: 1}}
      b: {{class: db.r8g.large, tier: 1, zone: 2}}
"""


def deploy_example(out: Path, name: str) -> None:
    """Every stack of an example estate, in whatever Region it is."""
    synthesize(out, lambda app: compose(app, load_estate(EXAMPLES / f"{name}.yaml")))
    for stack in read_assembly(out):
        assert deploy_stack(stack) == "CREATE_COMPLETE"


def cluster(aws: Aws, identifier: str = "small-main") -> dict[str, Any]:
    (found,) = aws("rds").describe_db_clusters(DBClusterIdentifier=identifier)["DBClusters"]
    return dict(found)


def instances(aws: Aws, cluster_id: str) -> dict[str, dict[str, Any]]:
    """What DescribeDBInstances shows, by the instance's name in the file."""
    of_cluster = [{"Name": "db-cluster-id", "Values": [cluster_id]}]
    found = aws("rds").describe_db_instances(Filters=of_cluster)["DBInstances"]
    return {each["DBInstanceIdentifier"].removeprefix(f"{cluster_id}-"): each for each in found}


def parameters(aws: Aws, instance: dict[str, Any]) -> dict[str, str]:
    (group,) = instance["DBParameterGroups"]
    answer = aws("rds").describe_db_parameters(DBParameterGroupName=group["DBParameterGroupName"])
    return {each["ParameterName"]: each["ParameterValue"] for each in answer["Parameters"]}


def test_provisioned_postgresql_over_three_zones(aws: Aws, tmp_path: Path) -> None:
    deploy_example(tmp_path, "provisioned-postgresql")
    shown = cluster(aws, "ledger-accounts")
    assert (shown["StorageType"], shown["DatabaseInsightsMode"]) == ("aurora-iopt1", "advanced")
    assert (shown["PerformanceInsightsEnabled"], shown["PerformanceInsightsRetentionPeriod"]) == (True, 465)
    assert shown["PerformanceInsightsKMSKeyId"] == shown["KmsKeyId"]
    made = instances(aws, "ledger-accounts")
    assert {name: (each["DBInstanceClass"], each["PromotionTier"]) for name, each in made.items()} == {
        "a": ("db.r8g.large", 0),
        "b": ("db.r8g.large", 0),
        "c": ("db.r8g.large", 1),
        "reports": ("db.r8g.xlarge", 15),
    }
    assert {name: each["AvailabilityZone"][-1] for name, each in made.items()} == {
        "a": "a",
        "b": "b",
        "c": "c",
        "reports": "c",
    }
    assert {name: each["CACertificateIdentifier"] for name, each in made.items() if name in "areports"} == {
        "a": "rds-ca-rsa2048-g1",
        "reports": "rds-ca-ecc384-g1",
    }
    assert parameters(aws, made["a"]) == {"log_min_duration_statement": "1000"}
    assert parameters(aws, made["reports"]) == {"log_min_duration_statement": "1000", "work_mem": "65536"}


def test_provisioned_mysql_winds_back_and_forwards(aws: Aws, tmp_path: Path) -> None:
    deploy_example(tmp_path, "provisioned-mysql")
    shown = cluster(aws, "books-stock")
    assert (shown["BacktrackWindow"], shown["LocalWriteForwardingStatus"]) == (172_800, "enabled")
    assert shown["StorageType"] == "aurora"


def test_serverless_grows_pauses_and_stands_beside_provisioned(aws: Aws, tmp_path: Path) -> None:
    deploy_example(tmp_path, "serverless")
    shown = {each["DBClusterIdentifier"]: each for each in aws("rds").describe_db_clusters()["DBClusters"]}
    capacity = {name: each.get("ServerlessV2ScalingConfiguration") for name, each in shown.items()}
    assert {name: capacity[name] for name in ("tickets-events", "tickets-trials", "tickets-mixed")} == {
        "tickets-events": {"MinCapacity": 2.0, "MaxCapacity": 64.0},
        "tickets-trials": {"MinCapacity": 0.0, "MaxCapacity": 4.0, "SecondsUntilAutoPause": 600},
        "tickets-mixed": {"MinCapacity": 0.5, "MaxCapacity": 16.0},
    }
    with_writer = {name: each["PromotionTier"] <= 1 for name, each in instances(aws, "tickets-events").items()}
    assert with_writer == {"a": True, "b": True, "reports": False}
    classes = {name: each["DBInstanceClass"] for name, each in instances(aws, "tickets-mixed").items()}
    assert classes == {"a": "db.r8g.large", "b": "db.r8g.large", "peak": "db.serverless"}


def test_two_zones_are_enough_to_fail_over(aws: Aws, tmp_path: Path) -> None:
    deploy_example(tmp_path, "two-zones")
    rds = aws("rds")
    (group,) = rds.describe_db_subnet_groups()["DBSubnetGroups"]
    assert len({subnet["SubnetAvailabilityZone"]["Name"] for subnet in group["Subnets"]}) == 2
    assert len({each["AvailabilityZone"] for each in instances(aws, "clinic-patients").values()}) == 2
    rds.failover_db_cluster(DBClusterIdentifier="clinic-patients")
    (writer,) = [
        m["DBInstanceIdentifier"] for m in cluster(aws, "clinic-patients")["DBClusterMembers"] if m["IsClusterWriter"]
    ]
    assert writer == "clinic-patients-b"


def update(aws: Aws, out: Path, text: str) -> None:
    made = synthesize(out, lambda app: compose(app, load_text(text).estate))
    stack = aws.deploy("small-aurora-main", made["small-aurora-main"])
    assert stack["StackStatus"] == "UPDATE_COMPLETE", aws.reasons("small-aurora-main")


def test_what_the_file_changes_is_changed_in_place(aws: Aws, tmp_path: Path) -> None:
    deploy(aws, tmp_path / "before", BEFORE)
    resource_id = cluster(aws)["DbClusterResourceId"]
    update(aws, tmp_path / "after", AFTER)
    shown, made = cluster(aws), instances(aws, "small-main")
    assert (shown["StorageType"], shown["DatabaseInsightsMode"]) == ("aurora-iopt1", "advanced")
    assert (shown["LocalWriteForwardingStatus"], shown["PerformanceInsightsRetentionPeriod"]) == ("enabled", 465)
    assert shown["ServerlessV2ScalingConfiguration"] == {"MinCapacity": 0.5, "MaxCapacity": 16.0}
    assert [made["a"]["DBInstanceClass"], made["a"]["CACertificateIdentifier"]] == [
        "db.r8g.xlarge",
        "rds-ca-rsa4096-g1",
    ]
    assert (made["b"]["PromotionTier"], made["c"]["DBInstanceClass"]) == (2, "db.serverless")
    assert [parameters(aws, made[name])["long_query_time"] for name in "abc"] == ["2", "5", "2"]
    assert shown["DbClusterResourceId"] == resource_id


def test_what_the_file_takes_back_is_taken_back(aws: Aws, tmp_path: Path) -> None:
    """`standard` and `off` are said, since CloudFormation leaves alone what a template leaves out."""
    deploy(aws, tmp_path / "after", AFTER)
    update(aws, tmp_path / "back", BACK)
    shown = cluster(aws)
    assert (shown["StorageType"], shown["DatabaseInsightsMode"]) == ("aurora", "standard")
    assert (shown["LocalWriteForwardingStatus"], shown["PerformanceInsightsRetentionPeriod"]) == ("disabled", 7)
    made = instances(aws, "small-main")
    groups = {name: each["DBParameterGroups"][0]["DBParameterGroupName"] for name, each in made.items()}
    assert groups == {"a": "default.aurora-mysql8.0", "b": "default.aurora-mysql8.0"}
    assert aws("rds").describe_db_parameter_groups(DBParameterGroupName=groups["a"])["DBParameterGroups"]


def test_a_group_that_an_instance_uses_stays(aws: Aws, tmp_path: Path) -> None:
    """API reference, DeleteDBParameterGroup: the group "can't be associated with any DB instances"; a file that no
    longer says `instance_parameters` leaves the instances in their group, and CloudFormation fails to delete it.
    """
    deploy(aws, tmp_path / "after", AFTER)
    (group,) = instances(aws, "small-main")["a"]["DBParameterGroups"]
    with pytest.raises(ClientError) as caught:
        aws("rds").delete_db_parameter_group(DBParameterGroupName=group["DBParameterGroupName"])
    assert caught.value.response["Error"]["Code"] == "InvalidDBParameterGroupState"
    unsaid = AFTER.replace('    instance_parameters: {long_query_time: "2"}\n', "")
    update(aws, tmp_path / "unsaid", unsaid)
    assert instances(aws, "small-main")["a"]["DBParameterGroups"] == [group]
    assert "still members of this parameter group" in aws.reasons("small-aurora-main")


@pytest.mark.parametrize("name", ["provisioned-postgresql", "provisioned-mysql", "serverless", "two-zones"])
def test_examples_name_their_page(name: str) -> None:
    """Each says in its head where to read when to use it."""
    text = (EXAMPLES / f"{name}.yaml").read_text(encoding="utf-8")
    (page,) = {word.rstrip(".") for word in text.split() if word.startswith("docs/options/")}
    assert (ROOT / page).exists()
