"""AUTH tokens: the one password of a group without users, and its rotation in two steps.

API reference, ModifyReplicationGroup: "ROTATE - default, if no update strategy is provided", "SET - allowed only after
ROTATE", "DELETE - allowed only when transitioning to RBAC". User guide, "AUTH": ROTATE keeps the token before it, so
that two are valid, and drops the older of two; SET leaves the one that is named.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from lab.cloud.awserrors import invalid_combination, invalid_value
from lab.cloud.elasticache import checks
from lab.cloud.elasticache.group import Group
from lab.cloud.elasticache.modification import ModifyState

STRATEGIES = frozenset({"SET", "ROTATE", "DELETE"})
VALID = "LabAuthTokens"
"""Setting of a group that holds every valid token, the newest last; `AuthToken` is the newest."""


def valid_tokens(group: Group) -> list[str]:
    """What a client may authenticate with."""
    token = group.settings.get("AuthToken")
    return list(group.settings.get(VALID) or ([token] if token else []))


class AuthTokens(ModifyState):
    """Groups that have a token, or had one."""

    def change_auth_token(self, group: Group, given: dict[str, Any]) -> None:
        token, strategy = given.get("AuthToken"), given.get("AuthTokenUpdateStrategy")
        if token is None and strategy is None:
            return
        if strategy == "DELETE":
            self._delete_token(group, given)
            return
        if token is None:
            raise invalid_combination("AuthTokenUpdateStrategy must be specified with AuthToken.")
        if strategy not in {None, *STRATEGIES}:
            raise invalid_value(f"Invalid AuthTokenUpdateStrategy: {strategy}")
        if group.user_group_ids:
            raise invalid_combination(
                "Auth tokens can't be enabled with a user group already associated. Pass RemoveUserGroups to proceed."
            )
        checks.check_encryption({**group.settings, "AuthToken": token})
        self._keep_token(group, token, _after(valid_tokens(group), token, strategy or "ROTATE"))
        group.pending["AuthTokenStatus"] = "SETTING" if strategy == "SET" else "ROTATING"

    @staticmethod
    def _delete_token(group: Group, given: dict[str, Any]) -> None:
        """Only together with the user group that takes over (the service's words, as its callers report them)."""
        if not given.get("UserGroupIdsToAdd"):
            raise invalid_value("Auth token update strategy delete is not supported currently")
        group.settings.pop("AuthToken", None)
        group.settings.pop(VALID, None)

    @staticmethod
    def _keep_token(group: Group, token: str, valid: list[str]) -> None:
        group.settings["AuthToken"] = token
        group.settings[VALID] = valid
        group.settings["AuthTokenLastModifiedDate"] = dt.datetime.now(dt.UTC)


def _after(valid: list[str], token: str, strategy: str) -> list[str]:
    if strategy == "ROTATE":
        return [*valid[-1:], token]
    if valid and token not in valid:
        raise invalid_combination("AuthTokenUpdateStrategy SET is allowed only after ROTATE with the same AuthToken.")
    return [token]
