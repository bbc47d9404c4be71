"""What a replication group is born from: which origins may be, and what is said of one that may not."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.estate_files import changed, problems

GROUP = "caches.sessions"
ORIGIN = f"{GROUP}.origin"
FILE = "arn:aws:s3:::shop-backups/redis/dump.rdb"
OTHER = "arn:aws:s3:::shop-backups/redis/dump-2.rdb"
PLACED = {f"{GROUP}.shards": 2, f"{GROUP}.placement": {"0001": {"slots": "0-8191"}, "0002": {"slots": "8192-16383"}}}
SMALL = 'placement: {"0001": {slots: 0-8191}'

ROWS: tuple[tuple[str, dict[str, Any], str, str, str], ...] = (
    ("nothing", {ORIGIN: {}}, "cache/origin-one", ORIGIN, "must name exactly one of snapshot, rdb, got none of them"),
    ("an empty list", {ORIGIN: {"rdb": []}}, "cache/origin-one", ORIGIN, "got none of them"),
    ("both", {ORIGIN: {"snapshot": "nightly", "rdb": [FILE]}}, "cache/origin-one", ORIGIN, "got both"),
    (
        "a snapshot's ARN",
        {ORIGIN: {"snapshot": "arn:aws:elasticache:eu-west-1:123456789012:snapshot:nightly"}},
        "cache/origin-snapshot",
        f"{ORIGIN}.snapshot",
        "give its name alone",
    ),
    (
        "a serverless cache's snapshot",
        {ORIGIN: {"snapshot": "arn:aws:elasticache:eu-west-1:123456789012:serverlesscachesnapshot:nightly"}},
        "cache/origin-snapshot",
        f"{ORIGIN}.snapshot",
        "is exported to S3 first: then give `rdb`",
    ),
    (
        "a name with a space",
        {ORIGIN: {"snapshot": "the nightly one"}},
        "cache/origin-snapshot",
        f"{ORIGIN}.snapshot",
        "must be the name of a snapshot, got the nightly one; see `aws elasticache describe-snapshots`",
    ),
    (
        "an S3 URI",
        {ORIGIN: {"rdb": ["s3://shop-backups/dump.rdb"]}},
        "cache/origin-rdb",
        f"{ORIGIN}.rdb.0",
        "write arn:aws:s3:::shop-backups/dump.rdb",
    ),
    (
        "a comma",
        {ORIGIN: {"rdb": ["arn:aws:s3:::shop-backups/a,b.rdb"]}},
        "cache/origin-rdb",
        f"{ORIGIN}.rdb.0",
        "must be the ARN of an object in S3, its bucket of 3 to 63 characters, without a comma",
    ),
    ("a bucket alone", {ORIGIN: {"rdb": ["arn:aws:s3:::shop-backups"]}}, "cache/origin-rdb", f"{ORIGIN}.rdb.0", "S3"),
    (
        "a bucket that is no host name",
        {ORIGIN: {"rdb": ["arn:aws:s3:::Shop_Backups/dump.rdb"]}},
        "cache/origin-rdb",
        f"{ORIGIN}.rdb.0",
        "write it as in arn:aws:s3:::bucket/folder/dump.rdb",
    ),
    (
        "a bucket that is an address",
        {ORIGIN: {"rdb": ["arn:aws:s3:::192.0.2.0/dump.rdb"]}},
        "cache/origin-rdb",
        f"{ORIGIN}.rdb.0",
        "got arn:aws:s3:::192.0.2.0/dump.rdb",
    ),
    (
        "a bucket with a short name",
        {ORIGIN: {"rdb": ["arn:aws:s3:::ab/dump.rdb"]}},
        "cache/origin-rdb",
        f"{ORIGIN}.rdb.0",
        "got arn:aws:s3:::ab/dump.rdb",
    ),
    (
        "one file twice",
        {**PLACED, ORIGIN: {"rdb": [FILE, FILE]}},
        "cache/origin-twice",
        f"{ORIGIN}.rdb.1",
        "must be named once",
    ),
    (
        "files for one shard",
        {ORIGIN: {"rdb": [FILE, OTHER]}},
        "cache/origin-files",
        f"{ORIGIN}.rdb",
        "must be one file without cluster mode, which has one shard, got 2 files",
    ),
    (
        "a cluster without places",
        {f"{GROUP}.shards": 2, ORIGIN: {"rdb": [FILE]}},
        "cache/origin-slots",
        f"{GROUP}.placement",
        "must give the slots of every shard",
    ),
    (
        "places without slots",
        {f"{GROUP}.shards": 2, f"{GROUP}.placement": {"0001": {}, "0002": {}}, ORIGIN: {"rdb": [FILE]}},
        "cache/origin-slots",
        f"{GROUP}.placement",
        SMALL,
    ),
)


@pytest.mark.parametrize(("_what", "changes", "rule", "path", "said"), ROWS, ids=[row[0] for row in ROWS])
def test_one_that_may_not_be(_what: str, changes: dict[str, Any], rule: str, path: str, said: str) -> None:
    (problem,) = problems(changed(changes))
    assert (problem.rule, problem.path) == (rule, path)
    assert said in problem.message


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({ORIGIN: {"snapshot": "nightly"}}, id="a-snapshot"),
        pytest.param({ORIGIN: {"snapshot": "automatic.shop-sessions-2026-11-20-03-00"}}, id="an-automatic-one"),
        pytest.param({ORIGIN: {"snapshot": "nightly"}, f"{GROUP}.shards": 3}, id="a-snapshot-of-a-cluster"),
        pytest.param({ORIGIN: {"rdb": [FILE]}}, id="a-file"),
        pytest.param({ORIGIN: {"rdb": ["arn:aws-cn:s3:::my.shop.backups/dump"]}}, id="another-partition"),
        pytest.param({**PLACED, ORIGIN: {"rdb": [FILE]}}, id="one-file-for-two-shards"),
        pytest.param({**PLACED, ORIGIN: {"rdb": [FILE, OTHER]}}, id="a-file-for-each-shard"),
    ],
)
def test_one_that_may_be(changes: dict[str, Any]) -> None:
    assert problems(changed(changes)) == ()
