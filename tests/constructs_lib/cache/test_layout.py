"""Modes, placed shards, durability, TLS mode and logs of a replication group, in its template."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam

from constructs_lib.cache import settings
from constructs_lib.cache.replication_group import ReplicationGroup
from estate.caches.replication_group import ReplicationGroupSpec
from tests.support.specs import valkey, vpc_of_the_caller
from tests.support.synthesis import Template, new_app, only, resources, synthesize_one

GROUP = "AWS::ElastiCache::ReplicationGroup"
ONLINE = {"UseOnlineResharding": True}
PREFERRED = {"shards": 1, "transit_encryption": "preferred", "acknowledge": ["cache/tls-preferred"]}
PLACED = {
    "0002": {"primary_zone": 2, "replica_zones": [3, 1], "replicas": 2, "slots": "5461-16383"},
    "0001": {"primary_zone": 1, "replica_zones": [2], "slots": "0-5460"},
}


def define(stack: cdk.Stack, spec: ReplicationGroupSpec) -> ReplicationGroup:
    return ReplicationGroup(stack, "Cache", identifier=f"shop-{spec.name}", spec=spec, vpc=vpc_of_the_caller(stack))


def template(out: Path, **changes: Any) -> Template:
    return synthesize_one(out, lambda stack: define(stack, valkey(**changes)))


def alone(out: Path, **changes: Any) -> ReplicationGroup:
    return define(cdk.Stack(new_app(out), "Alone"), valkey(**changes))


@pytest.mark.parametrize(
    ("changes", "mode", "parameter", "policy"),
    [
        pytest.param({"shards": 1}, "disabled", "no", None, id="off"),
        pytest.param({"shards": 1, "cluster_mode": "compatible"}, "compatible", "yes", None, id="on-the-way"),
        pytest.param({"shards": 1, "cluster_mode": "enabled"}, "enabled", "yes", ONLINE, id="on-with-one-shard"),
        pytest.param({"shards": 3}, "enabled", "yes", ONLINE, id="on-with-three"),
    ],
)
def test_mode_parameter_and_update_policy_agree(
    tmp_path: Path, changes: dict[str, Any], mode: str, parameter: str, policy: dict[str, bool] | None
) -> None:
    made = template(tmp_path, **changes)
    (resource,) = resources(made, GROUP).values()
    assert resource["Properties"]["ClusterMode"] == mode
    assert only(made, "AWS::ElastiCache::ParameterGroup")["Properties"]["cluster-enabled"] == parameter
    assert resource.get("UpdatePolicy") == policy


@pytest.mark.parametrize(
    ("changes", "there"),
    [
        pytest.param({"shards": 1}, {"primary_endpoint", "reader_endpoint"}, id="off"),
        pytest.param(
            {"shards": 1, "cluster_mode": "compatible"},
            {"primary_endpoint", "reader_endpoint", "configuration_endpoint"},
            id="on-the-way",
        ),
        pytest.param({"shards": 2}, {"configuration_endpoint"}, id="on"),
    ],
)
def test_each_mode_has_its_endpoints(tmp_path: Path, changes: dict[str, Any], there: set[str]) -> None:
    cache = alone(tmp_path, **changes)
    for name in ("primary_endpoint", "reader_endpoint", "configuration_endpoint"):
        if name in there:
            assert cdk.Token.is_unresolved(getattr(cache, name))
        else:
            with pytest.raises(ValueError, match=f"{name} must be asked of a group"):
                getattr(cache, name)


def test_a_group_on_its_way_still_sends_clients_to_the_primary(tmp_path: Path) -> None:
    """Clients that know no cluster mode would find replicas behind the configuration endpoint, and be refused."""
    cache = alone(tmp_path, shards=1, cluster_mode="compatible")
    assert cache.endpoint == cache.primary_endpoint


def test_placed_shards_say_zones_replicas_and_slots_in_the_order_of_their_ids(tmp_path: Path) -> None:
    properties = only(template(tmp_path, placement=PLACED), GROUP)
    assert properties["NodeGroupConfiguration"] == [
        {
            "NodeGroupId": "0001",
            "PrimaryAvailabilityZone": "eu-west-1a",
            "ReplicaAvailabilityZones": ["eu-west-1b"],
            "ReplicaCount": 1,
            "Slots": "0-5460",
        },
        {
            "NodeGroupId": "0002",
            "PrimaryAvailabilityZone": "eu-west-1b",
            "ReplicaAvailabilityZones": ["eu-west-1c", "eu-west-1a"],
            "ReplicaCount": 2,
            "Slots": "5461-16383",
        },
    ]
    assert (properties["NumNodeGroups"], "ReplicasPerNodeGroup" in properties) == (2, False)


def test_a_shard_may_say_its_replicas_alone(tmp_path: Path) -> None:
    made = only(template(tmp_path, placement={"0001": {}, "0002": {"replicas": 3}}), GROUP)
    assert made["NodeGroupConfiguration"] == [
        {"NodeGroupId": "0001", "ReplicaCount": 1},
        {"NodeGroupId": "0002", "ReplicaCount": 3},
    ]


def test_a_zone_that_the_vpc_lacks_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="zone must be one of the VPC's 3, got 4; add a zone or lower it"):
        alone(tmp_path, placement={"0001": {"primary_zone": 4}, "0002": {}})


@pytest.mark.parametrize("durability", ["sync", "async", "disabled", None])
def test_durability_is_said_when_the_file_says_it(tmp_path: Path, durability: str | None) -> None:
    changes = {"durability": durability} if durability else {}
    made = only(template(tmp_path, version="9.0", **changes), GROUP)
    assert made.get("Durability") == durability
    assert only(template(tmp_path / "2", version="9.0"), GROUP)["AtRestEncryptionEnabled"] is True


def test_preferred_tls_has_no_users_because_elasticache_takes_none(tmp_path: Path) -> None:
    made = template(tmp_path, **PREFERRED)
    properties = only(made, GROUP)
    assert (properties["TransitEncryptionEnabled"], properties["TransitEncryptionMode"]) == (True, "preferred")
    assert "UserGroupIds" not in properties
    assert resources(made, "AWS::ElastiCache::User") == {}


def test_nobody_can_be_granted_a_way_in_without_users(tmp_path: Path) -> None:
    cache = alone(tmp_path, **PREFERRED)
    role = iam.Role(cdk.Stack.of(cache), "App", assumed_by=iam.ServicePrincipal("ec2.amazonaws.com"))
    with pytest.raises(KeyError):
        cache.grant_connect(role, "web")


@pytest.mark.parametrize(
    ("engine", "version", "kinds"),
    [
        ("redis", "5.0.6", ()),
        ("redis", "6.0", ("slow-log",)),
        ("redis", "6.2", ("engine-log", "slow-log")),
        ("valkey", "9.0", ("engine-log", "slow-log")),
    ],
)
def test_a_version_delivers_the_logs_that_it_has(engine: Any, version: str, kinds: tuple[str, ...]) -> None:
    spec = ReplicationGroupSpec.model_construct(name="sessions", engine=engine, version=version)
    assert settings.log_types(spec) == kinds


def test_the_group_keeps_its_logical_id_whatever_its_layout(tmp_path: Path) -> None:
    """What stores data is not made anew because the file places it, turns a mode or keeps its writes."""
    layouts: tuple[dict[str, Any], ...] = (
        {"shards": 1},
        {"placement": PLACED},
        {"version": "9.0", "durability": "sync"},
        PREFERRED,
    )
    found = {
        tuple(resources(template(tmp_path / str(number), **layout), GROUP)) for number, layout in enumerate(layouts)
    }
    assert found == {("CacheReplicationGroupBFE59FF3",)}


def test_the_way_to_cluster_mode_brings_another_parameter_group(tmp_path: Path) -> None:
    """`cluster-enabled` can't be changed under a group; a new parameter group comes along with the mode."""
    modes = ("disabled", "compatible", "enabled")
    made = [template(tmp_path / mode, shards=1, cluster_mode=mode) for mode in modes]
    off, on_the_way, on = (set(resources(each, "AWS::ElastiCache::ParameterGroup")) for each in made)
    assert off.isdisjoint(on_the_way)
    assert on_the_way == on


def test_what_is_acknowledged_says_why_there_are_no_users(tmp_path: Path) -> None:
    for number, (changes, why) in enumerate([({}, "through a user group"), (PREFERRED, "being moved to TLS")]):
        group = alone(tmp_path / str(number), **changes).cfn_replication_group
        (said,) = [each.data for each in group.node.metadata if each.type == "aws:cdk:acknowledged-rules"]
        assert why in str(said)
