"""Users of a cache that is somebody else's: one logs in with IAM, one with a secret, and a role may be the first."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_iam as iam

from constructs_lib.cache.users import Users
from constructs_lib.foundation.encryption import Encryption
from estate.caches.users import UserSpec

CACHE = "arn:aws:elasticache:eu-west-1:111122223333:replicationgroup:basket"

app = cdk.App()
stack = cdk.Stack(app, "basket-users", env=cdk.Environment(account="111122223333", region="eu-west-1"))
key = Encryption(stack, "Encryption", description="basket: passwords", services=("secretsmanager",))
users = Users(
    stack,
    "Users",
    identifier="basket",
    engine="valkey",
    users={
        "web": UserSpec(access="on ~basket:* +@read +@write +@connection -@dangerous"),
        "legacy": UserSpec(access="on ~basket:* +get", authentication="password"),
    },
    key_arn=key.key_arn,
)
web = iam.Role(stack, "Web", assumed_by=iam.ServicePrincipal("ecs-tasks.amazonaws.com"))
users.grant_connect(web, "web", cache_arn=CACHE)
cdk.CfnOutput(stack, "UserGroupId", value=users.cfn_user_group.ref)

app.synth()
