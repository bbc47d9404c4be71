"""What ElastiCache says of groups and users, as typed values; what it can be asked to do. Decides nothing.

A name that is not found is None, other errors are botocore's own. Passwords go in and never come out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from botocore.exceptions import ClientError

from runbooks.aws.rds import error_code

if TYPE_CHECKING:
    from mypy_boto3_elasticache import ElastiCacheClient

# IAM actions of each call: an effect that uses a method declares its row.
ACTIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "find_group": ("elasticache:DescribeReplicationGroups",),
    "find_user": ("elasticache:DescribeUsers",),
    "rotate_token": ("elasticache:ModifyReplicationGroup",),
    "set_token": ("elasticache:ModifyReplicationGroup",),
    "set_passwords": ("elasticache:ModifyUser",),
}
NO_GROUP: Final = frozenset({"ReplicationGroupNotFoundFault"})
NO_USER: Final = frozenset({"UserNotFound"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Group:
    """One replication group. `pending_token` is ROTATING or SETTING while its token is being changed."""

    group_id: str
    status: str
    has_token: bool
    token_changed_at: datetime | None = None
    pending_token: str = ""

    @property
    def is_at_rest(self) -> bool:
        """Nothing is being done to it."""
        return self.status == "available" and not self.pending_token


@dataclass(frozen=True, kw_only=True, slots=True)
class User:
    """One user; `mode` is iam, password or no-password; `passwords` how many it has."""

    user_id: str
    status: str
    mode: str
    passwords: int = 0

    @property
    def is_at_rest(self) -> bool:
        """Nothing is being done to it."""
        return self.status == "active"


class ElastiCache:
    """ElastiCache of one Region."""

    def __init__(self, client: ElastiCacheClient, once: ElastiCacheClient) -> None:
        self._client = client
        self._once = once

    def find_group(self, group_id: str) -> Group | None:
        """A replication group by its id; None when there is none."""
        try:
            found = self._client.describe_replication_groups(ReplicationGroupId=group_id)["ReplicationGroups"]
        except ClientError as error:
            if error_code(error) in NO_GROUP:
                return None
            raise
        group = found[0]
        pending = group.get("PendingModifiedValues", {})
        return Group(
            group_id=group.get("ReplicationGroupId", group_id),
            status=group.get("Status", ""),
            has_token=group.get("AuthTokenEnabled", False),
            token_changed_at=group.get("AuthTokenLastModifiedDate"),
            pending_token=pending.get("AuthTokenStatus", ""),
        )

    def find_user(self, user_id: str) -> User | None:
        """A user by its id; None when there is none."""
        try:
            found = self._client.describe_users(UserId=user_id)["Users"]
        except ClientError as error:
            if error_code(error) in NO_USER:
                return None
            raise
        user = found[0]
        login = user.get("Authentication", {})
        return User(
            user_id=user.get("UserId", user_id),
            status=user.get("Status", ""),
            mode=login.get("Type", ""),
            passwords=login.get("PasswordCount", 0),
        )

    def rotate_token(self, group_id: str, token: str) -> None:
        """Let clients in with this token too; of two tokens that there are, the older is dropped.

        Made one time only: a second call with the same token would drop the one that clients still use.
        """
        self._once.modify_replication_group(
            ReplicationGroupId=group_id, AuthToken=token, AuthTokenUpdateStrategy="ROTATE", ApplyImmediately=True
        )

    def set_token(self, group_id: str, token: str) -> None:
        """Let clients in with this token only."""
        self._client.modify_replication_group(
            ReplicationGroupId=group_id, AuthToken=token, AuthTokenUpdateStrategy="SET", ApplyImmediately=True
        )

    def set_passwords(self, user_id: str, passwords: Sequence[str]) -> None:
        """Give a user these passwords, one or two, and no other."""
        self._client.modify_user(UserId=user_id, AuthenticationMode={"Type": "password", "Passwords": list(passwords)})
