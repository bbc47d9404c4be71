"""Users and user groups: who may do what in a cache."""

from __future__ import annotations

import re
from typing import Any

from lab.cloud.awserrors import elasticache_error, invalid_combination, invalid_value
from lab.cloud.elasticache.state import CacheState
from lab.cloud.runtime import RUNTIME, later

ENGINES = frozenset({"redis", "valkey"})
PASSWORDS_MAX = 2
PASSWORD = re.compile(r"[!-~]{16,128}")
"""Printable, 16 to 128 characters (user guide, "RBAC"; API reference, CreateUser: "up to two passwords")."""
MODES = frozenset({"password", "no-password-required", "iam"})


class AccessState(CacheState):
    """Create, modify, delete and describe users and user groups."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.lab_users: dict[str, dict[str, Any]] = {}
        self.lab_user_groups: dict[str, dict[str, Any]] = {}

    # --- users

    def make_user(self, given: dict[str, Any]) -> dict[str, Any]:
        """A user; with IAM authentication the id and the name must be equal (facts E10)."""
        user_id = given["UserId"].lower()
        with RUNTIME.lock:
            if user_id in self.lab_users:
                raise elasticache_error("UserAlreadyExistsFault", f"User {user_id} already exists.")
            engine = _engine(given["Engine"])
            authentication = _authentication(given)
            if authentication["Type"] == "iam" and user_id != given["UserName"]:
                raise invalid_value("For IAM authentication the user id and the user name must be equal.")
            user = {
                "UserId": user_id,
                "UserName": given["UserName"],
                "Status": "creating",
                "Engine": engine,
                "MinimumEngineVersion": "7.2" if engine == "valkey" else "6.0",
                "AccessString": given["AccessString"],
                "UserGroupIds": [],
                "Authentication": authentication,
                "ARN": self.arn("user", user_id),
            }
            self.lab_users[user_id] = user
            self.tag(user["ARN"], given.get("Tags"))
            answer = dict(user)
        later(RUNTIME.delays.creating_s, None, lambda: user.update(Status="active"), f"user {user_id}")
        return answer

    def user(self, user_id: str) -> dict[str, Any]:
        found = self.lab_users.get(user_id.lower())
        if found is None:
            raise elasticache_error("UserNotFoundFault", f"User {user_id} not found.")
        return found

    def modify_user(self, given: dict[str, Any]) -> dict[str, Any]:
        with RUNTIME.lock:
            user = self.user(given["UserId"])
            if user["Status"] != "active":
                raise elasticache_error("InvalidUserStateFault", f"User {given['UserId']} is {user['Status']}.")
            if given.get("AccessString"):
                user["AccessString"] = given["AccessString"]
            if given.get("AppendAccessString"):
                user["AccessString"] += " " + given["AppendAccessString"]
            if given.get("Engine"):
                user["Engine"] = _engine(given["Engine"])
            if "AuthenticationMode" in given or "Passwords" in given or given.get("NoPasswordRequired"):
                user["Authentication"] = _authentication(given)
            user["Status"] = "modifying"
            answer = dict(user)
        later(RUNTIME.delays.modifying_s, None, lambda: user.update(Status="active"), f"user {user['UserId']}")
        return answer

    def drop_user(self, user_id: str) -> dict[str, Any]:
        with RUNTIME.lock:
            user = self.user(user_id)
            user["Status"] = "deleting"
            for group in self.lab_user_groups.values():
                group["UserIds"] = [member for member in group["UserIds"] if member != user["UserId"]]
            answer = dict(user)
        later(RUNTIME.delays.deleting_s, None, lambda: self._gone(self.lab_users, user["UserId"]), f"user {user_id}")
        return answer

    # --- user groups

    def make_user_group(self, given: dict[str, Any]) -> dict[str, Any]:
        group_id = given["UserGroupId"].lower()
        with RUNTIME.lock:
            if group_id in self.lab_user_groups:
                raise elasticache_error("UserGroupAlreadyExistsFault", f"User Group {group_id} already exists.")
            engine = _engine(given["Engine"])
            members = [self.user(name)["UserId"] for name in given.get("UserIds", [])]
            self._check_members(engine, members)
            group = {
                "UserGroupId": group_id,
                "Status": "creating",
                "Engine": engine,
                "UserIds": [],
                "MinimumEngineVersion": "7.2" if engine == "valkey" else "6.0",
                "ReplicationGroups": [],
                "ServerlessCaches": [],
                "ARN": self.arn("usergroup", group_id),
            }
            self.lab_user_groups[group_id] = group
            self._set_members(group, members)
            self.tag(group["ARN"], given.get("Tags"))
            answer = dict(group)
        later(RUNTIME.delays.creating_s, None, lambda: group.update(Status="active"), f"user group {group_id}")
        return answer

    def _check_members(self, engine: str, members: list[str]) -> None:
        """Redis OSS groups need a user named `default`; names are unique within a group."""
        names = [self.lab_users[member]["UserName"] for member in members]
        if engine == "redis" and "default" not in names:
            raise elasticache_error("DefaultUserRequired", "You must add a user with the name default to a user group.")
        kinds = {self.lab_users[member]["Authentication"]["Type"] for member in members}
        if engine == "valkey" and "no-password" in kinds:
            raise invalid_combination("User groups of engine valkey take users with a password or IAM authentication.")
        if len(names) != len(set(names)):
            raise elasticache_error("DuplicateUserNameFault", "Two users of a user group may not have the same name.")

    def _set_members(self, group: dict[str, Any], members: list[str]) -> None:
        name = group["UserGroupId"]
        group["UserIds"] = members
        for user in self.lab_users.values():
            kept = [item for item in user["UserGroupIds"] if item != name]
            user["UserGroupIds"] = [*kept, name] if user["UserId"] in members else kept

    def user_group(self, group_id: str) -> dict[str, Any]:
        found = self.lab_user_groups.get(group_id.lower())
        if found is None:
            raise elasticache_error("UserGroupNotFoundFault", f"User Group {group_id} not found.")
        return found

    def modify_user_group(self, given: dict[str, Any]) -> dict[str, Any]:
        with RUNTIME.lock:
            group = self.user_group(given["UserGroupId"])
            if group["Status"] != "active":
                raise elasticache_error("InvalidUserGroupStateFault", f"User group {group['UserGroupId']} is busy.")
            added = [self.user(name)["UserId"] for name in given.get("UserIdsToAdd", [])]
            gone = {name.lower() for name in given.get("UserIdsToRemove", [])}
            members = [name for name in [*group["UserIds"], *added] if name not in gone]
            engine = _engine(given.get("Engine") or group["Engine"])
            self._check_members(engine, members)
            self._check_caches(engine, group)
            group["Engine"] = engine
            self._set_members(group, members)
            group["Status"] = "modifying"
            answer = dict(group)
        later(RUNTIME.delays.modifying_s, None, lambda: group.update(Status="active"), "user group")
        return answer

    def _check_caches(self, engine: str, group: dict[str, Any]) -> None:
        """A group that Redis OSS uses stays of that engine (user guide, "Role-Based Access Control")."""
        used = {name: self.engine_of(name) for name in (*group["ReplicationGroups"], *group["ServerlessCaches"])}
        if engine != "redis" and (old := next((name for name in used if used[name] == "redis"), None)):
            raise invalid_combination(f"User group {group['UserGroupId']} is used by {old}, which is of engine redis.")

    def engine_of(self, cache: str) -> str:
        """Engine of a replication group or a serverless cache, which the parts that make them keep."""
        serverless = getattr(self, "serverless", {}).get(cache)
        found = serverless or getattr(self, "groups", {})[cache].settings
        return str(found["Engine"])

    def drop_user_group(self, group_id: str) -> dict[str, Any]:
        with RUNTIME.lock:
            group = self.user_group(group_id)
            if users := [*group["ReplicationGroups"], *group["ServerlessCaches"]]:
                raise elasticache_error(
                    "InvalidUserGroupStateFault",
                    f"The user group must first be disassociated from {users[0]} before it can be deleted.",
                )
            self._set_members(group, [])
            group["Status"] = "deleting"
            answer = dict(group)
        name = group["UserGroupId"]
        later(RUNTIME.delays.deleting_s, None, lambda: self._gone(self.lab_user_groups, name), f"user group {name}")
        return answer

    @staticmethod
    def _gone(table: dict[str, Any], key: str) -> None:
        table.pop(key, None)


def _engine(name: str) -> str:
    if name.lower() not in ENGINES:
        raise invalid_value(f'Invalid value "{name}" for parameter Engine: must be one of redis, valkey.')
    return name.lower()


def _authentication(given: dict[str, Any]) -> dict[str, Any]:
    mode = given.get("AuthenticationMode") or {}
    kind = mode.get("Type") or ("no-password-required" if given.get("NoPasswordRequired") else "password")
    passwords = mode.get("Passwords") or given.get("Passwords") or []
    if kind not in MODES:
        raise invalid_value(f"Input Authentication type: {kind} is not in the allowed list: {sorted(MODES)}")
    if kind != "password" and passwords:
        raise invalid_combination(f"Password field is not allowed with authentication type: {kind}")
    if kind == "password" and not passwords:
        raise invalid_combination("A user with Authentication Mode: password, must have at least one password")
    if len(passwords) > PASSWORDS_MAX:
        raise invalid_value(f"The maximum number of passwords allowed per user is {PASSWORDS_MAX}")
    if any(not PASSWORD.fullmatch(password) for password in passwords):
        raise invalid_value("Passwords length must be between 16-128 characters.")
    shown = "no-password" if kind == "no-password-required" else kind
    return {"Type": shown, "PasswordCount": len(passwords)} if kind == "password" else {"Type": shown}
