"""Each limit by its name and value, so that a changed one is read before it is committed, and each with its source."""

from __future__ import annotations

import ast
import gzip
import json
from itertools import pairwise
from pathlib import Path
from typing import Any, get_args

import botocore
import pytest

from estate import limits
from estate.aurora import AuroraSpec

EXPECTED: dict[str, Any] = {
    "INSTANCES_MAX": 16,
    "CUSTOM_ENDPOINTS_MAX": 5,
    "TIER_MIN": 0,
    "TIER_MAX": 15,
    "AURORA_IDENTIFIER_LENGTH": 63,
    "AURORA_PORT_MIN": 1150,
    "PORT_MAX": 65535,
    "BACKUP_DAYS_MIN": 1,
    "BACKUP_DAYS_MAX": 35,
    "BACKTRACK_HOURS_MAX": 72,
    "AURORA_WINDOW_MINUTES_MIN": 30,
    "ACU_STEP": 0.5,
    "ACU_MAX": 256,
    "ACU_MAX_OLDER": 128,
    "ACU_MAX_LEAST": 1,
    "PAUSE_S_MIN": 300,
    "PAUSE_S_MAX": 86400,
    "MASTER_USERNAME_LENGTH_MAX": 16,
    "DATABASE_NAME_LENGTH_MAX": 63,
    "MONITORING_INTERVALS_S": (0, 1, 5, 10, 15, 30, 60),
    "CLUSTERS_PER_REGION": 40,
    "DATABASES_PER_REGION": 40,
    "ACU_GIB": 2,
    "BACKUP_NAME_LENGTH": 50,
    "BLUE_GREEN_NAME_LENGTH": 60,
    "CROSS_REGION_REPLICAS_MAX": 5,
    "DNS_LABEL_LENGTH_MAX": 63,
    "DNS_NAME_LENGTH_MAX": 253,
    "DNS_TTL_S_MAX": 2_147_483_647,
    "GLOBAL_MIN_ACU": 8,
    "GLOBAL_RPO_S_MAX": 2_147_483_647,
    "GLOBAL_RPO_S_MIN": 20,
    "GLOBAL_SECONDARIES_MAX": 10,
    "GROUP_RULES": 60,
    "LOCK_DAYS_MIN": 3,
    "POLICY_LENGTH": 6_144,
    "PROXIES_PER_REGION": 20,
    "READERS_MAX": 15,
    "RECOVERY_POINT_DAYS_MAX": 36_500,
    "ROLES_MAX": 5,
    "SNAPSHOT_IDENTIFIER_LENGTH": 255,
    "TRANSACTION_IDS": 1 << 31,
    "VOLUME_TIB": 256,
    "VOLUME_TIB_OLDER": 128,
    "REPLICATION_GROUP_ID_LENGTH": 40,
    "CACHE_CLUSTER_ID_LENGTH": 50,
    "CACHE_NODES_PER_REGION": 300,
    "MEMCACHED_NODES_SURE": 40,
    "MEMCACHED_NODES_MAX": 60,
    "SERVERLESS_CACHE_NAME_LENGTH": 40,
    "SERVERLESS_CACHES_PER_REGION": 40,
    "SERVERLESS_DATA_GB_MAX": 5000,
    "SERVERLESS_DATA_GB_MIN": 1,
    "SERVERLESS_ECPU_MAX": 15_000_000,
    "SERVERLESS_ECPU_MIN": 1000,
    "SERVERLESS_SUBNETS_MAX": 3,
    "CACHE_USER_ID_LENGTH": 40,
    "GLOBAL_DATASTORE_SECONDARIES_MAX": 2,
    "NODES_DEFAULT": 90,
    "NODES_MAX": 500,
    "NODES_MAX_OLDER": 250,
    "SLOTS": 16384,
    "REPLICAS_MAX": 5,
    "CACHE_USERS_PER_REGION": 2000,
    "CACHE_USER_GROUPS_PER_REGION": 200,
    "USERS_PER_GROUP_MAX": 100,
    "CACHE_SNAPSHOT_DAYS_MAX": 35,
    "BUCKET_NAME_MIN": 3,
    "BUCKET_NAME_MAX": 63,
    "SCALED_SHARDS_MAX": 250,
    "SCALED_PERCENT_MIN": 35,
    "SCALED_PERCENT_MAX": 70,
    "CACHE_WINDOW_MINUTES_MIN": 60,
    "CACHE_CONNECTIONS": 65_000,
    "DURABILITY_LAG_MS_MAX": 10_000,
    "ALARM_METRICS_MAX": 10,
    "TEMPLATE_BYTES_MAX": 1_000_000,
    "CACHE_PORT_MIN": 1024,
    "ZONES_MIN": 2,
    "ZONES_MAX": 3,
    "SUBNETS_MIN": 2,
    "CIDR_PREFIX_MIN": 16,
    "CIDR_PREFIX_MAX": 28,
    "TAGS_MAX": 50,
    "KIT_TAGS": 3,
    "TAG_KEY_LENGTH_MAX": 128,
    "TAG_VALUE_LENGTH_MAX": 256,
}
SOURCES = (
    *(
        "[B]",
        "[A4",
        "[A10",
        "[E4",
        "[E10",
        "[EC2",
        "[IAM ",
        "[RFC ",
        "[PostgreSQL ",
        "[CloudWatch ",
        "[CloudFormation ",
    ),
    "Ours",
)
NAMED = {name for name in vars(limits) if name.isupper()}


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_limit(name: str) -> None:
    assert getattr(limits, name) == EXPECTED[name]


def test_every_limit_is_named_here() -> None:
    assert set(EXPECTED) | {"LOG_RETENTION_DAYS"} == NAMED


def test_every_limit_has_its_source() -> None:
    body = ast.parse(Path(limits.__file__).read_text(encoding="utf-8")).body
    for statement, following in pairwise(body):
        if isinstance(statement, ast.Assign):
            assert isinstance(following, ast.Expr), ast.unparse(statement)
            text = ast.literal_eval(following.value)
            assert any(mark in text for mark in SOURCES), text


def test_monitoring_intervals_are_those_of_the_spec() -> None:
    assert get_args(AuroraSpec.model_fields["enhanced_monitoring_s"].annotation) == limits.MONITORING_INTERVALS_S


def model(service: str) -> dict[str, Any]:
    folder = max((Path(botocore.__file__).parent / "data" / service).iterdir())
    packed = folder / "service-2.json.gz"
    if packed.exists():
        return dict(json.loads(gzip.decompress(packed.read_bytes())))
    return dict(json.loads((folder / "service-2.json").read_text(encoding="utf-8")))


@pytest.mark.parametrize(
    ("member", "words"),
    [
        ("Port", "1150-65535"),
        ("BackupRetentionPeriod", "from 1 to 35"),
        ("BacktrackWindow", "259,200"),
        ("MasterUsername", "1 to 16 letters"),
        ("PreferredBackupWindow", "at least 30 minutes"),
        ("MonitoringInterval", "0 | 1 | 5 | 10 | 15 | 30 | 60"),
        ("DBClusterIdentifier", "1 to 63"),
        ("EnableCloudwatchLogsExports", "audit | error | general | instance | slowquery | iam-db-auth-error"),
    ],
)
def test_botocore_still_says_so_of_aurora(member: str, words: str) -> None:
    """A newer botocore that says otherwise fails here."""
    told = model("rds")["shapes"]["CreateDBClusterMessage"]["members"][member]["documentation"]
    assert words in told.replace("<code>", "").replace("</code>", "")


@pytest.mark.parametrize(
    ("member", "words"),
    [
        ("ReplicationGroupId", "1 to 40"),
        ("ReplicasPerNodeGroup", "0 to 5"),
        ("PreferredMaintenanceWindow", "60 minute"),
    ],
)
def test_botocore_still_says_so_of_elasticache(member: str, words: str) -> None:
    told = model("elasticache")["shapes"]["CreateReplicationGroupMessage"]["members"][member]["documentation"]
    assert words in told


def test_log_retentions_are_those_of_cloudwatch() -> None:
    told = model("logs")["shapes"]["Days"]["documentation"]
    listed = {
        int(word) for word in told.replace(",", " ").replace(".", " ").replace("<", " ").split() if word.isdigit()
    }
    assert set(limits.LOG_RETENTION_DAYS) <= listed
