"""A rotation, for the matrices."""

from __future__ import annotations

import json

from runbooks.rotate.request import RotateRequest
from tests.support.scenario import REGION, Cloud, Scenario

FIRST = "f" * 64
USER = RotateRequest(cache_id="shop-sessions", user="web", region=REGION, grace_s=0)


def _set_up(cloud: Cloud) -> None:
    cloud.client("elasticache").create_user(
        UserId="shop-sessions-web", UserName="shop-sessions-web", Engine="valkey", AccessString="on ~* +@read",
        AuthenticationMode={"Type": "password", "Passwords": [FIRST]},
    )  # fmt: skip
    login = json.dumps({"username": "web", "password": FIRST})
    cloud.client("secretsmanager").create_secret(Name=USER.secret, SecretString=login)


def _done(cloud: Cloud) -> None:
    (user,) = cloud.client("elasticache").describe_users(UserId=USER.user_id)["Users"]
    assert user["Authentication"]["PasswordCount"] == 1
    secrets = cloud.client("secretsmanager")
    assert json.loads(secrets.get_secret_value(SecretId=USER.secret)["SecretString"])["password"] != FIRST
    versions = secrets.list_secret_version_ids(SecretId=USER.secret)["Versions"]
    assert [label for version in versions for label in version["VersionStages"]] == ["AWSCURRENT"]


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
            "kms:Decrypt": "Secrets Manager asks for it, on the caller's behalf",
            "kms:GenerateDataKey": "Secrets Manager asks for it, on the caller's behalf",
        },
    ),
)
