"""AUTH tokens and users' passwords, as ElastiCache keeps them. Each test says where AWS says so."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.lab.cloud.conftest import Aws
from tests.lab.cloud.test_elasticache import make_group, shown
from tests.lab.cloud.test_rds import code

A, B, C = ("a" * 16, "b" * 16, "c" * 16)


def with_token(aws: Aws) -> Any:
    return make_group(
        aws,
        Engine="redis",
        EngineVersion="5.0.6",
        CacheNodeType="cache.r5.large",
        TransitEncryptionEnabled=True,
        AuthToken=A,
    )


def change(cache: Any, **given: Any) -> dict[str, Any]:
    answer = cache.modify_replication_group(ReplicationGroupId="g", ApplyImmediately=True, **given)
    group: dict[str, Any] = answer["ReplicationGroup"]
    return group


def set_token(cache: Any, token: str, strategy: str) -> dict[str, Any]:
    return change(cache, AuthToken=token, AuthTokenUpdateStrategy=strategy)


def test_rotate_keeps_the_token_before_it_and_set_leaves_one(aws: Aws) -> None:
    """User guide, "AUTH", "Modifying the AUTH token": with ROTATE both work, with SET only the one that is named."""
    cache = with_token(aws)
    set_token(cache, B, "ROTATE")
    assert code(set_token, cache=cache, token=C, strategy="SET") == "InvalidParameterCombination"
    set_token(cache, B, "SET")
    assert code(set_token, cache=cache, token=A, strategy="SET") == "InvalidParameterCombination"


def test_a_third_token_drops_the_oldest(aws: Aws) -> None:
    """User guide, "AUTH": two tokens at most; another ROTATE replaces the older."""
    cache = with_token(aws)
    set_token(cache, B, "ROTATE")
    set_token(cache, C, "ROTATE")
    assert code(set_token, cache=cache, token=A, strategy="SET") == "InvalidParameterCombination"
    set_token(cache, B, "SET")


def test_rotate_is_what_nothing_said_means(aws: Aws) -> None:
    """API reference, ModifyReplicationGroup.AuthTokenUpdateStrategy: "ROTATE - default"."""
    cache = with_token(aws)
    change(cache, AuthToken=B)
    set_token(cache, A, "SET")


def test_a_change_of_the_token_is_dated(aws: Aws) -> None:
    """API reference, ReplicationGroup.AuthTokenLastModifiedDate."""
    cache = with_token(aws)
    set_token(cache, B, "ROTATE")
    first = shown(cache)["AuthTokenLastModifiedDate"]
    assert shown(cache)["AuthTokenEnabled"]
    set_token(cache, B, "SET")
    assert shown(cache)["AuthTokenLastModifiedDate"] > first


@pytest.mark.parametrize("token", ["a" * 15, "a" * 129, "a" * 15 + "@", "a" * 15 + "/", "ä" * 16])
def test_a_token_that_is_none_is_refused(aws: Aws, token: str) -> None:
    """API reference: 16 to 128 printable ASCII characters, few specials."""
    cache = with_token(aws)
    assert code(set_token, cache=cache, token=token, strategy="ROTATE") == "InvalidParameterValue"


def test_a_strategy_without_a_token_is_refused(aws: Aws) -> None:
    """API reference: "This parameter must be specified with the auth-token parameter"."""
    cache = with_token(aws)
    assert code(change, cache=cache, AuthTokenUpdateStrategy="ROTATE") == "InvalidParameterCombination"


def users(cache: Any) -> None:
    cache.create_user(
        UserId="off",
        UserName="default",
        Engine="redis",
        AccessString="off -@all",
        AuthenticationMode={"Type": "no-password-required"},
    )
    cache.create_user_group(UserGroupId="people", Engine="redis", UserIds=["off"])


def test_a_token_goes_only_when_users_come(aws: Aws) -> None:
    """API reference: "DELETE - allowed only when transitioning to RBAC"; user guide, "Migrating from AUTH to RBAC"."""
    cache = make_group(
        aws,
        Engine="redis",
        EngineVersion="7.1",
        TransitEncryptionEnabled=True,
        AuthToken=A,
        CacheNodeType="cache.r7g.large",
    )
    users(cache)
    assert code(change, cache=cache, AuthTokenUpdateStrategy="DELETE") == "InvalidParameterValue"
    assert code(change, cache=cache, UserGroupIdsToAdd=["people"]) == "InvalidParameterCombination"
    change(cache, AuthTokenUpdateStrategy="DELETE", UserGroupIdsToAdd=["people"])
    assert (shown(cache)["AuthTokenEnabled"], shown(cache)["UserGroupIds"]) == (False, ["people"])
    assert code(set_token, cache=cache, token=B, strategy="SET") == "InvalidParameterCombination"


def test_a_user_has_two_passwords_at_most(aws: Aws) -> None:
    """API reference, CreateUser.Passwords: "You can create up to two passwords for each user"."""
    cache = aws("elasticache")
    given = {"UserId": "web", "UserName": "web", "Engine": "valkey", "AccessString": "on ~* +@read"}
    cache.create_user(**given, AuthenticationMode={"Type": "password", "Passwords": [A]})
    cache.modify_user(UserId="web", AuthenticationMode={"Type": "password", "Passwords": [A, B]})
    (user,) = cache.describe_users(UserId="web")["Users"]
    assert user["Authentication"] == {"Type": "password", "PasswordCount": 2}
    for wrong in ([A, B, C], ["short"], ["a" * 129]):
        mode = {"Type": "password", "Passwords": wrong}
        assert code(cache.modify_user, UserId="web", AuthenticationMode=mode) == "InvalidParameterValue"


NAME = "aurora-estate/shop-sessions/web/password"


def stack_of(mode: dict[str, Any], access: str = "on ~* +@read") -> dict[str, Any]:
    """A user as `constructs_lib.cache.users` writes it, and its secret."""
    secret = {
        "Type": "AWS::SecretsManager::Secret",
        "Properties": {
            "Name": NAME,
            "GenerateSecretString": {
                "ExcludePunctuation": True,
                "GenerateStringKey": "password",
                "PasswordLength": 64,
                "SecretStringTemplate": '{"username": "web"}',
            },
        },
    }
    properties = {"UserId": "web", "UserName": "web", "Engine": "valkey", "AccessString": access}
    user = {
        "Type": "AWS::ElastiCache::User",
        "Properties": {**properties, "AuthenticationMode": mode},
        "DependsOn": "S",
    }
    return {"Resources": {"S": secret, "U": user}}


ONE = {"Type": "password", "PasswordCount": 1}
BY_SECRET = {"Type": "password", "Passwords": [f"{{{{resolve:secretsmanager:{NAME}:SecretString:password}}}}"]}


def test_a_user_changes_from_iam_to_a_password_and_back_in_place(aws: Aws) -> None:
    """CloudFormation reference, AWS::ElastiCache::User: of its properties only UserId and UserName replace it."""
    cache = aws("elasticache")
    for mode, shown_as in (({"Type": "iam"}, {"Type": "iam"}), (BY_SECRET, ONE), ({"Type": "iam"}, {"Type": "iam"})):
        stack = aws.deploy("users", stack_of(mode))
        assert stack["StackStatus"].endswith("_COMPLETE"), aws.reasons("users")
        assert "ROLLBACK" not in stack["StackStatus"], aws.reasons("users")
        (user,) = cache.describe_users(UserId="web")["Users"]
        assert user["Authentication"] == shown_as
    events = aws("cloudformation").describe_stack_events(StackName="users")["StackEvents"]
    assert not [event for event in events if event["ResourceStatus"].startswith("DELETE")]


def test_a_deploy_looks_the_secret_up_again(aws: Aws) -> None:
    """User guide of CloudFormation, dynamic references: resolved again when the resource is updated."""
    aws.deploy("users", stack_of(BY_SECRET))
    secrets = aws("secretsmanager")
    (before,) = secrets.list_secret_version_ids(SecretId=NAME)["Versions"]
    secrets.put_secret_value(SecretId=NAME, SecretString=json.dumps({"username": "web", "password": B}))
    aws.deploy("users", stack_of(BY_SECRET, access="on ~* +@read +get"))
    (user,) = aws("elasticache").describe_users(UserId="web")["Users"]
    assert (user["AccessString"], user["Authentication"]) == ("on ~* +@read +get", ONE)
    labels = {v["VersionId"]: v["VersionStages"] for v in secrets.list_secret_version_ids(SecretId=NAME)["Versions"]}
    assert labels[before["VersionId"]] == ["AWSPREVIOUS"]


def test_the_current_version_is_the_one_that_has_the_label(aws: Aws) -> None:
    """API reference, GetSecretValue: without a version "Secrets Manager returns the AWSCURRENT version"."""
    secrets = aws("secretsmanager")
    first = secrets.create_secret(Name="s", SecretString="one")["VersionId"]
    token = "v" * 32
    secrets.put_secret_value(SecretId="s", SecretString="two", ClientRequestToken=token, VersionStages=["AWSPENDING"])
    assert secrets.get_secret_value(SecretId="s")["SecretString"] == "one"
    secrets.update_secret_version_stage(
        SecretId="s", VersionStage="AWSCURRENT", RemoveFromVersionId=first, MoveToVersionId=token
    )
    assert secrets.get_secret_value(SecretId="s")["SecretString"] == "two"
    secrets.update_secret_version_stage(SecretId="s", VersionStage="AWSPREVIOUS", RemoveFromVersionId=first)
    dated = secrets.list_secret_version_ids(SecretId="s")["Versions"]
    assert [version["VersionId"] for version in dated] == [token]
