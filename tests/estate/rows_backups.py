"""Rows of `test_rules.py` for plans of AWS Backup and for blue/green deployments."""

from __future__ import annotations

from typing import Any

from tests.support.estate_files import MYSQL

PLAN = "aurora.orders.backup.plan"
GREEN = "aurora.orders.blue_green"
TWO_REGIONS = {"regions": ["eu-west-1", "us-east-1"], "network.us-east-1": {"cidr": "10.30.0.0/16"}}
VAULT = "arn:aws:backup:us-east-1:123456789012:backup-vault:copies"
OWN = {"aurora.orders.master_authentication": "own-secret"}
POSTGRESQL_GREEN = OWN | {
    GREEN: {"name": "to-17-9", "target_version": "17.9"},
    "aurora.orders.parameters": {"rds.logical_replication": "1"},
}
MYSQL_GREEN = {
    **MYSQL,
    **OWN,
    "aurora.orders.backtrack_hours": 0,
    "aurora.orders.parameters": {"binlog_format": "ROW"},
    GREEN: {"name": "to-3-12", "target_version": "8.0.mysql_aurora.3.12.0"},
}
SOURCE_OF_A_REPLICA = {
    **TWO_REGIONS,
    **MYSQL_GREEN,
    "aurora.copy": {
        "engine": "aurora-mysql",
        "version": "8.0.mysql_aurora.3.10.0",
        "region": "us-east-1",
        "instances": {"a": {"class": "db.r8g.large"}, "b": {"class": "db.r8g.large"}},
        "replica_of": "orders",
        "backtrack_hours": 0,
    },
}
LOCK = {"min_retention_days": 7, "max_retention_days": 90}

ROWS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("aurora/backup-schedule", f"{PLAN}.schedule", {f"{PLAN}.schedule": "cron(0 4 * * * *)"}),
    ("aurora/backup-hourly", f"{PLAN}.schedule", {f"{PLAN}.schedule": "cron(0/30 * ? * * *)"}),
    (
        "aurora/backup-timezone",
        f"{PLAN}.restore_test.timezone",
        {f"{PLAN}.restore_test.timezone": "Central European Time"},
    ),
    ("aurora/backup-continuous", f"{PLAN}.retention_days", {PLAN: {"continuous": True, "retention_days": 36}}),
    (
        "aurora/backup-two-retentions",
        "aurora.orders.backup.retention_days",
        {"aurora.orders.backup": {"retention_days": 14, "plan": {"continuous": True}}},
    ),
    (
        "aurora/backup-two-copies",
        f"{PLAN}.copy_to_vault",
        TWO_REGIONS | {PLAN: {"copy_to_region": "us-east-1", "copy_to_vault": VAULT}},
    ),
    ("aurora/backup-vault", f"{PLAN}.copy_to_vault", {f"{PLAN}.copy_to_vault": "copies"}),
    (
        "aurora/backup-lock-order",
        f"{PLAN}.lock.max_retention_days",
        {f"{PLAN}.lock": {"min_retention_days": 35, "max_retention_days": 34}},
    ),
    ("aurora/backup-lock-retention", f"{PLAN}.retention_days", {PLAN: {"retention_days": 91, "lock": LOCK}}),
    (
        "aurora/backup-lock-for-good",
        f"{PLAN}.lock.changeable_days",
        {f"{PLAN}.lock": LOCK | {"changeable_days": 3}},
    ),
    (
        "aurora/backup-restore-test-region",
        f"{PLAN}.restore_test",
        {"regions": ["us-gov-west-1"], "caches": {}, f"{PLAN}.restore_test": {}},
    ),
    ("estate/backup-copy-region", f"{PLAN}.copy_to_region", {f"{PLAN}.copy_to_region": "us-east-1"}),
    (
        "estate/backup-copy-both-ways",
        f"{PLAN}.copy_to_vault",
        {"account": "210987654321", f"{PLAN}.copy_to_vault": VAULT},
    ),
    (
        "estate/backup-name-length",
        f"aurora.{'a' * 30}",
        {
            "estate": "e" * 20,
            "aurora": {
                "a" * 30: {
                    "engine": "aurora-postgresql",
                    "version": "17.7",
                    "instances": {"a": {}, "b": {}},
                    "backup": {"plan": {}},
                }
            },
        },
    ),
    ("aurora/blue-green-name", f"{GREEN}.name", POSTGRESQL_GREEN | {f"{GREEN}.name": "to_17"}),
    ("aurora/blue-green-target-form", f"{GREEN}.target_version", POSTGRESQL_GREEN | {f"{GREEN}.target_version": "v18"}),
    (
        "aurora/blue-green-target-unknown",
        f"{GREEN}.target_version",
        POSTGRESQL_GREEN | {f"{GREEN}.target_version": "19.1"},
    ),
    (
        "aurora/blue-green-target-older",
        f"{GREEN}.target_version",
        POSTGRESQL_GREEN | {f"{GREEN}.target_version": "17.6"},
    ),
    (
        "aurora/blue-green-secret",
        "aurora.orders.master_authentication",
        POSTGRESQL_GREEN | {"aurora.orders.master_authentication": "managed-secret"},
    ),
    (
        "aurora/blue-green-replication",
        "aurora.orders.parameters.rds.logical_replication",
        POSTGRESQL_GREEN | {"aurora.orders.parameters": {}},
    ),
    (
        "aurora/blue-green-source",
        GREEN,
        POSTGRESQL_GREEN | {"aurora.orders.version": "15.3", "aurora.orders.acknowledge": ["aurora/version-gone"]},
    ),
    (
        "aurora/blue-green-events",
        f"{GREEN}.parameters.event_scheduler",
        MYSQL_GREEN | {f"{GREEN}.parameters": {"event_scheduler": "ON"}},
    ),
    (
        "aurora/blue-green-instances",
        "aurora.orders.instances.a.parameters",
        POSTGRESQL_GREEN | {"aurora.orders.instances.a.parameters": {"log_min_duration_statement": "500"}},
    ),
    (
        "aurora/blue-green-tls-off",
        f"{GREEN}.parameters.rds.force_ssl",
        POSTGRESQL_GREEN | {f"{GREEN}.parameters": {"rds.force_ssl": "0"}},
    ),
    (
        "aurora/blue-green-autoscaling",
        "aurora.orders.autoscaling",
        POSTGRESQL_GREEN
        | {
            "aurora.orders.autoscaling": {"max_readers": 4, "cpu_percent": 60},
            "aurora.orders.acknowledge": ["aurora/scaling-unwatched"],
        },
    ),
    (
        "aurora/blue-green-backtrack",
        "aurora.orders.backtrack_hours",
        MYSQL_GREEN | {"aurora.orders.backtrack_hours": 24},
    ),
    (
        "aurora/blue-green-region",
        GREEN,
        POSTGRESQL_GREEN | {"regions": ["us-gov-west-1"], "caches": {}},
    ),
    ("estate/blue-green-source", GREEN, SOURCE_OF_A_REPLICA),
)
VARIANTS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    (
        "aurora/backup-schedule",
        f"{PLAN}.restore_test.schedule",
        {f"{PLAN}.restore_test.schedule": "rate(7 days)"},
    ),
    ("aurora/backup-lock-retention", f"{PLAN}.retention_days", {PLAN: {"retention_days": 6, "lock": LOCK}}),
    (
        "aurora/backup-lock-retention",
        f"{PLAN}.copy_retention_days",
        TWO_REGIONS | {PLAN: {"copy_to_region": "us-east-1", "copy_retention_days": 91, "lock": LOCK}},
    ),
    ("estate/backup-copy-region", f"{PLAN}.copy_to_region", {f"{PLAN}.copy_to_region": "eu-west-1"}),
    ("value/range", "aurora.orders.backup.retention_days", {"aurora.orders.backup.retention_days": 36}),
    ("value/range", f"{PLAN}.lock.changeable_days", {f"{PLAN}.lock": LOCK | {"changeable_days": 2}}),
    ("value/range", f"{PLAN}.retention_days", {f"{PLAN}.retention_days": 0}),
    (
        "aurora/blue-green-target-older",
        f"{GREEN}.target_version",
        POSTGRESQL_GREEN | {f"{GREEN}.target_version": "17.7"},
    ),
    (
        "aurora/blue-green-replication",
        "aurora.orders.parameters.binlog_format",
        MYSQL_GREEN | {"aurora.orders.parameters": {"binlog_format": "OFF"}},
    ),
)
NEIGHBOURS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("hourly", {f"{PLAN}.schedule": "cron(30 * ? * * *)"}),
    ("first of the month", {f"{PLAN}.schedule": "cron(0 4 1 * ? *)"}),
    ("continuous for 35 days", {PLAN: {"continuous": True, "retention_days": 35}}),
    (
        "both for 14 days",
        {"aurora.orders.backup": {"retention_days": 14, "plan": {"continuous": True, "retention_days": 14}}},
    ),
    ("copy to a Region", TWO_REGIONS | {f"{PLAN}.copy_to_region": "us-east-1"}),
    ("copy to a vault", {f"{PLAN}.copy_to_vault": VAULT}),
    ("copy to a vault of this account", {"account": "123456789012", f"{PLAN}.copy_to_vault": VAULT}),
    (
        "copy to another account's vault in the same Region",
        {"account": "210987654321", f"{PLAN}.copy_to_vault": VAULT.replace("us-east-1", "eu-west-1")},
    ),
    ("least of the lock", {PLAN: {"retention_days": 7, "lock": LOCK}}),
    ("most of the lock", {PLAN: {"retention_days": 90, "lock": LOCK}}),
    ("a lock of one number", {PLAN: {"retention_days": 35, "lock": {"min_retention_days": 35}}}),
    ("restore test", {f"{PLAN}.restore_test": {"timezone": "Europe/Berlin"}}),
    ("a day of backups", {"aurora.orders.backup.retention_days": 1}),
    ("PostgreSQL to a newer minor", POSTGRESQL_GREEN),
    ("PostgreSQL to a newer major", POSTGRESQL_GREEN | {f"{GREEN}.target_version": "18.3"}),
    (
        "the same version with other parameters",
        POSTGRESQL_GREEN | {f"{GREEN}.target_version": "17.7", f"{GREEN}.parameters": {"work_mem": "65536"}},
    ),
    ("MySQL to a newer minor", MYSQL_GREEN),
    (
        "events off in green alone",
        MYSQL_GREEN
        | {
            "aurora.orders.parameters": {"binlog_format": "ROW", "event_scheduler": "ON"},
            f"{GREEN}.parameters": {"event_scheduler": "OFF"},
        },
    ),
    ("MySQL 3 to 8.4", MYSQL_GREEN | {f"{GREEN}.target_version": "8.4.mysql_aurora.8.4.7"}),
)
