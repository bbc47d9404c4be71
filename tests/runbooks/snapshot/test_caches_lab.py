"""The same commands for caches: taken, copied, exported to a bucket; what ElastiCache cannot is refused."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from estate.names import TAG_RUN
from runbooks.cli.main import main
from runbooks.snapshot.cache_bucket import CANONICAL_USER
from tests.runbooks.snapshot.world import make_bucket
from tests.support.scenario import REGION
from tests.support.served import Account, new_account

pytestmark = pytest.mark.lab

ELASTICACHE = f'id="{CANONICAL_USER}"'
Run = Callable[..., tuple[int, Any]]


@pytest.fixture
def cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    with new_account(monkeypatch, tmp_path) as account:
        cache = account.client("elasticache")
        cache.create_replication_group(
            ReplicationGroupId="shop-sessions", ReplicationGroupDescription="d", Engine="valkey",
            CacheNodeType="cache.r7g.large", NumNodeGroups=2, ReplicasPerNodeGroup=1, AutomaticFailoverEnabled=True,
            TransitEncryptionEnabled=True,
        )  # fmt: skip
        cache.create_serverless_cache(ServerlessCacheName="shop-carts", Engine="valkey")
        yield account


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*words: str) -> tuple[int, Any]:
        capsys.readouterr()
        code = main(["snapshot", *words, "--output", "json"])
        return code, json.loads(capsys.readouterr().out)

    return call


FAMILIES = pytest.mark.parametrize(
    ("family", "source"), [("cache", "shop-sessions"), ("serverless", "shop-carts")], ids=["nodes", "serverless"]
)


@FAMILIES
def test_taken_copied_and_exported(cloud: Account, run: Run, family: str, source: str) -> None:
    chosen = ("--family", family, "--execute")
    code, made = run("create", source, "--as", "before", "--owner", "me", "--tag", "team=shop", *chosen)
    assert code == 0, made
    code, copied = run("copy", "before", "--as", "kept", "--owner", "me", *chosen)
    assert (code, copied["result"]["snapshot_id"]) == (0, "kept")
    code, found = run("list", source, "--family", family)
    assert (code, [each["snapshot_id"] for each in found]) == (0, ["kept", "before"])
    assert [each["tags"][TAG_RUN] for each in found] == [copied["run_id"], made["run_id"]]

    make_bucket(cloud)
    words = ("export", "kept", "--bucket", "lake", *chosen, "--confirm", "kept", "--run-id", "mine")
    code, answer = run(*words)
    assert (code, "must grant ElastiCache" in "".join(answer["error"]["reasons"])) == (3, True)
    cloud.client("s3").put_bucket_acl(
        Bucket="lake", GrantRead=ELASTICACHE, GrantWrite=ELASTICACHE, GrantReadACP=ELASTICACHE
    )
    code, answer = run(*words[:-1], "mine-too")
    assert code == 0, answer
    stem = "kept-mine-too" if family == "cache" else "kept"
    written = [each["Key"] for each in cloud.client("s3").list_objects_v2(Bucket="lake")["Contents"]]
    assert written
    assert all(key.startswith(f"{stem}-") for key in written)


@FAMILIES
def test_what_elasticache_cannot(cloud: Account, run: Run, family: str, source: str) -> None:
    """Snapshots of caches are not shared and do not leave their Region; node-based Memcached has none at all."""
    chosen = ("--family", family, "--execute")
    assert run("create", source, "--as", "before", "--owner", "me", *chosen)[0] == 0
    cloud.forget()
    for words, said in (
        (("share", "before", "222222222222"), "ElastiCache shares none"),
        (("unshare", "before", "222222222222"), "ElastiCache shares none"),
        (("copy", "before", "--to-region", "eu-central-1", "--owner", "me"), "must stay in its Region and account"),
        (("list", "--shared"), "ElastiCache shares no snapshots"),
    ):
        code, answer = run(*words, *(chosen if words[0] != "list" else chosen[:2]))
        assert (code, said in "".join(answer["error"]["reasons"])) == (3, True), answer
    assert cloud.changed == []
    code, answer = run("create", "shop-lookups", "--owner", "me", *chosen)
    assert (code, "shop-lookups must exist, got none" in "".join(answer["error"]["reasons"])) == (3, True)


def test_the_bucket_is_one_of_the_region(cloud: Account, run: Run) -> None:
    assert run("create", "shop-carts", "--as", "before", "--owner", "me", "--family", "serverless", "--execute")[0] == 0
    make_bucket(cloud, region="eu-central-1")
    code, answer = run("export", "before", "--bucket", "lake", "--family", "serverless")
    assert (code, f"must be in {REGION}" in "".join(answer["error"]["reasons"])) == (3, True)
