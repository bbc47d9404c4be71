"""A rotation, for the matrices."""

from __future__ import annotations

import json

from runbooks.rotate.request import RotateRequest
from tests.support.scenario import REGION, Cloud, Scenario

FIRST = "f" * 64
USER = RotateRequest(cache_id="shop-sessions", user="web", region=REGION, grace_s=0)
TOKEN = RotateRequest(cache_id="shop-legacy", region=REGION, grace_s=0)
ON_BEHALF = "Secrets Manager asks for it, on the caller's behalf"


def _keep(cloud: Cloud, request: RotateRequest) -> None:
    login = json.dumps({"username": "web", "password": FIRST})
    cloud.client("secretsmanager").create_secret(Name=request.secret, SecretString=login)


def _set_up_token(cloud: Cloud) -> None:
    cloud.client("elasticache").create_replication_group(
        ReplicationGroupId="shop-legacy", ReplicationGroupDescription="d", Engine="redis", EngineVersion="5.0.6",
        CacheNodeType="cache.r5.large", NumCacheClusters=2, AutomaticFailoverEnabled=True,
        TransitEncryptionEnabled=True, AuthToken=FIRST,
    )  # fmt: skip
    _keep(cloud, TOKEN)


def _set_up(cloud: Cloud) -> None:
    cloud.client("elasticache").create_user(
        UserId="shop-sessions-web", UserName="shop-sessions-web", Engine="valkey", AccessString="on ~* +@read",
        AuthenticationMode={"Type": "password", "Passwords": [FIRST]},
    )  # fmt: skip
    _keep(cloud, USER)


def _new_password(cloud: Cloud, request: RotateRequest) -> str:
    """The secret's password, which must be another one, under the only label that is left."""
    secrets = cloud.client("secretsmanager")
    password: str = json.loads(secrets.get_secret_value(SecretId=request.secret)["SecretString"])["password"]
    assert password != FIRST
    versions = secrets.list_secret_version_ids(SecretId=request.secret)["Versions"]
    assert [label for version in versions for label in version["VersionStages"]] == ["AWSCURRENT"]
    return password


def _done(cloud: Cloud) -> None:
    (user,) = cloud.client("elasticache").describe_users(UserId=USER.user_id)["Users"]
    assert user["Authentication"]["PasswordCount"] == 1
    _new_password(cloud, USER)


def _done_token(cloud: Cloud) -> None:
    """The new token is valid, and the old one is not: SET takes no other."""
    cache = cloud.client("elasticache")
    for token, works in ((FIRST, False), (_new_password(cloud, TOKEN), True)):
        given = {"ReplicationGroupId": "shop-legacy", "AuthToken": token, "AuthTokenUpdateStrategy": "SET"}
        try:
            cache.modify_replication_group(**given, ApplyImmediately=True)
        except cache.exceptions.ClientError:
            assert not works
        else:
            assert works


SCENARIOS = (
    Scenario(
        name="access rotate",
        words=("access", "rotate", "shop-sessions", "--user", "web", "--grace-s", "0"),
        set_up=_set_up,
        done=_done,
        confirm="shop-sessions",
        cluster="shop-sessions",
        not_needed={
            "elasticache:DescribeReplicationGroups": "an AUTH token's",
            "elasticache:ModifyReplicationGroup": "an AUTH token's",
            "kms:Decrypt": ON_BEHALF,
            "kms:GenerateDataKey": ON_BEHALF,
        },
    ),
    Scenario(
        name="access rotate, a token",
        words=("access", "rotate", "shop-legacy", "--grace-s", "0"),
        set_up=_set_up_token,
        done=_done_token,
        confirm="shop-legacy",
        cluster="shop-legacy",
        not_needed={
            "elasticache:DescribeUsers": "a user's",
            "elasticache:ModifyUser": "a user's",
            "kms:Decrypt": ON_BEHALF,
            "kms:GenerateDataKey": ON_BEHALF,
        },
    ),
)
