from __future__ import annotations

from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_ec2 as ec2

from constructs_lib.cache.memcached import Memcached, zones_of
from constructs_lib.foundation.placement import Placement
from estate.caches.memcached import MemcachedSpec
from tests.support.specs import memcached, vpc_of_the_caller
from tests.support.synthesis import Template, new_app, only, resources, synthesize_one

CLUSTER = "AWS::ElastiCache::CacheCluster"
ONE = {"nodes": 1, "acknowledge": ["memcached/one-node"]}
SUBNETS = ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"]
NAMES = ["eu-west-1a", "eu-west-1b", "eu-west-1c"]


def cluster(stack: cdk.Stack, spec: MemcachedSpec, vpc: ec2.IVpc | Placement | None = None) -> Memcached:
    return Memcached(stack, "Memcached", identifier=f"shop-{spec.name}", spec=spec, vpc=vpc or vpc_of_the_caller(stack))


def template(out: Path, spec: MemcachedSpec) -> Template:
    return synthesize_one(out, lambda stack: cluster(stack, spec))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Template:
    return template(tmp_path_factory.mktemp("memcached"), memcached())


def test_clients_talk_tls_to_nodes_in_every_zone(made: Template) -> None:
    properties = only(made, CLUSTER)
    expected = {
        "AZMode": "cross-az",
        "CacheNodeType": "cache.r7g.large",
        "ClusterName": "shop-pages",
        "Engine": "memcached",
        "EngineVersion": "1.6.22",
        "NumCacheNodes": 3,
        "Port": 11212,
        "PreferredAvailabilityZones": NAMES,
        "TransitEncryptionEnabled": True,
    }
    assert expected.items() <= properties.items()


def test_nothing_is_said_that_only_valkey_knows(made: Template) -> None:
    """No snapshots, no logs, no minor upgrades; and no key, since nothing is stored."""
    said = set(only(made, CLUSTER))
    assert not said & {
        "SnapshotRetentionLimit",
        "SnapshotWindow",
        "LogDeliveryConfigurations",
        "AutoMinorVersionUpgrade",
    }
    assert resources(made, "AWS::KMS::Key") == {}
    assert resources(made, "AWS::Logs::LogGroup") == {}


def test_both_policies_are_stated(made: Template) -> None:
    (resource,) = resources(made, CLUSTER).values()
    assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == ("Delete", "Delete")


def test_the_subnet_group_is_its_own(made: Template) -> None:
    (group,) = resources(made, "AWS::ElastiCache::SubnetGroup")
    assert only(made, CLUSTER)["CacheSubnetGroupName"] == {"Ref": group}
    assert len(only(made, "AWS::ElastiCache::SubnetGroup")["SubnetIds"]) == 3


@pytest.mark.parametrize(
    ("changes", "mode", "zones"),
    [
        pytest.param(ONE, None, NAMES[:1], id="one-node"),
        pytest.param({"nodes": 2}, "cross-az", NAMES[:2], id="two-nodes"),
        pytest.param({"nodes": 4}, "cross-az", [*NAMES, NAMES[0]], id="more-nodes-than-zones"),
        pytest.param({"zones": (3, 3, 1)}, "cross-az", [NAMES[2], NAMES[2], NAMES[0]], id="as-the-spec-says"),
        pytest.param({"zones": (2, 2, 2), "acknowledge": ["memcached/one-zone"]}, None, [NAMES[1]] * 3, id="one-zone"),
    ],
)
def test_zones(tmp_path: Path, changes: dict[str, Any], mode: str | None, zones: list[str]) -> None:
    """`single-az` is never said: it is the API's default, and refused to a cluster that has shrunk to one zone."""
    properties = only(template(tmp_path, memcached(**changes)), CLUSTER)
    assert properties.get("AZMode") == mode
    assert properties["PreferredAvailabilityZones"] == zones


def test_zones_without_names_are_left_to_elasticache(tmp_path: Path) -> None:
    place = Placement(vpc_id="vpc-0123456789abcdef0", subnet_ids=SUBNETS, availability_zones=[])
    made = synthesize_one(tmp_path, lambda stack: cluster(stack, memcached(), place))
    properties = only(made, CLUSTER)
    assert properties["AZMode"] == "cross-az"
    assert "PreferredAvailabilityZones" not in properties


def test_a_zone_that_the_vpc_lacks_is_refused() -> None:
    with pytest.raises(ValueError, match="zones must be among the VPC's 2, got 3; choose a lower number"):
        zones_of(memcached(zones=(1, 2, 3)), NAMES[:2])


@pytest.mark.parametrize(
    ("version", "family"), [("1.6.22", "memcached1.6"), ("1.5.16", "memcached1.5"), ("1.4.34", "memcached1.4")]
)
def test_the_parameter_group_follows_the_version(tmp_path: Path, version: str, family: str) -> None:
    off = {"transit_encryption": version == "1.6.22", "class": "cache.m5.large"}
    spec = memcached(version=version, parameters={"max_item_size": "2097152"}, **off)
    group = only(template(tmp_path, spec), "AWS::ElastiCache::ParameterGroup")
    assert group["CacheParameterGroupFamily"] == family
    assert group["Properties"] == {"max_item_size": "2097152"}


def test_tls_can_be_off(tmp_path: Path) -> None:
    spec = memcached(transit_encryption=False, acknowledge=["memcached/tls-off"])
    assert only(template(tmp_path, spec), CLUSTER)["TransitEncryptionEnabled"] is False


def test_a_window_and_overrides_come_last(tmp_path: Path) -> None:
    spec = memcached(maintenance_window="sun:05:00-sun:06:00", overrides={"IpDiscovery": "ipv4", "NetworkType": "ipv4"})
    properties = only(template(tmp_path, spec), CLUSTER)
    assert properties["PreferredMaintenanceWindow"] == "sun:05:00-sun:06:00"
    assert (properties["IpDiscovery"], properties["NetworkType"]) == ("ipv4", "ipv4")


def test_nothing_connects_until_it_may(made: Template, tmp_path: Path) -> None:
    assert resources(made, "AWS::EC2::SecurityGroupIngress") == {}
    assert "SecurityGroupIngress" not in only(made, "AWS::EC2::SecurityGroup")

    def with_app(stack: cdk.Stack) -> None:
        pages = cluster(stack, memcached(allow_from={"jobs": {"cidr": "10.1.2.3/32"}}))
        group = ec2.SecurityGroup.from_security_group_id(stack, "App", "sg-0123456789abcdef0")
        pages.connections.allow_default_port_from(group)

    rules = resources(synthesize_one(tmp_path, with_app), "AWS::EC2::SecurityGroupIngress").values()
    assert {(r["Properties"]["FromPort"], r["Properties"]["ToPort"]) for r in rules} == {(11212, 11212)}
    assert {r["Properties"].get("CidrIp") for r in rules} == {"10.1.2.3/32", None}


def test_logical_ids_are_pinned(made: Template) -> None:
    """The cluster's name is fixed, so that CloudFormation can't put another one beside it: a changed id is refused."""
    assert set(made["Resources"]) == {
        "MemcachedCacheCluster23D1672E",
        "MemcachedParameters30766A0F",
        "MemcachedSecurityGroup67B53255",
        "MemcachedSubnetsBAF2256B",
    }


def test_discovery_is_an_attribute_of_the_cluster(tmp_path: Path) -> None:
    def with_output(stack: cdk.Stack) -> None:
        cdk.CfnOutput(stack, "Endpoint", value=cluster(stack, memcached()).endpoint)

    made = synthesize_one(tmp_path, with_output)
    (name,) = resources(made, CLUSTER)
    assert made["Outputs"]["Endpoint"]["Value"] == {"Fn::GetAtt": [name, "ConfigurationEndpoint.Address"]}


@pytest.mark.parametrize(
    ("method", "metric", "statistic"),
    [
        ("metric_cpu_percent", "CPUUtilization", "Average"),
        ("metric_evictions", "Evictions", "Sum"),
        ("metric_unused_memory_bytes", "UnusedMemory", "Minimum"),
        ("metric_connections", "CurrConnections", "Maximum"),
    ],
)
def test_metrics_are_of_one_node(tmp_path: Path, method: str, metric: str, statistic: str) -> None:
    """Names and units: ElastiCache user guide, "Metrics for Memcached" and "Host-Level Metrics"."""
    pages = cluster(cdk.Stack(new_app(tmp_path), "Alone"), memcached())
    found: cloudwatch.Metric = getattr(pages, method)(node="0002")
    assert (found.namespace, found.metric_name, found.statistic) == ("AWS/ElastiCache", metric, statistic)
    assert found.dimensions == {"CacheClusterId": "shop-pages", "CacheNodeId": "0002"}
    assert getattr(pages, method)().dimensions["CacheNodeId"] == "0001"


def test_weak_choices_are_said_at_synthesis(tmp_path: Path) -> None:
    stack = cdk.Stack(new_app(tmp_path), "Alone", env=cdk.Environment(region="eu-west-1"))
    cluster(stack, memcached(port=11211))
    said = [entry for construct in stack.node.find_all() for entry in construct.node.metadata]
    [warning] = [str(entry.data) for entry in said if entry.type == "aws:cdk:warning"]
    assert "memcached.port" not in warning
    assert "port must not be Memcached's usual one, got 11211" in warning


def test_a_version_newer_than_the_data_can_be_synthesized(tmp_path: Path) -> None:
    spec = memcached(version="1.6.99", acknowledge=["memcached/version-unknown"])
    assert only(template(tmp_path, spec), CLUSTER)["EngineVersion"] == "1.6.99"


def test_a_class_newer_than_the_data_can_be_synthesized(tmp_path: Path) -> None:
    spec = memcached(**{"class": "cache.r9g.large"}, acknowledge=["memcached/class-unknown"])
    assert only(template(tmp_path, spec), CLUSTER)["CacheNodeType"] == "cache.r9g.large"
