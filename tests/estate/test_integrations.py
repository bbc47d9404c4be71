"""Rules of `integrations:`, a row each, and what follows from it for the network."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from constructs_lib.aurora.integrations import statements
from estate import engines, limits
from estate.aurora import AuroraSpec
from estate.integrations import RULES, called_services, role_keys
from estate.services import endpoint_services
from estate.spec import SpecError
from tests.support.estate_files import MYSQL, changed, problems
from tests.support.specs import mysql, postgresql

I = "aurora.orders.integrations"  # noqa: E741 (a path that every row begins with)
KEY = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
FUNCTION = "arn:aws:lambda:eu-west-1:111122223333:function:notify"
TITAN = "amazon.titan-embed-text-v2:0"
VPC = {"vpc": "vpc-0123456789abcdef0", "subnets": ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"]}
EVERYTHING = {
    "s3_import": ["imports"],
    "s3_export": ["exports"],
    "lambdas": ["notify"],
    "sagemaker": ["scores"],
    "comprehend": True,
    "bedrock": [TITAN],
}

Row = tuple[str, str, dict[str, Any]]

ROWS: tuple[Row, ...] = (
    ("integrations/nothing", I, {I: {}}),
    ("integrations/repeat", f"{I}.s3_import.1", {f"{I}.s3_import": ["imports", "imports"]}),
    ("integrations/bucket-form", f"{I}.s3_import.0", {f"{I}.s3_import": ["arn:aws:s3:::imports"]}),
    ("integrations/key-form", f"{I}.s3_keys.0", {f"{I}.s3_import": ["imports"], f"{I}.s3_keys": ["alias/x"]}),
    ("integrations/keys-unused", f"{I}.s3_keys", {f"{I}.lambdas": ["notify"], f"{I}.s3_keys": [KEY]}),
    ("integrations/function-form", f"{I}.lambdas.0", {f"{I}.lambdas": ["notify me"]}),
    ("integrations/function-region", f"{I}.lambdas.0", {f"{I}.lambdas": [FUNCTION.replace("eu-west", "us-east")]}),
    ("integrations/endpoint-form", f"{I}.sagemaker.0", {f"{I}.sagemaker": ["a--b"]}),
    ("integrations/model-form", f"{I}.bedrock.0", {f"{I}.bedrock": ["titan"]}),
    ("integrations/role-count", I, {I: EVERYTHING}),
    ("integrations/policy-length", f"{I}.s3_import", {f"{I}.s3_import": [f"imports-{n:02}" for n in range(40)]}),
    ("integrations/restore-engine", f"{I}.s3_restore", {f"{I}.s3_restore": ["backups"]}),
    (
        "integrations/restore-serverless",
        f"{I}.s3_restore",
        {**MYSQL, f"{I}.s3_restore": ["backups"], "aurora.orders.instances": {"a": {}, "b": {}}},
    ),
    (
        "integrations/bedrock-version",
        f"{I}.bedrock",
        {f"{I}.bedrock": [TITAN], "aurora.orders.version": "15.4", "acknowledge": ["aurora/version-gone"]},
    ),
    (
        "integrations/parameter-taken",
        "aurora.orders.parameters.aws_default_lambda_role",
        {
            **MYSQL,
            f"{I}.lambdas": ["notify"],
            "aurora.orders.parameters": {"aws_default_lambda_role": "arn:aws:iam::111122223333:role/mine"},
        },
    ),
)
VARIANTS: tuple[Row, ...] = (
    (
        "integrations/parameter-taken",
        "aurora.orders.blue_green.parameters.aws_default_lambda_role",
        {
            **MYSQL,
            f"{I}.lambdas": ["notify"],
            "aurora.orders.master_authentication": "own-secret",
            "aurora.orders.backtrack_hours": 0,
            "aurora.orders.parameters": {"binlog_format": "ROW"},
            "aurora.orders.blue_green": {
                "name": "next",
                "target_version": "8.4.mysql_aurora.8.4.8",
                "parameters": {"aws_default_lambda_role": "arn:aws:iam::111122223333:role/mine"},
            },
        },
    ),
    ("integrations/bucket-form", f"{I}.s3_export.0", {f"{I}.s3_export": ["exports/*"]}),
    ("integrations/bucket-form", f"{I}.s3_export.0", {f"{I}.s3_export": ["Exports"]}),
    ("integrations/bucket-form", f"{I}.s3_export.0", {f"{I}.s3_export": ["exports/${aws:username}"]}),
    ("integrations/bucket-form", f"{I}.s3_export.0", {f"{I}.s3_export": ["10.0.0.1"]}),
    (
        "integrations/key-form",
        f"{I}.s3_keys.0",
        {f"{I}.s3_import": ["imports"], f"{I}.s3_keys": [KEY.replace("eu-west", "us-east")]},
    ),
    ("integrations/function-form", f"{I}.lambdas.0", {f"{I}.lambdas": ["arn:aws:lambda:eu-west-1:1:function:x"]}),
    ("integrations/model-form", f"{I}.bedrock.0", {f"{I}.bedrock": [f"eu.{TITAN}"]}),
    (
        "integrations/restore-engine",
        f"{I}.s3_restore",
        {**MYSQL, f"{I}.s3_restore": ["backups"], "aurora.orders.version": "8.4.mysql_aurora.8.4.7"},
    ),
    (
        "integrations/bedrock-version",
        f"{I}.bedrock",
        {
            **MYSQL,
            f"{I}.bedrock": [TITAN],
            "aurora.orders.version": "8.0.mysql_aurora.3.05.2",
            "acknowledge": ["aurora/version-gone"],
        },
    ),
)
LEGAL: dict[str, dict[str, Any]] = {
    "buckets-and-prefixes": {f"{I}.s3_import": ["imports", "imports/daily/"], f"{I}.s3_keys": [KEY]},
    "many-buckets": {f"{I}.s3_import": [f"imports-{number:02}" for number in range(25)]},
    "functions-by-name-and-arn": {f"{I}.lambdas": ["notify", FUNCTION, f"{FUNCTION}:live"]},
    "a-model": {f"{I}.bedrock": [TITAN]},
    "five-roles": {I: EVERYTHING | {"comprehend": False}},
    "everything-on-mysql": {**MYSQL, I: EVERYTHING},
    "a-restore-into-mysql": {**MYSQL, f"{I}.s3_restore": ["backups/2026/"]},
    "bedrock-from-15-5": {
        f"{I}.bedrock": [TITAN],
        "aurora.orders.version": "15.10",
        "acknowledge": ["aurora/version-gone"],
    },
    "another-role-parameter": {
        **MYSQL,
        f"{I}.comprehend": True,
        "aurora.orders.parameters": {"aws_default_lambda_role": "arn:aws:iam::111122223333:role/mine"},
    },
}


@pytest.mark.parametrize(("rule", "path", "changes"), ROWS + VARIANTS)
def test_finds_the_broken_rule_and_nothing_else(rule: str, path: str, changes: dict[str, Any]) -> None:
    found = problems(changed(changes))
    assert {problem.rule for problem in found} == {rule}
    (message,) = {problem.message for problem in found if problem.path == path}
    assert message.startswith(f"{path} must ")
    assert "None" not in message


@pytest.mark.parametrize("changes", LEGAL.values(), ids=LEGAL)
def test_the_legal_neighbour_passes(changes: dict[str, Any]) -> None:
    assert problems(changed(changes)) == ()


def test_every_rule_has_a_row() -> None:
    assert {rule.id for rule in RULES} == {row[0] for row in ROWS}


@pytest.mark.parametrize("rule", [rule.id for rule in RULES if rule.can_be_acknowledged])
def test_what_may_be_raised_or_newer_can_be_acknowledged(rule: str) -> None:
    changes = next(changes for name, _, changes in ROWS if name == rule)
    assert problems(changed(changes | {"acknowledge": [rule, "aurora/version-gone"]})) == ()


def test_a_global_database_names_functions_without_a_region() -> None:
    changes = {
        "regions": ["eu-west-1", "us-east-1"],
        "network": {"eu-west-1": {"cidr": "10.0.0.0/16"}, "us-east-1": {"cidr": "10.1.0.0/16"}},
        "aurora.orders.master_authentication": "iam",
        "aurora.orders.global": {"secondaries": {"us-east-1": {"instances": {"x": {"class": "db.r8g.large"}}}}},
    }
    by_arn = problems(changed({**changes, f"{I}.lambdas": [FUNCTION]}))
    assert {problem.rule for problem in by_arn} == {"integrations/function-region"}
    assert problems(changed({**changes, f"{I}.lambdas": ["notify"]})) == ()


def test_services_follow_from_what_is_called() -> None:
    spec = postgresql(integrations=EVERYTHING | {"comprehend": False})
    assert called_services(spec) == ("bedrock-runtime", "lambda", "s3", "sagemaker.runtime")
    assert called_services(postgresql()) == ()
    assert called_services(mysql(integrations={"s3_restore": ["backups"]})) == ()


def test_services_of_a_rotation_join_them() -> None:
    spec = mysql(integrations={"comprehend": True}, master_authentication="own-secret")
    assert endpoint_services(spec) == ("comprehend", "secretsmanager")


@pytest.mark.parametrize("make", [postgresql, mysql], ids=["postgresql", "mysql"])
def test_what_passes_fits_a_policy(make: Callable[..., AuroraSpec]) -> None:
    """The rule's estimate is above what the construct writes, however long the names are."""
    longest = [f"{'b' * 60}{number:02}/{'p' * 600}" for number in range(4)]
    spec = make(integrations={"s3_import": longest[:2], "s3_export": longest[2:3], "lambdas": ["f" * 64]})
    assert spec.integrations is not None
    for key in role_keys(spec):
        text = json.dumps(statements(key, spec, spec.integrations), separators=(",", ":"))
        assert len(text.replace("${AWS::Partition}", "aws")) < limits.POLICY_LENGTH
    with pytest.raises(SpecError, match="policy-length"):
        make(integrations={"s3_import": [f"{each}{n}" for each in longest for n in range(2)], "lambdas": ["book"]})


def test_mysql_has_one_role_for_all_of_s3() -> None:
    """Aurora User Guide, "Loading data ... from text files in an Amazon S3 bucket": version 3 has one parameter."""
    assert role_keys(mysql(integrations=EVERYTHING)) == ("s3", "lambdas", "sagemaker", "comprehend", "bedrock")
    spec = postgresql(integrations={"s3_import": ["imports"], "s3_export": ["exports"]})
    assert role_keys(spec) == ("s3_import", "s3_export")


def test_an_existing_vpc_names_the_group_of_its_endpoints() -> None:
    closed = problems(changed({"network.eu-west-1": VPC, f"{I}.comprehend": True}))
    assert [problem.path for problem in closed] == ["network.eu-west-1.endpoint_security_group"]
    named = VPC | {"endpoint_security_group": "sg-0123456789abcdef0"}
    assert problems(changed({"network.eu-west-1": named, f"{I}.comprehend": True})) == ()


@pytest.mark.parametrize(("version", "can"), [("14.11", True), ("14.10", False), ("17.4", True), ("13.15", False)])
def test_bedrock_by_version(version: str, can: bool) -> None:
    assert engines.has_bedrock(engines.POSTGRESQL, version) is can
