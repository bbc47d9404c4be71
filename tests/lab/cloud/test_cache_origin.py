"""Replication groups that are born from data, deployed to the embedded AWS: what is refused, what stays."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from estate.load import load_text
from lab.cloud.client import client
from stacks.compose import compose
from tests.examples.origins import a_snapshot_and_files
from tests.lab.cloud.conftest import Aws
from tests.support.synthesis import Template, synthesize

GROUP = "AWS::ElastiCache::ReplicationGroup"
REVIVAL = """\
estate: revival
defaults: "2026-11"
regions: [eu-west-1]
protection: off
caches:
  sessions: {origin: {snapshot: before-the-move}}
  catalog:
    shards: 2
    placement: {"0001": {slots: 0-8191}, "0002": {slots: 8192-16383}}
    origin:
      rdb: ["arn:aws:s3:::revival-seeds/catalog/part-1.rdb", "arn:aws:s3:::revival-seeds/catalog/part-2.rdb"]
"""
SESSIONS, CATALOG = "revival-cache-sessions", "revival-cache-catalog"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Template]:
    estate = load_text(REVIVAL).estate
    return synthesize(tmp_path_factory.mktemp("revival"), lambda app: compose(app, estate))


@pytest.fixture
def networked(aws: Aws, made: dict[str, Template]) -> Aws:
    aws.deploy("revival-network", made["revival-network"])
    return aws


@pytest.fixture
def ready(networked: Aws) -> Aws:
    """With the snapshot and the files."""
    a_snapshot_and_files(networked)
    return networked


def bucket_in(region: str) -> None:
    place = {"LocationConstraint": region}
    client("s3", region).create_bucket(Bucket="revival-seeds", CreateBucketConfiguration=place)


def without(made: dict[str, Template], stack: str, **changes: Any) -> Template:
    """A template whose group has a property changed, or removed where it is None."""
    template = deepcopy(made[stack])
    (group,) = [each for each in template["Resources"].values() if each["Type"] == GROUP]
    for name, value in changes.items():
        group["Properties"].pop(name)
        if value is not None:
            group["Properties"][name] = value
    return template


def shown(aws: Aws, group: str) -> dict[str, Any]:
    (found,) = aws("elasticache").describe_replication_groups(ReplicationGroupId=group)["ReplicationGroups"]
    return dict(found)


def test_a_group_is_born_from_a_snapshot_with_the_files_own_settings(ready: Aws, made: dict[str, Template]) -> None:
    """A snapshot of Redis OSS becomes Valkey; shards, replicas, port and key are the template's."""
    stack = ready.deploy(SESSIONS, made[SESSIONS])
    assert stack["StackStatus"] == "CREATE_COMPLETE", ready.reasons(SESSIONS)
    group = shown(ready, "revival-sessions")
    assert (group["Engine"], len(group["MemberClusters"]), group["TransitEncryptionMode"]) == ("valkey", 2, "required")
    assert group["NodeGroups"][0]["PrimaryEndpoint"]["Port"] == 6380


def test_a_cluster_is_born_from_files_with_the_slots_it_is_given(ready: Aws, made: dict[str, Template]) -> None:
    stack = ready.deploy(CATALOG, made[CATALOG])
    assert stack["StackStatus"] == "CREATE_COMPLETE", ready.reasons(CATALOG)
    shards = shown(ready, "revival-catalog")["NodeGroups"]
    assert [shard["Slots"] for shard in shards] == ["0-8191", "8192-16383"]


@pytest.mark.parametrize(
    ("stack", "prepare", "said"),
    [
        pytest.param(SESSIONS, lambda _: None, "SnapshotNotFoundFault", id="no-snapshot"),
        pytest.param(CATALOG, lambda _: None, "The S3 bucket revival-seeds does not exist", id="no-bucket"),
        pytest.param(
            CATALOG,
            lambda _: bucket_in("eu-central-1"),
            "is outside of the region",
            id="a-bucket-elsewhere",
        ),
        pytest.param(
            CATALOG,
            lambda _: bucket_in("eu-west-1"),
            "catalog/part-1.rdb",
            id="no-file",
        ),
    ],
)
def test_an_origin_must_be_there(
    networked: Aws, made: dict[str, Template], stack: str, prepare: Callable[[Aws], None], said: str
) -> None:
    """SnapshotNotFoundFault, InvalidParameterValue; texts of a bucket are CopySnapshot's. [B]"""
    prepare(networked)
    assert networked.deploy(stack, made[stack])["StackStatus"] == "ROLLBACK_COMPLETE"
    assert said in networked.reasons(stack)


@pytest.mark.parametrize("changes", [{"SnapshotName": None}, {"SnapshotName": "another"}], ids=["removed", "changed"])
def test_another_origin_is_refused_and_the_group_stays(
    ready: Aws, made: dict[str, Template], changes: dict[str, Any]
) -> None:
    """Create-only: the group would be replaced, and its literal name does not allow it."""
    ready.deploy(SESSIONS, made[SESSIONS])
    before = shown(ready, "revival-sessions")["ReplicationGroupCreateTime"]
    stack = ready.deploy(SESSIONS, without(made, SESSIONS, **changes))
    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert "custom-named resource requires replacing" in ready.reasons(SESSIONS)
    assert shown(ready, "revival-sessions")["ReplicationGroupCreateTime"] == before


def test_the_snapshot_may_go_and_the_line_stays(ready: Aws, made: dict[str, Template]) -> None:
    ready.deploy(SESSIONS, made[SESSIONS])
    ready("elasticache").delete_snapshot(SnapshotName="before-the-move")
    stack = ready.deploy(SESSIONS, without(made, SESSIONS, SnapshotRetentionLimit=7))
    assert stack["StackStatus"] == "UPDATE_COMPLETE", ready.reasons(SESSIONS)
