"""Estates other than the shop: what `estate check` calls valid synthesizes, deploys and is there as declared."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from estate.load import load_estate, load_text
from stacks.compose import compose
from tests.lab.cloud.conftest import Aws
from tests.support.synthesis import MINIMAL, ROOT, synthesize

DEV = ROOT / "examples" / "estates" / "dev.yaml"
WIDE = """\
estate: wide
defaults: "2026-11"
regions: [eu-west-1]
protection: off
shared_key: on
network:
  eu-west-1:
    {cidr: 10.9.0.0/26, zones: 2, availability_zones: [eu-west-1a, eu-west-1c], endpoints: [s3, secretsmanager]}
aurora:
  main:
    engine: aurora-postgresql
    version: "16.10"
    instances: {a: , b: {class: db.r8g.large, zone: 2}, a-1: , a1: }
    endpoints: {all: {type: any, excluded: [b]}}
    backup: {window: "23:30-00:30", retention_days: 1}
    maintenance_window: sun:02:00-sun:03:00
    log_exports: []
    enhanced_monitoring_s: 0
    tags: {team: ünï}
    overrides: {ServerlessV2ScalingConfiguration.MaxCapacity: 4, PreferredBackupWindow: "01:00-01:30"}
caches:
  tier: {class: cache.r6gd.xlarge, users: {w: {access: "on ~app:* &ch* %R~x:* +@read -@dangerous +get"}}}
  old: {engine: redis, version: "6.2", replicas: 0, acknowledge: [cache/no-replica], snapshot_retention_days: 0}
  new: {engine: redis, version: "7.1", shards: 2, users: {web: }}
"""


def deploy(aws: Aws, out: Path, text: str) -> None:
    """Every stack of an estate, the network's first."""
    estate = load_text(text).estate
    for name, template in sorted(synthesize(out, lambda app: compose(app, estate)).items(), key=_network_first):
        stack = aws.deploy(name, template)
        assert stack["StackStatus"] == "CREATE_COMPLETE", aws.reasons(name)


def _network_first(item: tuple[str, object]) -> bool:
    return not item[0].endswith("-network")


@pytest.mark.parametrize("example", [DEV, MINIMAL], ids=lambda path: str(path.stem))
def test_the_examples_deploy(aws: Aws, tmp_path: Path, example: Path) -> None:
    deploy(aws, tmp_path, example.read_text(encoding="utf-8"))
    (cluster,) = aws("rds").describe_db_clusters()["DBClusters"]
    (declared,) = load_estate(example).aurora.values()
    assert cluster["BackupRetentionPeriod"] == declared.backup.retention_days
    assert cluster["DeletionProtection"] is declared.protection


def test_what_is_seldom_said_deploys_too(aws: Aws, tmp_path: Path) -> None:
    deploy(aws, tmp_path, WIDE)
    (cluster,) = aws("rds").describe_db_clusters()["DBClusters"]
    assert cluster["ServerlessV2ScalingConfiguration"] == {"MinCapacity": 0.5, "MaxCapacity": 4.0}
    assert cluster["PreferredBackupWindow"] == "01:00-01:30"
    zones = {
        i["DBInstanceIdentifier"]: i["AvailabilityZone"] for i in aws("rds").describe_db_instances()["DBInstances"]
    }
    assert zones["wide-main-b"] == "eu-west-1c"
    groups = aws("elasticache").describe_replication_groups()["ReplicationGroups"]
    assert {group["ReplicationGroupId"]: group["DataTiering"] for group in groups} == {
        "wide-new": "disabled",
        "wide-old": "disabled",
        "wide-tier": "enabled",
    }
    assert {group["KmsKeyId"] for group in groups} == {cluster["KmsKeyId"]}


def test_an_existing_vpc_is_used_and_left_as_it_was(aws: Aws, tmp_path: Path) -> None:
    ec2 = aws("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.50.0.0/16")["Vpc"]["VpcId"]
    zones = ["eu-west-1b", "eu-west-1c"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.50.{number}.0/24", AvailabilityZone=zone)["Subnet"]["SubnetId"]
        for number, zone in enumerate(zones)
    ]
    before = _seen(ec2, vpc)
    text = MINIMAL.read_text(encoding="utf-8").replace("regions:", "protection: off\nregions:")
    place = f"{{vpc: {vpc}, subnets: [{', '.join(subnets)}], availability_zones: [{', '.join(zones)}]}}"
    deploy(aws, tmp_path, f"{text}network: {{eu-west-1: {place}}}\n")
    (cluster,) = aws("rds").describe_db_clusters()["DBClusters"]
    (group,) = aws("rds").describe_db_subnet_groups(DBSubnetGroupName=cluster["DBSubnetGroup"])["DBSubnetGroups"]
    assert {subnet["SubnetIdentifier"] for subnet in group["Subnets"]} == set(subnets)
    for name in ("minimal-aurora-main", "minimal-network"):
        aws("cloudformation").delete_stack(StackName=name)
    assert aws("rds").describe_db_clusters()["DBClusters"] == []
    assert _seen(ec2, vpc) == before


def _seen(ec2: Any, vpc: str) -> dict[str, Any]:
    of_vpc = [{"Name": "vpc-id", "Values": [vpc]}]
    return {
        "vpc": ec2.describe_vpcs(VpcIds=[vpc])["Vpcs"],
        "subnets": ec2.describe_subnets(Filters=of_vpc)["Subnets"],
        "groups": ec2.describe_security_groups(Filters=of_vpc)["SecurityGroups"],
        "routes": ec2.describe_route_tables(Filters=of_vpc)["RouteTables"],
    }
