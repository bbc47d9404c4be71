"""Engine moves: the edits of docs/options/engine-moves.md, deployed one after the other; the cache stays the same one.

Each file is compared with the one before, too: what `estate check --against` says is what the deploy does.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from estate.compare import changes_of
from estate.load import load_text
from estate.model import Estate
from stacks.compose import compose
from tests.lab.cloud.conftest import Aws
from tests.support.estate_files import changed
from tests.support.synthesis import synthesize

S = "caches.sessions."
WEB = {"web": {"access": "on ~a:* +@read"}}
SMALL = {"aurora": {}, "network": {"eu-west-1": {"zones": 2}}, f"{S}class": "cache.t4g.small"}
REDIS = {f"{S}engine": "redis", f"{S}version": "7.1"}
MENUS = "serverless_caches.menus"
STACK = "shop-cache-sessions"

Edit = dict[str, Any]
Deploy = Callable[..., str]


@pytest.fixture
def move(aws: Aws, tmp_path: Path) -> Deploy:
    """Deploy the estate after an edit; gives the status of the cache's stack and checks what was foretold."""
    before: list[Estate] = []

    def deploy(edit: Edit, *, stack: str = STACK, foretold: str = "note") -> str:
        estate = load_text(changed(SMALL | edit)).estate
        if before:
            levels = {change.level for change in changes_of(before[-1], estate)}
            assert ("error" in levels) == (foretold == "error")
        templates = synthesize(tmp_path / str(len(before)), lambda app: compose(app, estate))
        if not before:
            made = aws.deploy("shop-network", templates["shop-network"])
            assert made["StackStatus"] == "CREATE_COMPLETE", aws.reasons("shop-network")
        status = str(aws.deploy(stack, templates[stack])["StackStatus"])
        if foretold != "error":
            assert status in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}, aws.reasons(stack)
            before.append(estate)
        return status

    return deploy


def group(aws: Aws) -> dict[str, Any]:
    (found,) = aws("elasticache").describe_replication_groups()["ReplicationGroups"]
    return dict(found)


def version(aws: Aws) -> str:
    return str(aws("elasticache").describe_cache_clusters()["CacheClusters"][0]["EngineVersion"])


def born(aws: Aws) -> tuple[str, Any]:
    """What tells a cache from one that was made in its place."""
    found = group(aws)
    return found["ReplicationGroupId"], found["ReplicationGroupCreateTime"]


def user_group(aws: Aws) -> dict[str, Any]:
    (found,) = aws("elasticache").describe_user_groups()["UserGroups"]
    return dict(found)


def test_redis_becomes_valkey_and_its_users_stay(aws: Aws, move: Deploy) -> None:
    """Engine and version in place; a parameter group of the new family; the group of users stays Redis OSS's."""
    move(REDIS | {f"{S}users": WEB})
    was = born(aws)
    move({f"{S}moved_from": "redis", f"{S}users": WEB})
    assert (born(aws), group(aws)["Engine"], version(aws)) == (was, "valkey", "8.2")
    assert user_group(aws)["Engine"] == "redis"
    assert user_group(aws)["ReplicationGroups"] == ["shop-sessions"]
    (parameters,) = aws("elasticache").describe_cache_parameter_groups()["CacheParameterGroups"]
    assert parameters["CacheParameterGroupFamily"] == "valkey8"


def test_users_may_become_valkeys_afterwards(aws: Aws, move: Deploy) -> None:
    """User and UserGroup: `Engine` is changed without interruption (CloudFormation's reference)."""
    move({f"{S}moved_from": "redis", f"{S}users": WEB})
    move({f"{S}users": WEB})
    assert (user_group(aws)["Engine"], user_group(aws)["UserIds"]) == ("valkey", ["shop-sessions-web"])
    assert group(aws)["UserGroupIds"] == ["shop-sessions"]


def test_without_saying_where_it_came_from_the_move_is_stopped(aws: Aws, move: Deploy) -> None:
    """User guide, RBAC: a Redis OSS cache takes no user group of Valkey, and CloudFormation changes the group first."""
    move(REDIS | {f"{S}users": WEB})
    was = born(aws)
    assert move({f"{S}users": WEB}, foretold="error") == "UPDATE_ROLLBACK_COMPLETE"
    assert "is used by shop-sessions, which is of engine redis" in aws.reasons(STACK)
    assert (born(aws), group(aws)["Engine"]) == (was, "redis")


def test_a_major_upgrade_takes_another_parameter_group(aws: Aws, move: Deploy) -> None:
    move({f"{S}version": "7.2", f"{S}parameters": {"timeout": "300"}})
    was = born(aws)
    move({f"{S}version": "8.2", f"{S}parameters": {"timeout": "300"}})
    assert (born(aws), version(aws)) == (was, "8.2")
    (parameters,) = aws("elasticache").describe_cache_parameter_groups()["CacheParameterGroups"]
    assert parameters["CacheParameterGroupFamily"] == "valkey8"


def test_tls_is_required_once_every_client_uses_it(aws: Aws, move: Deploy) -> None:
    """API reference, TransitEncryptionMode: preferred, then required; users come with it."""
    move({f"{S}transit_encryption": "preferred", "acknowledge": ["cache/tls-preferred"]})
    was = born(aws)
    assert group(aws)["TransitEncryptionMode"] == "preferred"
    move({f"{S}users": WEB})
    assert (born(aws), group(aws)["TransitEncryptionMode"]) == (was, "required")
    assert group(aws)["UserGroupIds"] == ["shop-sessions"]


def test_cluster_mode_is_turned_on_by_way_of_compatible(aws: Aws, move: Deploy) -> None:
    """User guide, "Modifying cluster mode": two steps, then shards."""
    move({f"{S}users": WEB})
    was, mode = born(aws), f"{S}cluster_mode"
    for edit, shown in (
        ({mode: "compatible"}, ("compatible", 1)),
        ({mode: "enabled"}, ("enabled", 1)),
        ({mode: "enabled", f"{S}shards": 2}, ("enabled", 2)),
    ):
        move({f"{S}users": WEB} | edit)
        found = group(aws)
        assert (found["ClusterMode"], len(found["NodeGroups"])) == shown
        assert born(aws) == was
    assert "ConfigurationEndpoint" in group(aws)


def test_cluster_mode_in_one_step_is_stopped(aws: Aws, move: Deploy) -> None:
    move({})
    was = born(aws)
    assert move({f"{S}shards": 2}, foretold="error") == "UPDATE_ROLLBACK_COMPLETE"
    assert "Cluster mode cannot be changed from disabled to enabled" in aws.reasons(STACK)
    assert (born(aws), group(aws)["ClusterMode"]) == (was, "disabled")


def test_users_take_the_place_of_a_token_by_one_call(aws: Aws, move: Deploy) -> None:
    """ModifyReplicationGroup.AuthTokenUpdateStrategy: "DELETE - allowed only when transitioning to RBAC"."""
    token = {"acknowledge": ["cache/auth-token-version"]}
    move(REDIS | token | {f"{S}auth_token": {}})
    was = born(aws)
    replaced = REDIS | {f"{S}auth_token": {"replaced_by_users": True}, f"{S}users": WEB}
    move(replaced)
    assert (group(aws)["AuthTokenEnabled"], group(aws)["UserGroupIds"]) == (True, [])
    aws("elasticache").modify_replication_group(
        ReplicationGroupId="shop-sessions",
        AuthTokenUpdateStrategy="DELETE",
        UserGroupIdsToAdd=["shop-sessions"],
        ApplyImmediately=True,
    )
    assert (group(aws)["AuthTokenEnabled"], group(aws)["UserGroupIds"]) == (False, ["shop-sessions"])
    move(replaced | {f"{S}snapshot_retention_days": 20})  # later deploys leave it as it is
    assert (group(aws)["AuthTokenEnabled"], group(aws)["UserGroupIds"]) == (False, ["shop-sessions"])
    assert born(aws) == was


def test_a_token_that_goes_from_the_template_is_stopped(aws: Aws, move: Deploy) -> None:
    """cfn-roadmap #2356: the group would be replaced; its name is taken."""
    move(REDIS | {f"{S}auth_token": {}, "acknowledge": ["cache/auth-token-version"]})
    was = born(aws)
    assert move(REDIS | {f"{S}users": WEB}, foretold="error") == "UPDATE_ROLLBACK_COMPLETE"
    assert "custom-named resource requires replacing" in aws.reasons(STACK)
    assert (born(aws), group(aws)["AuthTokenEnabled"]) == (was, True)


@pytest.mark.parametrize(
    ("new", "reason"),
    [
        pytest.param({f"{S}port": 6390}, "custom-named resource requires replacing", id="port"),
        pytest.param({f"{S}version": "8.1"}, "Cannot downgrade valkey", id="downgrade"),
        pytest.param({f"{S}class": "cache.r6gd.xlarge"}, "custom-named resource requires replacing", id="data-tiering"),
    ],
)
def test_what_would_replace_or_is_refused_is_stopped_by_the_deploy_too(
    aws: Aws, move: Deploy, new: Edit, reason: str
) -> None:
    move({})
    was = born(aws)
    assert move(new, foretold="error") == "UPDATE_ROLLBACK_COMPLETE"
    assert reason in aws.reasons(STACK)
    assert born(aws) == was


class TestServerless:
    """The same moves without nodes."""

    STACK = "shop-cache-menus"

    def menus(self, aws: Aws) -> dict[str, Any]:
        (found,) = aws("elasticache").describe_serverless_caches()["ServerlessCaches"]
        return dict(found)

    def test_redis_becomes_valkey_then_a_newer_one(self, aws: Aws, move: Deploy) -> None:
        move({"caches": {}, MENUS: {"engine": "redis", "users": WEB}}, stack=self.STACK)
        was = self.menus(aws)["CreateTime"]
        for settings in ({"version": "8"}, {"version": "9"}):
            move({"caches": {}, MENUS: {"moved_from": "redis", "users": WEB, **settings}}, stack=self.STACK)
            found = self.menus(aws)
            assert (found["Engine"], found["MajorEngineVersion"]) == ("valkey", settings["version"])
            assert (found["CreateTime"], found["UserGroupId"]) == (was, "shop-menus")
        assert user_group(aws)["Engine"] == "redis"

    def test_it_can_not_be_lowered(self, aws: Aws, move: Deploy) -> None:
        move({"caches": {}, MENUS: {"version": "9"}}, stack=self.STACK)
        was = self.menus(aws)["CreateTime"]
        lower = {"caches": {}, MENUS: {"version": "8"}}
        assert move(lower, stack=self.STACK, foretold="error") == "UPDATE_ROLLBACK_COMPLETE"
        assert self.menus(aws)["CreateTime"] == was
