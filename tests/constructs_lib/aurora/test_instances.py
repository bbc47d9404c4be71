"""What each instance is given of its own, what the cluster is given for all: storage, insights, forwarding."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest

from constructs_lib.aurora import settings
from constructs_lib.aurora.cluster import AuroraCluster
from estate.aurora import AuroraSpec
from tests.support.specs import TWO, mysql, postgresql, vpc_of_the_caller
from tests.support.synthesis import Template, only, resources, synthesize_one

LARGE = {"class": "db.r8g.large"}
GROUP = "AWS::RDS::DBParameterGroup"


def template(out: Path, spec: AuroraSpec) -> Template:
    def define(stack: cdk.Stack) -> None:
        vpc = vpc_of_the_caller(stack)
        AuroraCluster(stack, "Aurora", identifier="shop-orders", spec=spec, vpc=vpc)

    return synthesize_one(out, define)


def instances(made: Template) -> dict[str, dict[str, Any]]:
    """Properties by the instance's name in the file."""
    found = [each["Properties"] for each in resources(made, "AWS::RDS::DBInstance").values()]
    return {each["DBInstanceIdentifier"].removeprefix("shop-orders-"): each for each in found}


def test_a_writer_and_fifteen_readers_over_three_zones(tmp_path: Path) -> None:
    sixteen = {f"i{number}": {**LARGE, "zone": number % 3 + 1, "tier": number} for number in range(16)}
    made = instances(template(tmp_path, postgresql(instances=sixteen)))
    assert len(made) == 16
    zones = [each["AvailabilityZone"] for each in made.values()]
    assert {zone: zones.count(zone) for zone in zones} == {"eu-west-1a": 6, "eu-west-1b": 5, "eu-west-1c": 5}


def test_certificate_authority_is_the_instances_own(tmp_path: Path) -> None:
    made = instances(template(tmp_path, postgresql(instances=TWO | {"b": {**LARGE, "ca": "rds-ca-ecc384-g1"}})))
    assert {name: each.get("CACertificateIdentifier") for name, each in made.items()} == {
        "a": None,
        "b": "rds-ca-ecc384-g1",
    }


def test_instances_with_the_same_parameters_share_a_group(tmp_path: Path) -> None:
    own = {"parameters": {"work_mem": "65536"}}
    members = {"a": LARGE, "b": LARGE, "c": {**LARGE, **own}, "d": {**LARGE, **own}}
    made = template(tmp_path, postgresql(instances=members, instance_parameters={"log_min_duration_statement": "1000"}))
    groups = resources(made, GROUP)
    assert {key: each["Properties"]["Parameters"] for key, each in groups.items()} == {
        "AuroraSharedParametersB32F4FF2": {"log_min_duration_statement": "1000"},
        "AuroraParametersOfC24B985F9": {"log_min_duration_statement": "1000", "work_mem": "65536"},
    }
    assert {each["Properties"]["Family"] for each in groups.values()} == {"aurora-postgresql17"}
    assert {name: each["DBParameterGroupName"] for name, each in instances(made).items()} == {
        "a": {"Ref": "AuroraSharedParametersB32F4FF2"},
        "b": {"Ref": "AuroraSharedParametersB32F4FF2"},
        "c": {"Ref": "AuroraParametersOfC24B985F9"},
        "d": {"Ref": "AuroraParametersOfC24B985F9"},
    }


def test_its_own_parameters_win_and_without_any_there_is_no_group(tmp_path: Path) -> None:
    spec = postgresql(
        instances=TWO | {"b": {**LARGE, "parameters": {"work_mem": "1024"}}}, instance_parameters={"work_mem": "64"}
    )
    assert settings.instance_parameters(spec, spec.instances["b"]) == {"work_mem": "1024"}
    made = template(tmp_path, postgresql())
    assert resources(made, GROUP) == {}
    assert all("DBParameterGroupName" not in each for each in instances(made).values())


def test_nothing_said_on_purpose_is_the_default_group(tmp_path: Path) -> None:
    made = instances(template(tmp_path, postgresql(instance_parameters={})))
    assert {each["DBParameterGroupName"] for each in made.values()} == {"default.aurora-postgresql17"}


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        pytest.param({}, {}, id="nothing-said"),
        pytest.param({"storage": "io-optimized"}, {"StorageType": "aurora-iopt1"}, id="io-optimized"),
        pytest.param({"storage": "standard"}, {"StorageType": "aurora"}, id="the-way-back"),
        pytest.param({"local_write_forwarding": True}, {"EnableLocalWriteForwarding": True}, id="forwarding"),
        pytest.param({"local_write_forwarding": False}, {"EnableLocalWriteForwarding": False}, id="forwarding-off"),
    ],
)
def test_storage_and_forwarding(tmp_path: Path, said: dict[str, Any], expected: dict[str, Any]) -> None:
    """What the file says is set, `standard` and `off` too: CloudFormation leaves alone what a template leaves out."""
    cluster = only(template(tmp_path, mysql(**said)), "AWS::RDS::DBCluster")
    looked_at = ("StorageType", "EnableLocalWriteForwarding", "AllocatedStorage", "Iops")
    assert {name: cluster[name] for name in looked_at if name in cluster} == expected


@pytest.mark.parametrize(("mode", "days"), [("standard", 7), ("advanced", 465)])
def test_insights_are_the_clusters_and_the_instances(tmp_path: Path, mode: str, days: int) -> None:
    made = template(tmp_path, postgresql(insights=mode))
    cluster = only(made, "AWS::RDS::DBCluster")
    assert cluster["DatabaseInsightsMode"] == mode
    assert cluster["PerformanceInsightsEnabled"] is True
    assert cluster["PerformanceInsightsKmsKeyId"] == cluster["KmsKeyId"]
    assert cluster["PerformanceInsightsRetentionPeriod"] == days
    assert {each["PerformanceInsightsRetentionPeriod"] for each in instances(made).values()} == {days}


def test_insights_unsaid_are_the_instances_alone(tmp_path: Path) -> None:
    made = template(tmp_path, postgresql())
    assert not [name for name in only(made, "AWS::RDS::DBCluster") if "Insights" in name]
    assert {each["PerformanceInsightsRetentionPeriod"] for each in instances(made).values()} == {7}


def test_provisioned_and_serverless_instances_stand_side_by_side(tmp_path: Path) -> None:
    members = {
        "a": {**LARGE, "tier": 0},
        "b": {"class": "serverless", "tier": 1},
        "c": {"class": "serverless", "tier": 15},
    }
    capacity = {"min_acu": 0, "max_acu": 256, "pause_after_s": 600}
    made = template(tmp_path, postgresql(instances=members, serverless=capacity))
    assert only(made, "AWS::RDS::DBCluster")["ServerlessV2ScalingConfiguration"] == {
        "MinCapacity": 0,
        "MaxCapacity": 256,
        "SecondsUntilAutoPause": 600,
    }
    assert {name: (each["DBInstanceClass"], each["PromotionTier"]) for name, each in instances(made).items()} == {
        "a": ("db.r8g.large", 0),
        "b": ("db.serverless", 1),
        "c": ("db.serverless", 15),
    }
