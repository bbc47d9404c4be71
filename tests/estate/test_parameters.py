"""What is known of engine parameters: PostgreSQL's by its own servers, Aurora's by its guide."""

from __future__ import annotations

import pytest

from estate import parameters
from estate.engines import MYSQL, POSTGRESQL
from estate.secrets import is_secret, is_secret_pair

BOTH = [POSTGRESQL, MYSQL]


@pytest.mark.parametrize(
    ("engine", "name", "value"),
    [
        (POSTGRESQL, "work_mem", "64"),
        (POSTGRESQL, "work_mem", "{DBInstanceClassMemory/16384}"),
        (POSTGRESQL, "work_mem", "GREATEST({DBInstanceClassMemory/16384},65536)"),
        (POSTGRESQL, "autovacuum_vacuum_cost_limit", "GREATEST({log(DBInstanceClassMemory/21474836480)*600},200)"),
        (POSTGRESQL, "max_worker_processes", "GREATEST({DBInstanceVCPU*2},8)"),
        (POSTGRESQL, "log_min_duration_statement", "-1"),
        (POSTGRESQL, "random_page_cost", "1.1"),
        (POSTGRESQL, "log_statement", "DDL"),
        (POSTGRESQL, "compute_query_id", "1"),
        (POSTGRESQL, "rds.global_db_rpo", "20"),
        (POSTGRESQL, "rds.global_db_rpo", "-1"),
        (POSTGRESQL, "pgaudit.log", "ddl, -misc"),
        (POSTGRESQL, "search_path", '"$user", public'),
        (POSTGRESQL, "nobody_knows_this", "anything"),
        (POSTGRESQL, "work_mem", "{{resolve:ssm:/work-mem}}"),
        (MYSQL, "binlog_format", "row"),
        (MYSQL, "long_query_time", "0.5"),
        (MYSQL, "max_connections", "16000"),
        (MYSQL, "tls_version", "TLSv1.2,TLSv1.3"),
        (MYSQL, "binlog_row_value_options", ""),
        (MYSQL, "table_open_cache", "LEAST({DBInstanceClassMemory/1179121},6000)"),
    ],
)
def test_values_that_a_parameter_takes(engine: str, name: str, value: str) -> None:
    assert parameters.refusal(engine, name, value) is None


@pytest.mark.parametrize(
    ("engine", "name", "value", "must"),
    [
        (POSTGRESQL, "work_mem", "63", "be a whole number between 64 and 2147483647, without a unit, or a formula"),
        (POSTGRESQL, "work_mem", "64MB", "be a whole number between 64 and 2147483647, without a unit, or a formula"),
        (
            POSTGRESQL,
            "work_mem",
            "{ClassMemory/2}",
            "be a formula over DBInstanceClassMemory, DBInstanceVCPU and such",
        ),
        (POSTGRESQL, "random_page_cost", "-1", "be a number between 0 and 179769"),
        (POSTGRESQL, "log_statement", "most", "be one of none, ddl, mod, all"),
        (POSTGRESQL, "rds.force_ssl", "yes", "be 0 or 1 (or ON, OFF)"),
        (POSTGRESQL, "rds.global_db_rpo", "19", "be a whole number between 20 and 2147483647"),
        (MYSQL, "max_connections", "0", "be a whole number between 1 and 16000"),
        (MYSQL, "binlog_format", "FULL", "be one of OFF, ROW, MIXED, STATEMENT"),
        (MYSQL, "server_audit_events", "CONNECT,LOGIN", "list some of CONNECT, QUERY"),
        (MYSQL, "long_query_time", "slow", "be a number between 0 and 31536000"),
    ],
)
def test_values_that_it_does_not_take(engine: str, name: str, value: str, must: str) -> None:
    refused = parameters.refusal(engine, name, value)
    assert refused is not None
    assert refused.startswith(must)


def test_names_come_from_the_servers_and_from_the_guide() -> None:
    assert {"work_mem", "apg_ccm_enabled", "rds.force_ssl", "transaction_timeout"} <= set(
        parameters.parameters_of(POSTGRESQL)
    )
    assert {"binlog_format", "gtid-mode", "aws_default_s3_role"} <= set(parameters.parameters_of(MYSQL))
    assert parameters.is_known(POSTGRESQL, "pg_hint_plan.anything")
    assert not parameters.is_known(POSTGRESQL, "binlog_format")
    assert not parameters.is_known(MYSQL, "work_mem")


@pytest.mark.parametrize("engine", BOTH)
def test_what_is_of_the_cluster_alone_is_known_and_not_kept(engine: str) -> None:
    ours = parameters.CLUSTER_ONLY[engine]
    assert [name for name in sorted(ours) if not parameters.is_known(engine, name)] == []
    assert ours & parameters.KEPT[engine] == frozenset()


@pytest.mark.parametrize("engine", BOTH)
def test_kinds_are_those_that_can_be_judged(engine: str) -> None:
    assert {each.kind for each in parameters.parameters_of(engine).values()} <= set(parameters.REFUSALS)


@pytest.mark.parametrize(
    "value",
    [
        "AKIAIOSFODNN7EXAMPLE",
        "ASIAIOSFODNN7EXAMPLE",
        "-----BEGIN RSA PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY-----",
        "postgres://app:hunter2@db.example.com/orders",
        "host=db password=hunter2",
        "CREATE USER app IDENTIFIED BY 'hunter2'",
        "ghp_" + "a1B2" * 9,
    ],
)
def test_shapes_of_secrets(value: str) -> None:
    assert is_secret(value)


@pytest.mark.parametrize(
    "value",
    ["1", "ON", "SET optimizer_switch='hash_join=off'", "https://example.com/a@b",
     "{{resolve:secretsmanager:db:SecretString:password}}",
     "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-AbCdEf", "password", "AKIA", "md5+scram"],
)  # fmt: skip
def test_shapes_of_everything_else(value: str) -> None:
    assert not is_secret(value)


@pytest.mark.parametrize(
    ("name", "value", "secret"),
    [
        ("db-password", "hunter2hunter2", True),
        ("ApiKey", "d41d8cd98f00b204", True),
        ("secret", "correct horse", True),
        ("secret", "prod/orders/db", False),
        ("token-rotation", "true", False),
        ("password-policy", "30", False),
        ("secretary", "Ms Jones", False),
        ("team", "hunter2hunter2", False),
        ("team", "AKIAIOSFODNN7EXAMPLE", True),
    ],
)
def test_a_tag_is_a_secret_by_its_name_or_its_shape(name: str, value: str, secret: bool) -> None:
    assert is_secret_pair(name, value) is secret
