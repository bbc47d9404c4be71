"""ModifyReplicationGroup."""

from __future__ import annotations

from typing import Any

from lab.cloud.awserrors import elasticache_error, invalid_combination
from lab.cloud.elasticache import checks, moves
from lab.cloud.elasticache.creation import names_of, require_available
from lab.cloud.elasticache.destinations import check_topic
from lab.cloud.elasticache.failover import FailoverState
from lab.cloud.elasticache.group import Group, show_group
from lab.cloud.elasticache.settings import CHANGE_ELSEWHERE, CHANGEABLE
from lab.cloud.runtime import RUNTIME, later

DEFERRABLE = ("Engine", "EngineVersion", "CacheNodeType")
"""Without ApplyImmediately these wait for the maintenance window, or for the next request that has it."""


class ModifyState(FailoverState):
    """Groups that change in place."""

    def modify_group(self, given: dict[str, Any]) -> dict[str, Any]:
        with RUNTIME.lock:
            group = self.group(given["ReplicationGroupId"])
            require_available(group)
            if unknown := sorted(set(given) - CHANGEABLE - CHANGE_ELSEWHERE):
                names = ", ".join(unknown)
                raise invalid_combination(f"ModifyReplicationGroup: {names} is not modelled by the embedded AWS")
            if given.get("ClusterMode", group.mode) != group.mode:
                return self._change_cluster_mode(group, given)
            self._change_group(group, given)
            group.status = "modifying"
            answer = show_group(group)
        later(RUNTIME.delays.modifying_s, None, lambda: self._group_modified(group), f"modify {group.group_id}")
        return answer

    def _change_group(self, group: Group, given: dict[str, Any]) -> None:
        """Everything is checked before anything changes."""
        changes = {key: value for key, value in given.items() if key in CHANGEABLE}
        if given.get("ApplyImmediately"):
            changes = {**group.deferred, **changes}
        user_groups = _user_groups(group, given)
        after = {**group.settings, **changes, "UserGroupIds": user_groups}
        self._complete_group_move(group, after, changes)
        self._check_group_change(group, after, changes, given)
        logs = given.get("LogDeliveryConfigurations", [])
        checks.check_logs(after, logs)
        self.change_auth_token(group, given)
        if promoted := given.get("PrimaryClusterId"):
            self.promote_by_hand(group, promoted)
        if not given.get("ApplyImmediately"):
            group.deferred |= {name: changes.pop(name) for name in DEFERRABLE if name in changes}
        else:
            group.deferred = {}
        group.settings.update(changes)
        self._change_group_users(group, user_groups)
        self._change_group_logs(group, logs)

    @staticmethod
    def _complete_group_move(group: Group, after: dict[str, Any], changes: dict[str, Any]) -> None:
        """TLS that is turned off has no mode; a default parameter group follows the engine and its version."""
        if "TransitEncryptionEnabled" in changes and not changes["TransitEncryptionEnabled"]:
            after["TransitEncryptionMode"] = changes["TransitEncryptionMode"] = None
        moved = any(after[name] != group.settings[name] for name in ("Engine", "EngineVersion"))
        if moved and after["CacheParameterGroupName"].startswith("default."):
            checks.check_version(after)
            name = checks.default_parameter_group(after, group.mode)
            after["CacheParameterGroupName"] = changes["CacheParameterGroupName"] = name

    def _check_group_change(
        self, group: Group, after: dict[str, Any], changes: dict[str, Any], given: dict[str, Any]
    ) -> None:
        for name in sorted(moves.NOT_WHILE_COMPATIBLE & set(changes)):
            if changes[name] != group.settings[name]:
                moves.refuse_while_compatible(group, f"Changing {name}")
        moves.check_move(group, after)
        if given.get("UserGroupIdsToAdd") and after.get("AuthToken"):
            if given.get("AuthTokenUpdateStrategy") != "DELETE":
                raise invalid_combination("AuthToken and user groups cannot be used together: DELETE the token.")
            after = {**after, "AuthToken": None}
        checks.check_encryption(after)
        added = [name for name in after["UserGroupIds"] if name not in group.user_group_ids]
        self.active_user_groups(added)
        checks.check_user_groups(after, [self.user_group(name) for name in after["UserGroupIds"]])
        self._check_group_parameters(group, after)
        checks.check_network(after, self.networks_of(after["CacheSubnetGroupName"]))
        self.check_security_groups(changes.get("SecurityGroupIds", []))
        check_topic(self.account_id, self.region_name, changes.get("NotificationTopicArn"))

    def _check_group_parameters(self, group: Group, after: dict[str, Any]) -> None:
        wanted = self.parameter_group(after["CacheParameterGroupName"])
        if checks.is_clustered(wanted) != group.cluster_mode:
            raise invalid_combination(
                "The parameter cluster-enabled has a different value in the requested parameter group than the "
                "current parameter group. This parameter value cannot be changed for a cache cluster."
            )
        checks.check_parameter_group(wanted, after, group.mode)

    def change_auth_token(self, group: Group, given: dict[str, Any]) -> None:
        """AuthToken and AuthTokenUpdateStrategy; rotation in two steps is the part of another module."""
        token, strategy = given.get("AuthToken"), given.get("AuthTokenUpdateStrategy")
        if strategy == "DELETE":
            group.settings.pop("AuthToken", None)
        elif token is not None:
            checks.check_encryption({**group.settings, "AuthToken": token})
            group.settings["AuthToken"] = token

    def _change_group_users(self, group: Group, wanted: list[str]) -> None:
        gone = [name for name in group.user_group_ids if name not in wanted]
        added = [name for name in wanted if name not in group.user_group_ids]
        for name in gone:
            self.user_group(name)["ReplicationGroups"].remove(group.group_id)
        for name in added:
            self.user_group(name)["ReplicationGroups"].append(group.group_id)
        if gone or added:
            group.pending["UserGroups"] = {"UserGroupIdsToAdd": added, "UserGroupIdsToRemove": gone}
        group.user_group_ids = wanted

    def _change_group_logs(self, group: Group, changes: list[dict[str, Any]]) -> None:
        named = {change["LogType"] for change in changes}
        kept = [item for item in group.log_delivery if item["LogType"] not in named]
        group.log_delivery = kept + self.delivered(changes)

    def _group_modified(self, group: Group) -> None:
        group.pending.clear()
        group.status = "available"

    # --- cluster mode

    def _change_cluster_mode(self, group: Group, given: dict[str, Any]) -> dict[str, Any]:
        """One step. Slots and the configuration endpoint come with `compatible`; the others go with `enabled`."""
        moves.check_cluster_mode_move(group, given)
        wanted = given["ClusterMode"]
        held = group.settings["CacheParameterGroupName"]
        if held.startswith("default."):
            held = checks.default_parameter_group(group.settings, wanted)
        name = given.get("CacheParameterGroupName", held)
        checks.check_parameter_group(self.parameter_group(name), group.settings, wanted)
        group.status, group.pending["ClusterMode"] = "modifying", wanted
        answer = show_group(group)
        turned = {group.mode, wanted} == {"disabled", "compatible"} and self.serves(group)
        work = (lambda: RUNTIME.plane.set_cluster_mode(group.group_id, on=wanted == "compatible")) if turned else None
        done = lambda: self._changed_cluster_mode(group, wanted, name)  # noqa: E731
        later(
            RUNTIME.delays.modifying_s,
            work,
            done,
            f"cluster mode {group.group_id}",
            lambda _: self._group_modified(group),
        )
        return answer

    def _changed_cluster_mode(self, group: Group, mode: str, parameter_group: str) -> None:
        before = names_of(group)
        group.mode = mode
        group.settings["CacheParameterGroupName"] = parameter_group
        group.shards[0].slots = "0-16383" if group.cluster_mode else None
        self._group_modified(group)
        self.withdraw(before - names_of(group))
        self.publish(group)
        self.tell("replication-group", group.group_id, f"Cluster mode of {group.group_id} is {mode}")


def _user_groups(group: Group, given: dict[str, Any]) -> list[str]:
    """UserGroupIdsToAdd, UserGroupIdsToRemove and RemoveUserGroups, applied."""
    gone = {name.lower() for name in given.get("UserGroupIdsToRemove", [])}
    if strange := sorted(gone - set(group.user_group_ids)):
        raise elasticache_error("UserGroupNotFoundFault", f"User group {strange[0]} is not one of {group.group_id}.")
    kept = [] if given.get("RemoveUserGroups") else [name for name in group.user_group_ids if name not in gone]
    added = [name.lower() for name in given.get("UserGroupIdsToAdd", [])]
    return [*kept, *(name for name in added if name not in kept)]
