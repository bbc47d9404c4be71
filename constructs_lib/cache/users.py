"""Users of a cache: they log in with IAM tokens or with secrets of their own, and nobody else does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aws_cdk import aws_elasticache as elasticache
from aws_cdk import aws_iam as iam
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from constructs_lib.cache.secrets import define_secret, reference
from constructs_lib.foundation.cfn import apply_overrides, pascal
from estate import names
from estate.caches.users import UserSpec

NOBODY = "off ~* -@all"
"""An access string that lets a user neither log in nor do anything."""


class Users(Construct):
    """Define one user per name, and the group that a replication group or a serverless cache takes.

    A user's id and name are equal, as IAM authentication wants. One who logs in with a password has a secret with
    `username` and `password`; `cfn_secrets` has it by the user's name. A Redis OSS group must hold a user named
    `default`; it is switched off here. A Valkey group needs none, and holds only users who authenticate; without any
    it holds one IAM user that is switched off, so that a cache without users is closed, not open.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        identifier: str,
        engine: str,
        users: Mapping[str, UserSpec],
        key_arn: str,
        retain: bool = True,
    ) -> None:
        super().__init__(scope, construct_id)
        self.identifier = identifier
        self.engine = engine
        self.cfn_secrets = {
            name: self._define_secret(name, key_arn, retain=retain)
            for name, user in users.items()
            if user.authentication == "password"
        }
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

    def _define_secret(self, name: str, key_arn: str, *, retain: bool) -> secretsmanager.CfnSecret:
        return define_secret(
            self,
            f"Secret{pascal(name)}",
            name=names.cache_user_secret(self.identifier, name),
            username=f"{self.identifier}-{name}",
            description=f"{self.identifier}: user {name}",
            key_arn=key_arn,
            retain=retain,
        )

    def _define_user(self, name: str, access: str) -> elasticache.CfnUser:
        user_id = f"{self.identifier}-{name}"
        user = elasticache.CfnUser(
            self,
            f"User{pascal(name)}",
            access_string=access,
            authentication_mode=self._authentication(name),
            engine=self.engine,
            user_id=user_id,
            user_name=user_id,
        )
        if name in self.cfn_secrets:
            user.add_resource_dependency(self.cfn_secrets[name])
        return user

    def _authentication(self, name: str) -> dict[str, Any]:
        if name not in self.cfn_secrets:
            return {"Type": "iam"}
        return {"Type": "password", "Passwords": [reference(names.cache_user_secret(self.identifier, name))]}

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
        """Let a principal log in to the cache as `user` with an IAM token.

        Raises:
            KeyError: there is no such user.
            ValueError: the user logs in with a password: let the principal read its secret (`cfn_secrets`).
        """
        arn = self.cfn_users[user].attr_arn
        if user in self.cfn_secrets:
            raise ValueError(
                f"user {user} must log in with IAM, got a password; grant its secret, cfn_secrets[{user!r}]"
            )
        return iam.Grant.add_to_principal(
            grantee=grantee, actions=["elasticache:Connect"], resource_arns=[cache_arn, arn]
        )


def key_services(
    users: Mapping[str, UserSpec], services: tuple[str, ...], *, has_token: bool = False
) -> tuple[str, ...]:
    """Services that a cache's key is lent to: Secrets Manager, too, where there is a password."""
    has_secrets = has_token or any(user.authentication == "password" for user in users.values())
    return (*services, "secretsmanager") if has_secrets else services
