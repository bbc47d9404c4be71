"""Snapshots of ElastiCache as the verbs see them, read from and spelled out for the embedded AWS."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lab.cloud.install import install, reset_backends
from runbooks.snapshot.cache_bucket import CANONICAL_USER, missing_grants
from runbooks.snapshot.cache_family import NodeFamily, ServerlessFamily, _total, open_cache_family
from runbooks.tools import Tools
from tests.support.scenario import REGION, Cloud
from tests.support.transport import no_wire

TAGS = {"aurora-estate:run": "r", "owner": "me"}
ELASTICACHE = f'id="{CANONICAL_USER}"'


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> Iterator[Cloud]:
    for name, value in Cloud.environment.items():
        monkeypatch.setenv(name, value)
    install()
    reset_backends()
    with no_wire():
        yield Cloud(tmp_path)


def nodes(cloud: Cloud, **more: Any) -> NodeFamily:
    cloud.client("elasticache").create_replication_group(
        **{
            "ReplicationGroupId": "shop-sessions",
            "ReplicationGroupDescription": "d",
            "Engine": "valkey",
            "CacheNodeType": "cache.r7g.large",
            "NumNodeGroups": 2,
            "ReplicasPerNodeGroup": 1,
            "AutomaticFailoverEnabled": True,
            "TransitEncryptionEnabled": True,
            "Tags": [{"Key": "team", "Value": "shop"}],
            **more,
        }
    )
    family = open_cache_family(Tools(REGION), "cache")
    assert isinstance(family, NodeFamily)
    return family


def serverless(cloud: Cloud, engine: str = "valkey") -> ServerlessFamily:
    cloud.client("elasticache").create_serverless_cache(ServerlessCacheName="menus", Engine=engine)
    family = open_cache_family(Tools(REGION), "serverless")
    assert isinstance(family, ServerlessFamily)
    return family


def bucket(cloud: Cloud, name: str = "backups", region: str = REGION, *, granted: bool = True) -> None:
    s3 = cloud.client("s3", region)
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": region})
    if granted:
        s3.put_bucket_acl(Bucket=name, GrantRead=ELASTICACHE, GrantWrite=ELASTICACHE, GrantReadACP=ELASTICACHE)


class TestNodes:
    def test_a_source_is_a_group(self, cloud: Cloud) -> None:
        found = nodes(cloud).find_source("shop-sessions")
        assert found is not None
        assert (found.engine, found.status, found.tags) == ("valkey", "available", {"team": "shop"})
        assert nodes(cloud, ReplicationGroupId="other").find_source("none") is None

    def test_what_is_taken_is_seen_with_its_tags(self, cloud: Cloud) -> None:
        family, tools = nodes(cloud), Tools(REGION)
        tools.perform(family.create_call("shop-sessions", "before", TAGS))
        snapshot = family.find_snapshot("before")
        assert snapshot is not None
        assert (snapshot.source_id, snapshot.kind, snapshot.engine) == ("shop-sessions", "manual", "valkey")
        assert (snapshot.size_bytes, snapshot.shared_with) == (12 * 1024**2, ())
        assert snapshot.created_at is not None
        assert snapshot.tags == TAGS
        assert family.find_snapshot(snapshot.arn) == snapshot
        assert family.look("none") is None

    def test_a_copy_has_its_own_tags_and_is_not_counted(self, cloud: Cloud) -> None:
        """Twenty of a node in 24 hours (facts E14); copies do not count."""
        family, tools = nodes(cloud), Tools(REGION)
        tools.perform(family.create_call("shop-sessions", "before", TAGS))
        before = family.look("before")
        assert before is not None
        tools.perform(family.copy_call(before, "after", region="", key="", tags={"a": "b"}))
        assert [(each.snapshot_id, each.tags) for each in family.list_snapshots("shop-sessions")] == [
            ("after", {"a": "b"}),
            ("before", TAGS),
        ]
        now = datetime.now(UTC)
        assert (family.taken_today("shop-sessions", now), family.quota()) == (1, 20)
        assert family.taken_today("shop-sessions", now + timedelta(hours=25)) == 0
        tools.perform(family.delete_call(before))
        assert [each.snapshot_id for each in family.list_snapshots()] == ["after"]
        assert family.list_snapshots("none") == ()

    def test_more_than_a_page_is_read(self, cloud: Cloud) -> None:
        """DescribeSnapshots gives 50 at most at a time."""
        family, tools = nodes(cloud), Tools(REGION)
        tools.perform(family.create_call("shop-sessions", "s", {}))
        first = family.look("s")
        assert first is not None
        for number in range(60):
            tools.perform(family.copy_call(first, f"s-{number}", region="", key="", tags={}))
        assert len(family.list_snapshots("shop-sessions")) == 61
        assert family.taken_today("shop-sessions", datetime.now(UTC)) == 1

    def test_its_files_go_to_a_bucket_that_lets_elasticache_in(self, cloud: Cloud) -> None:
        family, tools = nodes(cloud), Tools(REGION)
        tools.perform(family.create_call("shop-sessions", "before", TAGS))
        snapshot = family.look("before")
        assert snapshot is not None
        (reason,) = family.export_reasons(snapshot, "backups")
        assert "must exist, got none" in reason
        assert not family.is_exported(snapshot, "out", "backups")
        bucket(cloud, granted=False)
        (reason,) = family.export_reasons(snapshot, "backups")
        assert "got no READ, WRITE, READ_ACP" in reason
        bucket(cloud, "far-away", "eu-central-1")
        (reason,) = family.export_reasons(snapshot, "far-away")
        assert "must be in eu-west-1" in reason
        bucket(cloud, "good")
        assert family.export_reasons(snapshot, "good") == ()
        tools.perform(family.export_call(snapshot, "out", "good"))
        assert family.is_exported(snapshot, "out", "good")
        assert not family.is_exported(snapshot, "ou", "good")

    def test_data_tiering_goes_to_no_bucket(self, cloud: Cloud) -> None:
        """Facts E14: r6gd cannot export."""
        family = nodes(cloud, CacheNodeType="cache.r6gd.xlarge", DataTieringEnabled=True)
        Tools(REGION).perform(family.create_call("shop-sessions", "before", TAGS))
        bucket(cloud)
        snapshot = family.look("before")
        assert snapshot is not None
        (reason,) = family.export_reasons(snapshot, "backups")
        assert "without data tiering, got before of cache.r6gd.xlarge" in reason

    def test_memcached_nodes_are_named_as_such(self, cloud: Cloud) -> None:
        cloud.client("elasticache").create_cache_cluster(
            CacheClusterId="pages", Engine="memcached", CacheNodeType="cache.t4g.small", NumCacheNodes=1
        )
        found = open_cache_family(Tools(REGION), "cache").find_source("pages")
        assert found is not None
        assert found.engine == "memcached"


class TestServerless:
    @pytest.mark.parametrize("engine", ["valkey", "memcached"])
    def test_taken_copied_exported_and_deleted(self, cloud: Cloud, engine: str) -> None:
        family, tools = serverless(cloud, engine), Tools(REGION)
        source = family.find_source("menus")
        assert source is not None
        assert (source.engine, source.status) == (engine, "available")
        tools.perform(family.create_call("menus", "before", TAGS))
        snapshot = family.find_snapshot("before")
        assert snapshot is not None
        assert (snapshot.source_id, snapshot.engine, snapshot.kind) == ("menus", engine, "manual")
        assert (snapshot.encrypted, snapshot.tags, snapshot.size_bytes) == (True, TAGS, 0)
        tools.perform(family.copy_call(snapshot, "after", region="", key="", tags={}))
        assert {each.snapshot_id for each in family.list_snapshots("menus")} == {"before", "after"}
        assert family.quota() == 24
        bucket(cloud)
        assert family.export_reasons(snapshot, "backups") == ()
        tools.perform(family.export_call(snapshot, "ignored", "backups"))
        assert family.is_exported(snapshot, "ignored", "backups")
        tools.perform(family.delete_call(snapshot))
        assert [each.snapshot_id for each in family.list_snapshots()] == ["after"]
        assert family.find_source("none") is None
        assert family.find_snapshot("none") is None


POLICY = {
    "Effect": "Allow",
    "Principal": {"Service": "eu-west-1.elasticache-snapshot.amazonaws.com"},
    "Action": ["s3:PutObject", "s3:GetObject", "s3:ListBucket", "s3:GetBucketAcl"],
}


@pytest.mark.parametrize(
    ("statement", "missing"),
    [
        pytest.param(POLICY, (), id="all"),
        pytest.param({**POLICY, "Action": "s3:*"}, (), id="everything"),
        pytest.param({**POLICY, "Effect": "Deny"}, ("READ", "WRITE", "READ_ACP"), id="denied"),
        pytest.param({**POLICY, "Principal": "*"}, ("READ", "WRITE", "READ_ACP"), id="everybody-is-not-elasticache"),
        pytest.param({**POLICY, "Action": ["s3:PutObject"]}, ("READ", "READ_ACP"), id="write-alone"),
        pytest.param(
            {**POLICY, "Principal": {"Service": "eu-west-2.elasticache-snapshot.amazonaws.com"}},
            ("READ", "WRITE", "READ_ACP"),
            id="another-Region",
        ),
    ],
)
def test_what_a_policy_grants(statement: dict[str, Any], missing: tuple[str, ...]) -> None:
    """User guide, "Exporting a backup": the principal is the Region's own."""
    assert missing_grants([], {"Statement": [statement]}, REGION) == missing


@pytest.mark.parametrize(
    ("sizes", "total"),
    [((), 0), (("6 MB", "1.5 GB"), 6 * 1024**2 + 1536 * 1024**2), (("6 MB", "much"), None), (("",), None)],
)
def test_sizes_in_words(sizes: tuple[str, ...], total: int | None) -> None:
    assert _total(sizes) == total
