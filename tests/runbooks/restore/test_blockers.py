"""Every refusal of a restore: what was seen, and what is said."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from estate.names import TAG_RUNBOOKS
from runbooks.birth.observe import Around
from runbooks.engine.plan import PlanRefusedError
from runbooks.restore.blockers import blockers
from runbooks.restore.origin import Bucket
from runbooks.restore.plan import plan_restore
from runbooks.restore.request import Kind
from tests.runbooks.restore.builders import (
    BACKUP,
    BUCKET,
    CLUSTER,
    CUSTOM_KEY,
    FILES,
    MOMENT,
    OF_INSTANCE,
    SNAPSHOT,
    SOURCE,
    billing,
    request,
    seen,
)

LATE = {"to_time": "2026-11-21T10:14:00Z"}
EARLY = {"to_time": "2026-11-01T00:00:00Z"}
SNAPSHOTS: list[tuple[str, dict[str, Any], dict[str, Any], str]] = [
    ("no-snapshot", {}, {"origins": (), "model": None}, "snapshot before must exist in eu-west-1, got none; one"),
    ("no-newest", {"newest": True, "source": "shop-orders"}, {"origins": (), "model": None},
     "cluster shop-orders must have a snapshot that is available, got none in eu-west-1"),
    ("being-made", {}, {"origins": (replace(SNAPSHOT, status="creating"),)}, "must be available, got creating"),
    ("elsewhere", {}, {"region": "eu-central-1"}, "snapshot before must lie in eu-central-1, got eu-west-1"),
    ("older-version", {"engine_version": "17.4"}, {"offered": ("17.4",)}, "must not be below the snapshot's, 17.5"),
    ("not-made-here", {}, {"offered": ()}, "must be one that eu-west-1 makes of aurora-postgresql, got 17.5"),
    ("other-family", {"engine_version": "18.3"}, {"offered": ("18.3",)},
     "parameter group shop-orders must be of aurora-postgresql18, got aurora-postgresql17"),
    ("instances-of-another-family", {"engine_version": "18.3"}, {"offered": ("18.3",)},
     "--instance-parameter-group must be given, got none: shop-orders has instances of aurora-postgresql17"),
    ("no-parameter-group", {"parameter_group": "nope"}, {}, "cluster parameter group nope must exist, got none"),
    ("no-key", {"key": "alias/nope"}, {}, "key alias/nope must exist in eu-west-1, got none"),
    ("key-disabled", {"key": "alias/mine"}, {"key": replace(CUSTOM_KEY, state="PendingDeletion")},
     "key alias/mine must be enabled, got PendingDeletion"),
    ("no-model", {"like": "nope"}, {"model": None}, "cluster nope must exist to be a model, got none"),
    ("model-of-another-engine", {"like": "shop-catalog"},
     {"model": replace(SOURCE, cluster={**CLUSTER, "Engine": "aurora-mysql"}), "model_is_source": False},
     "shop-orders must be of aurora-postgresql to be the model, got aurora-mysql"),
    ("unsaid-subnets", {}, {"model": None, "model_is_source": False}, "--subnet-group must be given, got none"),
    ("unsaid-groups", {}, {"model": None, "model_is_source": False}, "--security-group must be given, got none"),
    ("unsaid-parameters", {}, {"model": None, "model_is_source": False}, "--parameter-group must be given, got none"),
    ("unsaid-class", {}, {"model": None, "model_is_source": False}, "--class must be given, got none"),
    ("of-another-engine", {}, {"origins": (replace(OF_INSTANCE, engine="mariadb"),)},
     "must be of MySQL or PostgreSQL to become a cluster of Aurora, got mariadb"),
    ("of-documentdb", {}, {"origins": (replace(SNAPSHOT, engine="docdb"),)}, "must be of an Aurora cluster, got docdb"),
    ("too-old-for-aurora", {"like": "shop-orders"}, {"origins": (replace(OF_INSTANCE, engine_version="9.6.24"),)},
     "must be of a version that Aurora can take, got postgres 9.6.24"),
    ("backwards-from-rds", {"engine_version": "16.6"},
     {"origins": (OF_INSTANCE,), "offered": ("16.6",)}, "as 16.7 and not below it, got 16.6; the nearest is 16.8"),
    ("name", {"target_id": "Shop--Orders"}, {}, "the new cluster's identifier must be 1 to 63 small letters"),
    ("name-of-the-model", {"target_id": "shop-orders"}, {}, "the new cluster's identifier must not be its model's"),
    ("taken-instance", {}, {"around": Around(taken=("shop-orders-back-a",))}, "shop-orders-back-a must be a name"),
    ("tags-of-awss", {"tags": {"aws:x": "1"}}, {}, "tags must not begin with aws:"),
    ("locked", {}, {"locked": ("shop-orders-back is locked by run other",)}, "locked by run other"),
]  # fmt: skip
MOMENTS: list[tuple[str, dict[str, Any], dict[str, Any], str]] = [
    ("no-cluster", {}, {"origins": (), "model": None}, "of a deleted one: `runbook restore deleted shop-orders`"),
    ("too-late", LATE, {}, "must lie between 2026-11-07T10:15:00Z and 2026-11-21T10:10:00Z"),
    ("too-early", EARLY, {}, "got 2026-11-01T00:00:00Z; nothing older is kept"),
    ("no-backup-yet", {}, {"origins": (replace(MOMENT, earliest=None, latest=None),)}, "must have a first backup, got"),
    ("deleting", {}, {"origins": (replace(MOMENT, status="deleting"),)}, "shop-orders must be available, got deleting"),
    ("key-for-plain-data", {"key": "alias/mine"}, {"key": CUSTOM_KEY, "origins": (replace(MOMENT, encrypted=False),)},
     "--key must be left out, got alias/mine: shop-orders is not encrypted"),
    ("owner-forbids", {}, {"origins": (replace(MOMENT, portrait=replace(
        SOURCE, cluster={**CLUSTER, "TagList": [{"Key": TAG_RUNBOOKS, "Value": "none"}]})),)},
     "must let `restore point-in-time` touch it"),
]  # fmt: skip
DELETED: list[tuple[str, dict[str, Any], dict[str, Any], str]] = [
    ("none", {}, {"origins": ()}, "shop-orders must have a retained backup in eu-west-1, got none"),
    ("several", {}, {"origins": (BACKUP, replace(BACKUP, resource_id="cluster-OLDER"))},
     "must mean one deleted cluster, got 2 of that name: cluster-SHOPORDERS (until 2026-11-21T10:10:00Z), "),
    ("too-late", LATE, {}, "must lie between 2026-11-07T10:15:00Z and 2026-11-21T10:10:00Z"),
]  # fmt: skip


def bucket(**more: Any) -> dict[str, Any]:
    return {"bucket": replace(BUCKET, **more)}


def files(**more: Any) -> dict[str, Any]:
    return {"files": replace(FILES, **more)}


def noted(**more: str) -> dict[str, Any]:
    return bucket(info=tuple(more.items()))


S3: list[tuple[str, dict[str, Any], dict[str, Any], str]] = [
    ("no-bucket", {}, {"bucket": Bucket()}, "bucket dumps must exist, got none"),
    ("bucket-elsewhere", {}, bucket(region="eu-central-1"), "bucket dumps must lie in eu-west-1, got eu-central-1"),
    ("no-files", {}, bucket(files=0), "bucket dumps must have files under 'shop/', got none"),
    ("too-large", {}, bucket(total_bytes=65 * 1024**4), "must be 64 TiB at most, got 65.0 TiB"),
    ("too-many", {}, bucket(files=1_000_001), "must be 1000000 at most, got 1000001"),
    ("too-large-a-file", {}, bucket(largest_bytes=6 * 10**12), "must be 5 TB each at most, got 6.0 TB"),
    (
        "encrypted",
        {},
        bucket(encrypted_file="shop/a.xbcrypt"),
        "must not be encrypted by XtraBackup, got shop/a.xbcrypt",
    ),
    ("no-role", {}, bucket(has_role=False), "must exist, got none; make one that rds.amazonaws.com may take on"),
    ("anothers-role", {}, bucket(role_trusts_rds=False), "must let rds.amazonaws.com take it on"),
    ("mysql-5.6", files(source_version="5.6.51"), {}, "--source-version must be of MySQL 5.7 or 8.0, got 5.6.51"),
    (
        "backwards",
        files(source_version="8.0.43"),
        {},
        "of the same major as 8.0.43 and not below it, got 8.0.mysql_aurora.3.10.0",
    ),
    ("another-major", files(source_version="5.7.44"), {}, "the nearest is 5.7.mysql_aurora.2.12.0"),
    (
        "other-server",
        {},
        noted(server_version="8.0.36"),
        "must be that of the server that was backed up, 8.0.36, got 8.0.42",
    ),
    ("percona-server", {}, noted(server_version="8.0.42-33"), "must be of MySQL itself, got 8.0.42-33"),
    ("old-tool", {}, noted(tool_version="2.4.29"), "must be made by XtraBackup 8.0, for MySQL 8.0, got 2.4.29"),
    ("noted-encrypted", {}, noted(encrypted="Y"), "must not be encrypted by XtraBackup, got encrypted ones"),
    ("partial", {}, noted(partial="Y"), "must be of a whole server, got a partial backup"),
    (
        "serverless",
        {"instance_class": "db.serverless"},
        {},
        "instances must not be db.serverless when files are restored",
    ),
    ("no-model", {"like": ""}, {"model": None}, "the new cluster must have a model, got none: files tell nothing"),
    ("model-of-another-engine", {}, {"model": billing()}, "shop-billing must be of aurora-mysql to be the model"),
]
ROWS = [
    pytest.param(kind, asked, found, said, id=f"{kind.value}-{name}")
    for kind, rows in (
        (Kind.SNAPSHOT, SNAPSHOTS),
        (Kind.POINT_IN_TIME, MOMENTS),
        (Kind.DELETED, DELETED),
        (Kind.S3, S3),
    )
    for name, asked, found, said in rows
]


@pytest.mark.parametrize(("kind", "asked", "found", "said"), ROWS)
def test_refusals(kind: Kind, asked: dict[str, Any], found: dict[str, Any], said: str) -> None:
    with pytest.raises(PlanRefusedError) as caught:
        plan_restore(request(kind, **asked), seen(kind, **found))
    assert any(said in reason for reason in caught.value.reasons), caught.value.reasons


def test_all_reasons_are_given_at_once() -> None:
    found = seen(Kind.S3, bucket=replace(BUCKET, region="us-east-1", has_role=False), locked=("locked",))
    assert len(blockers(request(Kind.S3, files=replace(FILES, source_version="5.6.1")), found)) >= 4


def test_without_its_source_the_name_is_looked_at_all_the_same() -> None:
    found = seen(Kind.SNAPSHOT, origins=(), model=None, copy=SOURCE)
    told = " ".join(blockers(request(Kind.SNAPSHOT, target_id="Wrong_", tags={"aws:x": "y"}), found))
    for said in ("snapshot before must exist", "'Wrong_'", "must be a name that is free", "must not begin with aws:"):
        assert said in told


@pytest.mark.parametrize("kind", list(Kind))
def test_nothing_stands_in_the_way_of_the_builders(kind: Kind) -> None:
    assert blockers(request(kind), seen(kind)) == ()


def test_a_stopped_cluster_can_be_restored_from() -> None:
    found = seen(Kind.POINT_IN_TIME, origins=(replace(MOMENT, status="stopped"),))
    assert blockers(request(Kind.POINT_IN_TIME), found) == ()
