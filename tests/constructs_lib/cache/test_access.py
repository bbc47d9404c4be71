"""Users, passwords, the AUTH token and sources of caches, as templates have them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam

from constructs_lib.cache.replication_group import ReplicationGroup
from estate.caches.replication_group import ReplicationGroupSpec
from tests.support.specs import valkey, vpc_of_the_caller
from tests.support.synthesis import Template, new_app, only, resources, synthesize_one

GROUP = "AWS::ElastiCache::ReplicationGroup"
USER = "AWS::ElastiCache::User"
SECRET = "AWS::SecretsManager::Secret"
INGRESS = "AWS::EC2::SecurityGroupIngress"
USERS = {"web": {}, "kiosk": {"authentication": "password", "access": "on ~cart:* +get"}}
SOURCES = {"web": {"security_group": "sg-0123456789abcdef0"}, "till": {"cidr": "10.0.0.1/32"}}


def old(**more: Any) -> ReplicationGroupSpec:
    values = {"engine": "redis", "version": "5.0.6", "extended_support": True, "auth_token": {}, "shards": 1}
    return valkey(**values, **more)


def group(stack: cdk.Stack, spec: ReplicationGroupSpec, *, retain: bool = True) -> ReplicationGroup:
    return ReplicationGroup(
        stack, "Cache", identifier=f"shop-{spec.name}", spec=spec, vpc=vpc_of_the_caller(stack), retain=retain
    )


def template(out: Path, spec: ReplicationGroupSpec, *, retain: bool = True) -> Template:
    return synthesize_one(out, lambda stack: group(stack, spec, retain=retain))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Template:
    return template(tmp_path_factory.mktemp("users"), valkey(users=USERS, allow_from=SOURCES))


@pytest.fixture(scope="module")
def with_token(tmp_path_factory: pytest.TempPathFactory) -> Template:
    return template(tmp_path_factory.mktemp("token"), old())


def users(made: Template) -> dict[str, dict[str, Any]]:
    return {r["Properties"]["UserId"]: r for r in resources(made, USER).values()}


def test_a_user_with_a_password_reads_it_from_a_secret_of_its_own(made: Template) -> None:
    name = "aurora-estate/shop-sessions/kiosk/password"
    kiosk = users(made)["shop-sessions-kiosk"]
    assert kiosk["Properties"]["UserName"] == "shop-sessions-kiosk"
    assert kiosk["Properties"]["AuthenticationMode"] == {
        "Type": "password",
        "Passwords": [f"{{{{resolve:secretsmanager:{name}:SecretString:password}}}}"],
    }
    ((logical, secret),) = resources(made, SECRET).items()
    assert kiosk["DependsOn"] == [logical]
    assert logical == "CacheUsersSecretKioskCB0D59F3"
    assert secret["Properties"]["Name"] == name
    assert secret["Properties"]["KmsKeyId"] == only(made, GROUP)["KmsKeyId"]
    assert secret["Properties"]["GenerateSecretString"] == {
        "ExcludePunctuation": True,
        "GenerateStringKey": "password",
        "PasswordLength": 64,
        "SecretStringTemplate": '{"username": "shop-sessions-kiosk"}',
    }


def test_others_log_in_with_iam_and_have_no_secret(made: Template) -> None:
    assert users(made)["shop-sessions-web"]["Properties"]["AuthenticationMode"] == {"Type": "iam"}
    assert len(resources(made, SECRET)) == 1


def test_the_key_is_lent_to_secrets_manager_only_where_there_is_a_secret(made: Template, tmp_path: Path) -> None:
    service = {"kms:ViaService": "secretsmanager"}
    assert service["kms:ViaService"] in str(only(made, "AWS::KMS::Key"))
    without = template(tmp_path, valkey(users={"web": {}}))
    assert service["kms:ViaService"] not in str(only(without, "AWS::KMS::Key"))


@pytest.mark.parametrize(("retain", "policy"), [(True, "Retain"), (False, "Delete")])
def test_a_secret_stays_with_the_keys_and_logs(tmp_path: Path, retain: bool, policy: str) -> None:
    made = template(tmp_path, valkey(users=USERS), retain=retain)
    (secret,) = resources(made, SECRET).values()
    assert (secret["DeletionPolicy"], secret["UpdateReplacePolicy"]) == (policy, policy)


def test_each_source_has_a_rule_of_the_port(made: Template) -> None:
    rules = {rule["Properties"]["Description"]: rule["Properties"] for rule in resources(made, INGRESS).values()}
    assert set(rules) == {"web may connect", "till may connect"}
    assert rules["web may connect"]["SourceSecurityGroupId"] == "sg-0123456789abcdef0"
    assert rules["till may connect"]["CidrIp"] == "10.0.0.1/32"
    assert {(rule["FromPort"], rule["ToPort"]) for rule in rules.values()} == {(6380, 6380)}


def test_an_old_cache_has_a_token_and_no_users(with_token: Template) -> None:
    properties = only(with_token, GROUP)
    assert (
        properties["AuthToken"] == "{{resolve:secretsmanager:aurora-estate/shop-sessions/token:SecretString:password}}"
    )
    assert "UserGroupIds" not in properties
    assert properties["TransitEncryptionEnabled"] is True
    assert resources(with_token, USER) == {}
    ((logical, secret),) = resources(with_token, SECRET).items()
    assert secret["Properties"]["Name"] == "aurora-estate/shop-sessions/token"
    (cache,) = resources(with_token, GROUP).values()
    assert logical in cache["DependsOn"]


@pytest.mark.parametrize(
    ("spec", "mode"),
    [
        (old(), None),
        (valkey(engine="redis", version="6.2", shards=1, acknowledge=["cache/version-ending"]), None),
        (valkey(engine="redis", version="7.1", shards=1), "required"),
        (valkey(), "required"),
    ],
    ids=["5.0.6", "6.2", "7.1", "valkey"],
)
def test_versions_that_know_no_tls_mode_are_given_none(
    tmp_path: Path, spec: ReplicationGroupSpec, mode: str | None
) -> None:
    """ElastiCache: "Transit encryption mode is not supported for engine version 6.2.6"."""
    properties = only(template(tmp_path, spec), GROUP)
    assert (properties.get("TransitEncryptionMode"), properties["TransitEncryptionEnabled"]) == (mode, True)


def role(stack: cdk.Stack) -> iam.Role:
    return iam.Role(stack, "Web", assumed_by=iam.ServicePrincipal("ecs-tasks.amazonaws.com"))


def test_connecting_is_granted_on_one_cache_and_one_user(tmp_path: Path) -> None:
    """Both are asked for, and nothing else (user guide, "Authenticating with IAM")."""

    def grant(stack: cdk.Stack) -> None:
        group(stack, valkey(users=USERS)).grant_connect(role(stack), "web")

    made = synthesize_one(tmp_path, grant)
    (statement,) = only(made, "AWS::IAM::Policy")["PolicyDocument"]["Statement"]
    user, cache = sorted(statement["Resource"], key=str)
    assert statement["Action"] == "elasticache:Connect"
    assert str(cache).rstrip("]}'").endswith(":replicationgroup:shop-sessions")
    assert user == {"Fn::GetAtt": [next(k for k, r in resources(made, USER).items() if "web" in str(r)), "Arn"]}


def test_a_user_with_a_password_is_not_let_in_by_iam(tmp_path: Path) -> None:
    stack = cdk.Stack(new_app(tmp_path), "S")
    cache, web = group(stack, valkey(users=USERS)), role(stack)
    with pytest.raises(ValueError, match=r"user kiosk must log in with IAM, got a password; grant its secret"):
        cache.grant_connect(web, "kiosk")
    with pytest.raises(KeyError):
        cache.grant_connect(web, "nobody")


def test_without_users_there_is_nobody_to_grant(tmp_path: Path) -> None:
    stack = cdk.Stack(new_app(tmp_path), "S")
    with pytest.raises(KeyError):
        group(stack, old()).grant_connect(role(stack), "web")
