"""Which steps a restore of a cache still needs, and every reason not to start. Pure."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from botocore.session import get_session

from runbooks.engine.plan import PlanRefusedError, render_plan
from runbooks.restore_cache.plan import blockers, plan_restore
from runbooks.restore_cache.portrait import asked_version
from runbooks.restore_cache.request import RestoreCacheRequest
from runbooks.restore_cache.seen import Observed, Origin, Portrait
from runbooks.restore_cache.settings import (
    NODE_TABLE,
    SERVERLESS_TABLE,
    create_parameters,
    differences,
    same,
    wanted_settings,
)
from runbooks.snapshot.seen import Snapshot

RUN = "r"
SNAPSHOT = Snapshot(
    family="cache",
    snapshot_id="before",
    arn="arn:aws:elasticache:eu-west-1:123456789012:snapshot:before",
    source_id="shop-sessions",
    kind="manual",
    status="available",
    created_at=None,
    engine="valkey",
    engine_version="8.0",
)
ORIGIN = Origin(snapshot=SNAPSHOT, layout=(("0001", "0-999"), ("0002", "1000-16383")))
SETTINGS: dict[str, Any] = {
    "Engine": "valkey",
    "EngineVersion": "8.0",
    "CacheNodeType": "cache.r7g.large",
    "SecurityGroupIds": ["sg-1"],
    "UserGroupIds": ["web"],
    "AutomaticFailoverEnabled": True,
    "MultiAZEnabled": True,
    "KmsKeyId": "arn:aws:kms:eu-west-1:123456789012:key/k",
}
MODEL = Portrait(
    cache_id="shop-sessions",
    arn="arn:aws:elasticache:eu-west-1:123456789012:replicationgroup:shop-sessions",
    status="available",
    engine="valkey",
    settings=SETTINGS,
    shards=2,
    replicas=1,
    clustered=True,
)
ONE_SHARD = replace(ORIGIN, layout=(("0001", "0-16383"),))
REQUEST = RestoreCacheRequest(snapshot="before", target="shop-sessions-2", owner="me")
SEEN = Observed(run_id=RUN, origin=ORIGIN, model=MODEL)
MADE = replace(MODEL, cache_id="shop-sessions-2", tags={"aurora-estate:run": RUN})
SERVERLESS = replace(REQUEST, family="serverless")
MENUS = replace(MODEL, settings={"Engine": "valkey", "MajorEngineVersion": "8"}, shards=None, replicas=None)


def of(**changes: Any) -> Observed:
    return replace(SEEN, **changes)


def older(version: str, engine: str = "valkey") -> Observed:
    return of(model=replace(MODEL, settings={**SETTINGS, "Engine": engine, "EngineVersion": version}))


@pytest.mark.parametrize(
    ("request_", "seen", "expected"),
    [
        pytest.param(
            REQUEST, of(origin=None), "snapshot before must exist, got none of a replication group", id="none"
        ),
        pytest.param(
            SERVERLESS, of(origin=None), "must exist, got none of a serverless cache", id="none-of-the-other-family"
        ),
        pytest.param(
            REQUEST,
            of(origin=replace(ORIGIN, snapshot=replace(SNAPSHOT, status="creating"))),
            "snapshot before must be available, got creating",
            id="not-yet-available",
        ),
        pytest.param(
            REQUEST,
            of(model=None),
            "replication group shop-sessions must exist for the new one to be like it",
            id="gone",
        ),
        pytest.param(
            REQUEST,
            of(model=replace(MODEL, has_token=True)),
            "shop-sessions must have users, got an AUTH token, which nobody can read back",
            id="token",
        ),
        pytest.param(replace(REQUEST, target="2-shop"), SEEN, "--as must be 1 to 40 lower-case", id="digit-first"),
        pytest.param(replace(REQUEST, target="shop--2"), SEEN, "--as must be 1 to 40 lower-case", id="two-hyphens"),
        pytest.param(replace(REQUEST, target="shop-"), SEEN, "--as must be 1 to 40 lower-case", id="hyphen-last"),
        pytest.param(replace(REQUEST, target="a" * 41), SEEN, "--as must be 1 to 40 lower-case", id="long"),
        pytest.param(
            REQUEST, of(made=replace(MADE, tags={})), "got one that no run of a runbook made", id="somebody-else's"
        ),
        pytest.param(
            REQUEST,
            of(made=replace(MADE, tags={"aurora-estate:run": "x"})),
            "got one that run x made",
            id="another-run's",
        ),
        pytest.param(
            REQUEST, older("7.2"), "the engine version must be 8.0 or newer, as the snapshot's was, got 7.2", id="older"
        ),
        pytest.param(
            replace(REQUEST, engine_version="7.2"), SEEN, "the engine version must be 8.0 or newer", id="older-asked"
        ),
        pytest.param(
            REQUEST, older("7.1", "redis"), "the new cache must run valkey, as the snapshot's did, got redis", id="back"
        ),
        pytest.param(
            REQUEST,
            of(model=replace(MODEL, clustered=False)),
            "shop-sessions must have cluster mode on, got off: before has 2 shards",
            id="shards-without-cluster-mode",
        ),
        pytest.param(replace(REQUEST, replicas=6), SEEN, "--replicas must be 0 to 5, got 6", id="replicas"),
        pytest.param(replace(REQUEST, replicas=-1), SEEN, "--replicas must be 0 to 5, got -1", id="fewer-than-none"),
        pytest.param(
            replace(REQUEST, replicas=0),
            of(model=replace(MODEL, settings={**SETTINGS, "Durability": "sync"})),
            "--replicas must be 1 or more for durability sync",
            id="durable",
        ),
        pytest.param(
            REQUEST,
            of(origin=replace(ORIGIN, data_tiering=True)),
            "the node type must have data tiering, as before is of nodes that have, got cache.r7g.large",
            id="tiered-to-memory",
        ),
        pytest.param(
            replace(SERVERLESS, node_type="cache.r7g.large", replicas=0),
            of(model=MENUS),
            "--node-type, --replicas must be left out for a serverless cache",
            id="nodes-of-serverless",
        ),
        pytest.param(
            replace(SERVERLESS, user_groups=("a", "b")), of(model=MENUS), "--user-group must be one", id="two-groups"
        ),
        pytest.param(REQUEST, of(locked=("x is locked by run y",)), "locked by run y", id="locked"),
        pytest.param(REQUEST, of(fences=("outside RUNBOOK_ALLOW",)), "outside RUNBOOK_ALLOW", id="fenced"),
    ],
)
def test_refused(request_: RestoreCacheRequest, seen: Observed, expected: str) -> None:
    assert any(expected in reason for reason in blockers(request_, seen)), blockers(request_, seen)
    with pytest.raises(PlanRefusedError):
        plan_restore(request_, seen)


def test_all_reasons_at_once() -> None:
    """House style: every reason in one go."""
    seen = of(model=replace(MODEL, has_token=True, clustered=False), locked=("locked",))
    assert len(blockers(replace(REQUEST, target="X", replicas=9), seen)) == 5


@pytest.mark.parametrize(
    ("request_", "seen"),
    [
        pytest.param(REQUEST, SEEN, id="as-it-was"),
        pytest.param(
            replace(REQUEST, user_groups=("u",)), of(model=replace(MODEL, has_token=True)), id="token-no-more"
        ),
        pytest.param(REQUEST, older("8.2"), id="newer"),
        pytest.param(
            replace(REQUEST, node_type="cache.r6gd.xlarge"), of(origin=replace(ORIGIN, data_tiering=True)), id="tiered"
        ),
        pytest.param(
            REQUEST,
            of(origin=replace(ORIGIN, snapshot=replace(SNAPSHOT, engine="redis", engine_version="7.1"))),
            id="redis-to-valkey",
        ),
        pytest.param(REQUEST, of(origin=ONE_SHARD, model=replace(MODEL, clustered=False)), id="one-shard"),
    ],
)
def test_planned(request_: RestoreCacheRequest, seen: Observed) -> None:
    assert [step.key for step in plan_restore(request_, seen)] == [
        "create-cache shop-sessions-2",
        "wait-until-available shop-sessions-2",
    ]


def test_a_second_run_plans_what_is_missing() -> None:
    creating = of(made=replace(MADE, status="creating"))
    assert [step.kind.value for step in plan_restore(REQUEST, creating)] == ["wait-until-available"]
    assert plan_restore(REQUEST, of(made=MADE)) == ()
    gone = of(made=MADE, model=None, origin=None)
    assert plan_restore(REQUEST, gone) == (), "what it was made from may go meanwhile"


def test_the_call_says_all_that_a_restore_would_leave_out() -> None:
    given = create_parameters(REQUEST, RUN, ORIGIN, MODEL)
    assert given["NodeGroupConfiguration"] == [
        {"NodeGroupId": "0001", "ReplicaCount": 1, "Slots": "0-999"},
        {"NodeGroupId": "0002", "ReplicaCount": 1, "Slots": "1000-16383"},
    ]
    assert given["SnapshotName"] == "before"
    assert {name: given[name] for name in SETTINGS} == SETTINGS
    assert {each["Key"]: each["Value"] for each in given["Tags"]} == {
        "aurora-estate:owner": "me",
        "aurora-estate:purpose": "restore cache",
        "aurora-estate:run": RUN,
        "aurora-estate:source": SNAPSHOT.arn,
    }
    single = create_parameters(replace(REQUEST, replicas=0), RUN, ONE_SHARD, replace(MODEL, clustered=False))
    assert (single["NumCacheClusters"], "NodeGroupConfiguration" in single) == (1, False)
    assert not single["MultiAZEnabled"]
    assert not single["AutomaticFailoverEnabled"]


@pytest.mark.parametrize(
    ("operation", "table"), [("CreateReplicationGroup", NODE_TABLE), ("CreateServerlessCache", SERVERLESS_TABLE)]
)
def test_every_parameter_of_aws_is_accounted_for(operation: str, table: dict[str, Any]) -> None:
    """A parameter that AWS adds shows up here, and wants a row."""
    said = {
        "AuthToken",  # refused: it cannot be read back
        "CacheSecurityGroupNames",  # EC2-Classic is gone
        "GlobalReplicationGroupId",  # the new one stands alone
        "Integrations",  # with DynamoDB: of the model's own data
        "NodeGroupConfiguration",
        "NumCacheClusters",
        "NumNodeGroups",
        "PreferredCacheClusterAZs",  # AWS spreads the nodes
        "PrimaryClusterId",
        "ReplicasPerNodeGroup",
        "ReplicationGroupDescription",
        "ReplicationGroupId",
        "ServerlessCacheName",
        "ServerlessCacheSnapshotName",  # from a serverless cache to nodes: not offered
        "SnapshotArns",
        "SnapshotArnsToRestore",
        "SnapshotName",
        "Tags",
    }
    model = get_session().get_service_model("elasticache").operation_model(operation)
    assert model.input_shape is not None
    assert set(model.input_shape.members) - said == {name for name in table if name[0].isupper()}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"settings": {**SETTINGS, "CacheNodeType": "cache.t4g.micro"}}, "CacheNodeType"),
        ({"settings": {**SETTINGS, "UserGroupIds": []}}, "UserGroupIds"),
        ({"settings": {**SETTINGS, "DataTieringEnabled": True}}, "DataTieringEnabled"),
        ({"shards": 1}, "shards"),
        ({"replicas": 0}, "replicas"),
    ],
)
def test_an_unexplained_difference_is_found(change: dict[str, Any], expected: str) -> None:
    (found,) = differences(REQUEST, ORIGIN, MODEL, replace(MADE, **change))
    assert found.setting == expected
    assert list(differences(REQUEST, ORIGIN, MODEL, MADE)) == []


def test_what_is_asked_for_is_wanted() -> None:
    request = replace(REQUEST, node_type="cache.r6gd.xlarge", security_groups=("sg-2",), key="alias/mine")
    wanted = wanted_settings(request, MODEL)
    assert (wanted["CacheNodeType"], wanted["DataTieringEnabled"]) == ("cache.r6gd.xlarge", True)
    assert (wanted["SecurityGroupIds"], wanted["KmsKeyId"]) == (["sg-2"], "alias/mine")


@pytest.mark.parametrize(
    ("wanted", "got", "answer"),
    [
        ("alias/mine", "arn:aws:kms:eu-west-1:1:key/k", True),
        ("k", "arn:aws:kms:eu-west-1:1:key/k", True),
        ("other", "arn:aws:kms:eu-west-1:1:key/k", False),
        (None, "arn:aws:kms:eu-west-1:1:key/k", False),
        (None, None, True),
    ],
)
def test_keys_by_any_of_their_names(wanted: str | None, got: str | None, answer: bool) -> None:
    assert same("KmsKeyId", wanted, got) is answer


@pytest.mark.parametrize(
    ("engine", "shown", "asked"),
    [("valkey", "7.2.6", "7.2"), ("redis", "7.1.0", "7.1"), ("redis", "5.0.6", "5.0.6"), ("valkey", "8.0", "8.0")],
)
def test_versions_are_asked_for_without_the_patch(engine: str, shown: str, asked: str) -> None:
    assert asked_version(engine, shown) == asked


def test_a_request_survives_the_journal() -> None:
    request = replace(REQUEST, security_groups=("sg-1",), tags={"a": "b"}, replicas=0)
    assert RestoreCacheRequest.from_plain(json.loads(json.dumps(request.to_plain()))) == request


def test_the_page_shows_the_plan_and_every_setting() -> None:
    page = (Path(__file__).parents[3] / "docs" / "runbooks" / "restore-cache.md").read_text(encoding="utf-8")
    shown = re.findall(r"```text\nplan for shop-sessions-2:\n(.*?)\n```", page, re.DOTALL)
    assert shown == [render_plan(plan_restore(REQUEST, SEEN))]
    for name, (way, note) in (*NODE_TABLE.items(), *SERVERLESS_TABLE.items()):
        assert f"| {f'`{name}`' if name[0].isupper() else name} | {way} | {note} |" in page
