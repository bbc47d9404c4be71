"""Users of a cache: they log in with IAM tokens, and nobody else does."""

from __future__ import annotations

from collections.abc import Mapping

from aws_cdk import aws_elasticache as elasticache
from aws_cdk import aws_iam as iam
from constructs import Construct

from constructs_lib.foundation.cfn import apply_overrides, pascal
from estate.caches.users import UserSpec

NOBODY = "off ~* -@all"
"""An access string that lets a user neither log in nor do anything."""


class Users(Construct):
    """Define one IAM user per name, and the group that a replication group or a serverless cache takes.

    A user's id and name are equal, as IAM authentication wants. A Redis OSS group must hold a user named `default`;
    it is switched off here. A Valkey group needs none, and holds only users who authenticate; without any it holds
    one IAM user that is switched off, so that a cache without users is closed, not open.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, identifier: str, engine: str, users: Mapping[str, UserSpec]
    ) -> None:
        super().__init__(scope, construct_id)
        self.identifier = identifier
        self.engine = engine
        self.cfn_users = {name: self._define_user(name, user.access) for name, user in users.items()}
        for name, user in users.items():
            apply_overrides(self.cfn_users[name], user.overrides)
        members = list(self.cfn_users.values())
        if engine == "redis":
            members.insert(0, self._define_default_user())
        elif not members:
            members.append(self._define_user("nobody", NOBODY))
        self.cfn_user_group = elasticache.CfnUserGroup(
            self, "Group", engine=engine, user_group_id=identifier, user_ids=[user.ref for user in members]
        )

    def _define_user(self, name: str, access: str) -> elasticache.CfnUser:
        user_id = f"{self.identifier}-{name}"
        return elasticache.CfnUser(
            self,
            f"User{pascal(name)}",
            access_string=access,
            authentication_mode={"Type": "iam"},
            engine=self.engine,
            user_id=user_id,
            user_name=user_id,
        )

    def _define_default_user(self) -> elasticache.CfnUser:
        return elasticache.CfnUser(
            self,
            "DefaultUser",
            access_string=NOBODY,
            authentication_mode={"Type": "no-password-required"},
            engine=self.engine,
            user_id=f"{self.identifier}-default",
            user_name="default",
        )

    def grant_connect(self, grantee: iam.IGrantable, user: str, *, cache_arn: str) -> iam.Grant:
        """Let a principal log in to the cache as `user` with an IAM token; KeyError when there is no such user."""
        return iam.Grant.add_to_principal(
            grantee=grantee,
            actions=["elasticache:Connect"],
            resource_arns=[cache_arn, self.cfn_users[user].attr_arn],
        )
