"""Rows of `test_rules.py` for instances, storage, parameters, zones and secrets; beside each the legal neighbour."""

from __future__ import annotations

from typing import Any

from tests.estate.rows_backups import POSTGRESQL_GREEN
from tests.support.estate_files import MYSQL

A = "aurora.orders.instances.a"
CLASS = f"{A}.class"
OLD_MYSQL = {**MYSQL, "aurora.orders.version": "8.0.mysql_aurora.3.03.0", "acknowledge": ["aurora/version-gone"]}
WEST = {"regions": ["us-west-1"]}
NORTH = {**MYSQL, "regions": ["eu-north-1"]}
PAUSES = {CLASS: "serverless", "aurora.orders.instances.b.class": "serverless", "aurora.orders.serverless.min_acu": 0}
BINLOG = {**MYSQL, "aurora.orders.parameters": {"binlog_format": "ROW"}}
PROXY = {"aurora.orders.proxy": {"users": ["app"]}, "aurora.orders.master_authentication": "own-secret"}
PARAMETERS = "aurora.orders.parameters"
SHARED = "aurora.orders.instance_parameters"
SINGLE = {
    "aurora.orders.instances": {"a": {"class": "db.r8g.large"}},
    "acknowledge": ["aurora/single-instance"],
}

Row = tuple[str, str, dict[str, Any]]

ROWS: tuple[Row, ...] = (
    ("aurora/version-ending", "aurora.orders.version", {"aurora.orders.version": "17.4"}),
    ("aurora/class-version", CLASS, {"aurora.orders.version": "14.6", "aurora.orders.instances.b.class": "serverless"}),
    ("aurora/class-burstable", CLASS, {CLASS: "db.t4g.large"}),
    ("aurora/ca", f"{A}.ca", {f"{A}.ca": "rds-ca-2019"}),
    (
        "aurora/io-optimized-version",
        "aurora.orders.storage",
        {**OLD_MYSQL, "aurora.orders.storage": "io-optimized"},
    ),
    (
        "aurora/forwarding-version",
        "aurora.orders.local_write_forwarding",
        {**OLD_MYSQL, "aurora.orders.local_write_forwarding": True},
    ),
    (
        "aurora/forwarding-proxy",
        "aurora.orders.local_write_forwarding",
        {**PROXY, "aurora.orders.local_write_forwarding": True},
    ),
    (
        "aurora/forwarding-nobody",
        "aurora.orders.local_write_forwarding",
        {
            "aurora.orders.instances": {"a": {"class": "db.r8g.large"}},
            "aurora.orders.acknowledge": ["aurora/single-instance"],
            "aurora.orders.local_write_forwarding": True,
        },
    ),
    (
        "aurora/insights-class",
        CLASS,
        {
            **MYSQL,
            CLASS: "db.t3.medium",
            "aurora.orders.acknowledge": ["aurora/class-burstable"],
            "aurora.orders.insights": "advanced",
        },
    ),
    ("aurora/data-api-version", "aurora.orders.data_api", {**OLD_MYSQL, "aurora.orders.data_api": True}),
    (
        "aurora/data-api-class",
        CLASS,
        {
            CLASS: "db.t4g.large",
            "aurora.orders.acknowledge": ["aurora/class-burstable"],
            "aurora.orders.data_api": True,
        },
    ),
    ("aurora/pause-never", "aurora.orders.serverless.min_acu", {**PAUSES, **PROXY}),
    ("aurora/cache-management", f"{PARAMETERS}.apg_ccm_enabled", {PARAMETERS: {"apg_ccm_enabled": "1"}}),
    (
        "estate/instances-quota",
        "aurora",
        {
            f"aurora.c{number}": {
                "engine": "aurora-postgresql",
                "version": "17.7",
                "instances": {"a": {}, "b": {}, "c": {}},
            }
            for number in range(13)
        },
    ),
    ("aurora/backtrack-binlog", "aurora.orders.backtrack_hours", {**BINLOG, "aurora.orders.backtrack_hours": 24}),
    ("aurora/backtrack-region", "aurora.orders.backtrack_hours", {**NORTH, "aurora.orders.backtrack_hours": 24}),
    (
        "aurora/backtrack-enhanced-binlog",
        f"{PARAMETERS}.aurora_enhanced_binlog",
        {**MYSQL, PARAMETERS: {"aurora_enhanced_binlog": "1"}},
    ),
    ("aurora/parameter-unknown", f"{PARAMETERS}.work_memm", {PARAMETERS: {"work_memm": "64"}}),
    ("aurora/parameter-value", f"{PARAMETERS}.work_mem", {PARAMETERS: {"work_mem": "64MB"}}),
    ("aurora/parameter-level", f"{SHARED}.apg_ccm_enabled", {SHARED: {"apg_ccm_enabled": "1"}}),
    ("aurora/parameter-kept", f"{PARAMETERS}.fsync", {PARAMETERS: {"fsync": "off"}}),
    (
        "aurora/parameter-secret",
        f"{PARAMETERS}.cron.database_name",
        {PARAMETERS: {"cron.database_name": "postgres://me:hunter2@db/x"}},
    ),
    ("estate/zone-count", "network.us-west-1.zones", {**WEST, "network.us-west-1": {"zones": 3}}),
    ("estate/secret", "tags.db-password", {"tags": {"db-password": "hunter2hunter2"}}),
)
VARIANTS: tuple[Row, ...] = (
    (
        "aurora/version-ending",
        "aurora.orders.version",
        {**MYSQL, "aurora.orders.version": "8.0.mysql_aurora.3.09.0"},
    ),
    ("aurora/class-version", CLASS, {**MYSQL, CLASS: "db.r4.large", "acknowledge": ["aurora/class-region"]}),
    ("aurora/ca", f"{A}.ca", {f"{A}.ca": "my-ca"}),
    (
        "aurora/io-optimized-version",
        "aurora.orders.storage",
        {
            "aurora.orders.version": "14.6",
            "aurora.orders.storage": "io-optimized",
            "acknowledge": ["aurora/class-version"],
        },
    ),
    (
        "aurora/forwarding-version",
        "aurora.orders.local_write_forwarding",
        {
            "aurora.orders.version": "16.3",
            "aurora.orders.local_write_forwarding": True,
            "acknowledge": ["aurora/version-gone"],
        },
    ),
    (
        "aurora/pause-never",
        "aurora.orders.serverless.min_acu",
        {**PAUSES, PARAMETERS: {"rds.logical_replication": "1"}},
    ),
    ("aurora/pause-never", "aurora.orders.serverless.min_acu", {**BINLOG, **PAUSES}),
    ("aurora/backtrack-region", "aurora.orders.backtrack_hours", NORTH),
    (
        "aurora/parameter-unknown",
        f"{A}.parameters.long_query_tim",
        {**MYSQL, f"{A}.parameters": {"long_query_tim": "1"}},
    ),
    ("aurora/parameter-value", f"{SHARED}.max_connections", {**MYSQL, SHARED: {"max_connections": "16001"}}),
    ("aurora/parameter-value", f"{SHARED}.max_connections", {SHARED: {"max_connections": "{DBMemory/9531392}"}}),
    ("aurora/parameter-value", f"{PARAMETERS}.log_statement", {PARAMETERS: {"log_statement": "some"}}),
    ("aurora/parameter-value", f"{PARAMETERS}.rds.force_ssl", {PARAMETERS: {"rds.force_ssl": "2"}}),
    (
        "aurora/parameter-value",
        "aurora.orders.blue_green.parameters.work_mem",
        {**POSTGRESQL_GREEN, "aurora.orders.blue_green.parameters": {"work_mem": "64MB"}},
    ),
    ("aurora/parameter-value", f"{PARAMETERS}.pgaudit.log", {PARAMETERS: {"pgaudit.log": "ddl,everything"}}),
    ("aurora/parameter-value", f"{PARAMETERS}.seq_page_cost", {PARAMETERS: {"seq_page_cost": "cheap"}}),
    (
        "aurora/parameter-level",
        f"{A}.parameters.gtid-mode",
        {**MYSQL, f"{A}.parameters": {"gtid-mode": "ON"}},
    ),
    ("aurora/parameter-kept", f"{SHARED}.innodb_io_capacity", {**MYSQL, SHARED: {"innodb_io_capacity": "200"}}),
    ("estate/secret", "aurora.orders.tags.note", {"aurora.orders.tags": {"note": "AKIAIOSFODNN7EXAMPLE"}}),
    (
        "estate/secret",
        "caches.sessions.parameters.notify-keyspace-events",
        {"caches.sessions.parameters": {"notify-keyspace-events": "redis://u:hunter2@cache"}},
    ),
)

FINE: tuple[tuple[str, dict[str, Any]], ...] = (
    ("a class that the version has", {"aurora.orders.version": "14.22"}),
    ("a burstable class in development", {"profile": "dev", CLASS: "db.t4g.large"}),
    ("each authority", {f"{A}.ca": "rds-ca-ecc384-g1", "aurora.orders.instances.b.ca": "rds-ca-rsa4096-g1"}),
    ("the first version with I/O-Optimized", {**OLD_MYSQL, "aurora.orders.version": "8.0.mysql_aurora.3.03.1"}
     | {"aurora.orders.storage": "io-optimized"}),
    ("standard storage of any version", {**OLD_MYSQL, "aurora.orders.storage": "standard"}),
    ("the first version that forwards", {**MYSQL, "aurora.orders.version": "8.0.mysql_aurora.3.04.0"}
     | {"acknowledge": ["aurora/version-ending"]}
     | {"aurora.orders.local_write_forwarding": True}),
    ("forwarding off with any version", {**OLD_MYSQL, "aurora.orders.local_write_forwarding": False}),
    ("forwarding of MySQL beside a proxy", {**MYSQL, **PROXY, "aurora.orders.local_write_forwarding": True}),
    ("advanced insights of PostgreSQL on any class",
     {CLASS: "db.t3.medium", "aurora.orders.insights": "advanced", "acknowledge": ["aurora/class-burstable"]}),
    ("the Data API", {"aurora.orders.data_api": True}),
    ("a pause", PAUSES),
    ("a proxy that nothing pauses behind", PROXY),
    ("cache management with what it needs",
     {PARAMETERS: {"apg_ccm_enabled": "1"}, f"{A}.tier": 0, "aurora.orders.instances.b.tier": 0}),
    ("a binlog without backtrack", {**BINLOG, "aurora.orders.backtrack_hours": 0}),
    ("backtrack with the binlog off", {**MYSQL, PARAMETERS: {"binlog_format": "OFF"}}),
    ("a Region without backtrack, without it", {**NORTH, "aurora.orders.backtrack_hours": 0}),
    ("a formula", {SHARED: {"max_connections": "LEAST({DBInstanceClassMemory/9531392},5000)"}}),
    ("a parameter of an instance for the whole cluster", {PARAMETERS: {"work_mem": "65536"}}),
    ("a switch as AWS writes it, and as people do", {PARAMETERS: {"rds.force_ssl": "1", "log_duration": "on"}}),
    ("a parameter of an extension", {PARAMETERS: {"pg_hint_plan.debug_print": "on"}}),
    ("a parameter of a green cluster",
     {**POSTGRESQL_GREEN, "aurora.orders.blue_green.parameters": {"rds.force_ssl": "1", "work_mem": "65536"}}),
    ("a list", {**MYSQL, PARAMETERS: {"server_audit_events": "CONNECT,QUERY_DDL"}}),
    ("two zones of two", {**WEST, "network.us-west-1": {"zones": 2}}),
    ("a tag about secrets that holds none", {"tags": {"secret-store": "arn:aws:secretsmanager:eu-west-1:1:secret:x"}}),
    ("a tag that points to a secret", {"aurora.orders.tags": {"token": "prod/orders-token"}}),
)  # fmt: skip
