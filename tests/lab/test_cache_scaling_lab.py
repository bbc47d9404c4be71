"""Auto scaling of shards with real servers: a breach starts a shard that takes slots; then it gives them back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from tests.lab.data.support import eventually
from tests.support.labs import Lab

pytestmark = [pytest.mark.lab, pytest.mark.xdist_group("shop_lab")]

GROUP = "shop-sessions"
PLACE = {
    "ServiceNamespace": "elasticache",
    "ResourceId": f"replication-group/{GROUP}",
    "ScalableDimension": "elasticache:replication-group:NodeGroups",
}


def aws(lab: Lab, service: str) -> Any:
    session: Any = boto3.session.Session()  # the stubs know services by literal names only
    return session.client(service, endpoint_url=lab.environment["AWS_ENDPOINT_URL"], region_name="eu-west-1")


def load(lab: Lab, cpu: int) -> dict[str, Any]:
    answer = lab.runbook("lab", "load", GROUP, "--cpu", str(cpu), "--output", "json")
    assert answer.returncode == 0, answer.stderr
    said: dict[str, Any] = json.loads(answer.stdout)
    return said


def slots(lab: Lab) -> list[bool]:
    """For each shard of the group, once it serves, whether it holds slots; empty before."""
    (group,) = aws(lab, "elasticache").describe_replication_groups(ReplicationGroupId=GROUP)["ReplicationGroups"]
    return [bool(shard["Slots"]) for shard in group["NodeGroups"]] if group["Status"] == "available" else []


@pytest.fixture
def scaled(shop_lab: Lab) -> Iterator[Lab]:
    scaling = aws(shop_lab, "application-autoscaling")
    scaling.register_scalable_target(**PLACE, MinCapacity=2, MaxCapacity=3)
    scaling.put_scaling_policy(
        **PLACE,
        PolicyName="cpu",
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration={
            "PredefinedMetricSpecification": {"PredefinedMetricType": "ElastiCachePrimaryEngineCPUUtilization"},
            "TargetValue": 60,
            "ScaleInCooldown": 0,
        },
    )
    yield shop_lab
    load(shop_lab, 0)
    eventually(lambda: len(slots(shop_lab)) == 2, "the group has its two shards again")
    scaling.deregister_scalable_target(**PLACE)


def test_a_breach_adds_a_shard_that_serves_and_its_end_takes_it_away(scaled: Lab) -> None:
    said = load(scaled, 85)
    assert said["activities"] == ["Setting shard count to 3. policy cpu: 85 is above the target of 60"]
    eventually(lambda: slots(scaled) == [True] * 3, "three shards hold slots")
    said = load(scaled, 0)
    assert said["activities"] == ["Setting shard count to 2. every policy is below its target (cpu: 0 of 60)"]
    eventually(lambda: slots(scaled) == [True] * 2, "two shards hold all slots")
