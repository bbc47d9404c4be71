from __future__ import annotations

import pytest

from constructs_lib.aurora import settings
from estate.aurora import AuroraSpec
from tests.support.specs import mysql, postgresql

SERVERLESS = {"a": {"class": "serverless", "tier": 0}, "b": {"class": "db.r8g.large", "tier": 1}}


@pytest.mark.parametrize(
    ("spec", "family"),
    [
        pytest.param(postgresql(), "aurora-postgresql17", id="postgresql-major"),
        pytest.param(postgresql(version="16.11"), "aurora-postgresql16", id="another-major"),
        pytest.param(mysql(), "aurora-mysql8.0", id="mysql-3"),
        pytest.param(mysql(version="8.4.mysql_aurora.8.4.7"), "aurora-mysql8.4", id="mysql-8.4"),
    ],
)
def test_parameter_group_family_follows_the_version(spec: AuroraSpec, family: str) -> None:
    assert settings.parameter_group_family(spec) == family


@pytest.mark.parametrize(
    ("spec", "window_s"),
    [
        pytest.param(mysql(), 86_400, id="provisioned-mysql-a-day"),
        pytest.param(mysql(backtrack_hours=72), 259_200, id="as-told"),
        pytest.param(mysql(backtrack_hours=0), None, id="off"),
        pytest.param(mysql(instances=SERVERLESS), None, id="serverless-cannot"),
        pytest.param(postgresql(), None, id="postgresql-cannot"),
    ],
)
def test_backtrack_window(spec: AuroraSpec, window_s: int | None) -> None:
    assert settings.backtrack_window_s(spec) == window_s


@pytest.mark.parametrize(
    ("spec", "parameters"),
    [
        pytest.param(postgresql(), {"rds.force_ssl": "1"}, id="postgresql"),
        pytest.param(
            mysql(),
            {
                "require_secure_transport": "ON",
                "server_audit_events": "CONNECT,QUERY_DCL,QUERY_DDL",
                "server_audit_logging": "1",
                "slow_query_log": "1",
            },
            id="mysql",
        ),
        pytest.param(
            postgresql(parameters={"log_statement": "ddl", "rds.force_ssl": "0"}, acknowledge=["aurora/tls-off"]),
            {"log_statement": "ddl", "rds.force_ssl": "0"},
            id="the-file-wins",
        ),
    ],
)
def test_parameters(spec: AuroraSpec, parameters: dict[str, str]) -> None:
    assert settings.parameters(spec) == parameters


@pytest.mark.parametrize(
    ("instances", "first"),
    [
        pytest.param({"b": {"tier": 1}, "a": {"tier": 1}}, "a", id="name-breaks-a-tie"),
        pytest.param({"a": {"tier": 15}, "z": {"tier": 0}}, "z", id="lowest-tier"),
    ],
)
def test_first_instance_is_no_matter_of_position(instances: dict[str, dict[str, int]], first: str) -> None:
    assert settings.first_instance(postgresql(instances=instances)) == first


def test_extended_support_is_refused_unless_chosen() -> None:
    assert settings.lifecycle_support(postgresql()) == "open-source-rds-extended-support-disabled"
    assert settings.lifecycle_support(postgresql(extended_support=True)) == "open-source-rds-extended-support"


def test_insights_are_left_out_where_they_do_not_run() -> None:
    spec = mysql(instances={"a": {"class": "db.t3.medium"}, "b": {"class": "db.t4g.medium"}})
    assert not settings.insights_supported(spec, spec.instances["a"])
    assert settings.insights_supported(spec, spec.instances["b"])
