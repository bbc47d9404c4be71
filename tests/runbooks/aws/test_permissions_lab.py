"""A whole run asks AWS for exactly what `runbook policy` of its verb grants: no more, and no less."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.labs import Lab

# Granted, and not seen in a drill of a cluster that is in no global database: why.
NOT_SEEN = {
    "kms:Decrypt": "Secrets Manager asks for it, on the caller's behalf",
    "rds:DescribeGlobalClusters": "asked only about a member of a global database",
}

pytestmark = [pytest.mark.lab, pytest.mark.xdist_group("shop_lab")]


def read(lab: Lab, *words: str) -> Any:
    done = lab.runbook(*words, "--output", "json")
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def test_a_drill_uses_its_policy_and_nothing_else(shop_lab: Lab) -> None:
    before = len(read(shop_lab, "lab", "log"))
    outcome = read(shop_lab, "drill", "failover", "shop-orders", "--execute", "--cool-down-s", "0")
    assert outcome["state"] == "done"
    calls = read(shop_lab, "lab", "log")[before:]
    used = {f"{call['service']}:{call['operation']}" for call in calls}
    policy = read(shop_lab, "policy", "drill", "failover")
    granted = {action for statement in policy["Statement"] for action in statement["Action"]}
    assert used <= granted
    assert granted - used == set(NOT_SEEN)


def test_giving_and_taking_access_use_their_policies_and_nothing_else(shop_lab: Lab) -> None:
    taking = ("access", "revoke", "shop-orders", "app_policy", "--confirm", "shop-orders", "--execute")
    for words in (("access", "grant", "shop-orders", "app_policy", "--execute"), taking):
        before = len(read(shop_lab, "lab", "log"))
        assert read(shop_lab, *words)["state"] == "done"
        used = {f"{call['service']}:{call['operation']}" for call in read(shop_lab, "lab", "log")[before:]}
        policy = read(shop_lab, "policy", *words[:2])
        granted = {action for statement in policy["Statement"] for action in statement["Action"]}
        assert used <= granted
        # Secrets Manager decrypts on the caller's behalf; a token is for master users without a password.
        assert granted - used == {"kms:Decrypt", "rds-db:connect"}
