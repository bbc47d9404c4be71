"""Who may connect, how one logs in, and the proxy: a row for each rule, and the legal neighbour."""

from __future__ import annotations

from typing import Any

import pytest

from estate.load import load_text
from estate.names import master_secret
from estate.services import endpoint_services
from tests.estate.test_rules import BY_ID
from tests.support.estate_files import MYSQL, changed, problems

O = "aurora.orders"  # noqa: E741 - the cluster of every row
FROM = f"{O}.allow_from"
GROUP = "sg-0123456789abcdef0"
EXISTING = {"vpc": "vpc-0123456789abcdef0", "subnets": ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"]}
OWN = {f"{O}.master_authentication": "own-secret"}
IAM = {f"{O}.master_authentication": "iam"}
NETWORK = "network.eu-west-1"
PROXY = f"{O}.proxy"
MANY = {f"s{number}": {"cidr": f"10.0.0.{number}/32"} for number in range(1, 61)}
SERVERLESS = {"a": {"class": "serverless"}, "b": {"class": "serverless"}}
CLUSTER = {"engine": "aurora-postgresql", "version": "17.7", "instances": SERVERLESS, "proxy": {"users": ["web"]}}
SMALL = {**CLUSTER, "instances": {"a": {"class": "serverless"}}, "acknowledge": ["aurora/single-instance"]}

Row = tuple[str, str, dict[str, Any]]

ROWS: tuple[Row, ...] = (
    ("aurora/allow-one", f"{FROM}.app", {f"{FROM}.app": {"security_group": GROUP, "cidr": "10.0.0.1/32"}}),
    ("aurora/allow-one", f"{FROM}.app", {f"{FROM}.app": {}}),
    ("aurora/allow-form", f"{FROM}.app.security_group", {f"{FROM}.app.security_group": "app"}),
    ("aurora/allow-form", f"{FROM}.app.prefix_list", {f"{FROM}.app.prefix_list": "pl-1"}),
    ("aurora/allow-form", f"{FROM}.app.cidr", {f"{FROM}.app.cidr": "10.0.0.1/24"}),
    ("aurora/allow-public", f"{FROM}.all.cidr", {f"{FROM}.all.cidr": "0.0.0.0/0"}),
    ("aurora/allow-public", f"{FROM}.office.cidr", {f"{FROM}.office.cidr": "203.0.113.7/32"}),
    ("aurora/allow-public", f"{FROM}.half.cidr", {f"{FROM}.half.cidr": "10.0.0.0/7"}),
    ("aurora/allow-wide", f"{FROM}.app.cidr", {f"{FROM}.app.cidr": "10.0.0.0/31"}),
    (
        "aurora/allow-repeat",
        f"{FROM}.two.security_group",
        {f"{FROM}.one.security_group": GROUP, f"{FROM}.two.security_group": GROUP},
    ),
    ("aurora/allow-count", FROM, {FROM: {**MANY, "app": {"security_group": GROUP}}}),
    ("aurora/allow-count", FROM, {FROM: MANY, PROXY: {"users": ["web"]}}),
    (
        "aurora/proxy-region",
        PROXY,
        {
            "regions": ["ap-east-2"],
            "caches": {},
            f"{O}.instances": SERVERLESS,
            f"{PROXY}.users": ["web"],
        },
    ),
    ("aurora/proxy-user", f"{PROXY}.users.0", {f"{PROXY}.users": ["*"]}),
    ("aurora/proxy-user", f"{PROXY}.users.1", {f"{PROXY}.users": ["web", "web"]}),
    ("aurora/proxy-nobody", f"{PROXY}.users", {**IAM, PROXY: {}}),
    ("aurora/proxy-master", f"{PROXY}.users", {PROXY: {}}),
    ("aurora/iam-master-engine", f"{O}.master_authentication", {**MYSQL, **IAM}),
    ("aurora/data-api-secret", f"{O}.data_api", {**IAM, f"{O}.data_api": True}),
    (
        "aurora/tls-old",
        f"{O}.parameters.ssl_min_protocol_version",
        {f"{O}.parameters": {"ssl_min_protocol_version": "TLSv1.1"}},
    ),
    ("aurora/tls-old", f"{O}.parameters.tls_version", {**MYSQL, f"{O}.parameters": {"tls_version": "TLSv1,TLSv1.2"}}),
    (
        "aurora/public",
        f"{O}.instances.a.overrides.PubliclyAccessible",
        {f"{O}.instances.a.overrides": {"PubliclyAccessible": True}},
    ),
    (
        "aurora/public",
        f"{O}.overrides.PubliclyAccessible",
        {f"{O}.overrides": {"PubliclyAccessible": {"Fn::If": ["Open", True, False]}}},
    ),
    (
        "estate/proxies-quota",
        "aurora",
        {"aurora": {f"c{number}": SMALL for number in range(21)}},
    ),
    ("estate/endpoint-group", f"{NETWORK}.endpoint_security_group", {**OWN, NETWORK: EXISTING}),
    (
        "network/id",
        f"{NETWORK}.endpoint_security_group",
        {NETWORK: {**EXISTING, "endpoint_security_group": "endpoints"}},
    ),
    (
        "network/existing",
        f"{NETWORK}.endpoint_security_group",
        {f"{NETWORK}.endpoint_security_group": GROUP},
    ),
    (
        "estate/aurora-name-length",
        PROXY,
        {"estate": "a" * 32, "caches": {}, "aurora": {"b" * 25: {**CLUSTER, "instances": SERVERLESS}}},
    ),
)
FINE: tuple[tuple[str, dict[str, Any]], ...] = (
    ("one-source-of-each-kind", {FROM: {"app": {"security_group": GROUP}, "ops": {"prefix_list": "pl-01234567"}}}),
    ("one-address", {f"{FROM}.app.cidr": "10.0.0.1/32"}),
    ("shared-address-space", {f"{FROM}.app.cidr": "100.64.0.1/32"}),
    ("sixty-sources", {FROM: MANY}),
    ("proxy-with-users", {PROXY: {"users": ["web", "app_ro"]}}),
    ("proxy-with-iam-on-both-sides", {**IAM, PROXY: {"users": ["web"]}}),
    ("iam-master", IAM),
    ("own-secret", OWN),
    ("own-secret-of-mysql", {**MYSQL, **OWN}),
    ("own-secret-in-an-existing-vpc", {**OWN, NETWORK: {**EXISTING, "endpoint_security_group": GROUP}}),
    ("data-api", {f"{O}.data_api": True}),
    ("newest-tls", {**MYSQL, f"{O}.parameters": {"tls_version": "TLSv1.3"}}),
    ("private", {f"{O}.instances.a.overrides": {"PubliclyAccessible": False}}),
    ("twenty-proxies", {"aurora": {f"c{number}": SMALL for number in range(20)}}),
)
PATHS = {"estate/aurora-name-length": f"aurora.{'b' * 25}.proxy"}
"""Where the row's own path can't be written with the name of another cluster."""


@pytest.mark.parametrize(("rule", "path", "changes"), ROWS, ids=[f"{row[0]} {row[1]}" for row in ROWS])
def test_finds_the_broken_rule_and_nothing_else(rule: str, path: str, changes: dict[str, Any]) -> None:
    found = problems(changed(changes))
    assert {problem.rule for problem in found} == {rule}
    problem = next(each for each in found if each.path == PATHS.get(rule, path))
    assert problem.message == f"{problem.path} must {problem.allowed}, got {problem.given}; {problem.fix}"


@pytest.mark.parametrize("changes", [row[1] for row in FINE], ids=[row[0] for row in FINE])
def test_the_legal_neighbour_passes(changes: dict[str, Any]) -> None:
    assert problems(changed(changes)) == ()


ACKNOWLEDGED = [row for row in ROWS if BY_ID[row[0]].can_be_acknowledged]


@pytest.mark.parametrize(("rule", "path", "changes"), ACKNOWLEDGED, ids=[f"{row[0]} {row[1]}" for row in ACKNOWLEDGED])
def test_acknowledgement_silences_what_is_only_weak(rule: str, path: str, changes: dict[str, Any]) -> None:
    assert problems(changed(changes | {"acknowledge": [rule]})) == (), path


@pytest.mark.parametrize("rule", ["aurora/public", "aurora/allow-public", "aurora/allow-one", "aurora/proxy-nobody"])
def test_public_access_and_a_proxy_for_nobody_cannot_be_acknowledged(rule: str) -> None:
    assert not BY_ID[rule].can_be_acknowledged


def test_what_is_wrong_with_a_public_range_is_said_with_the_way_out() -> None:
    (problem,) = problems(changed({f"{FROM}.all.cidr": "0.0.0.0/0"}))
    assert problem.message == (
        "aurora.orders.allow_from.all.cidr must be a private range (RFC 1918, RFC 6598), got 0.0.0.0/0; "
        "name the security group of what connects, or a private address"
    )


def test_only_an_own_secret_has_to_reach_a_service() -> None:
    of = {mode: load_text(changed({f"{O}.master_authentication": mode})) for mode in ("managed-secret", "own-secret")}
    services = {mode: endpoint_services(loaded.estate.aurora["orders"]) for mode, loaded in of.items()}
    assert services == {"managed-secret": (), "own-secret": ("secretsmanager",)}


def test_the_name_of_a_secret_does_not_look_like_one_with_its_suffix() -> None:
    """Secrets Manager: "Do not end your secret name with a hyphen followed by six characters"."""
    assert master_secret("shop-orders") == "aurora-estate/shop-orders/master"
