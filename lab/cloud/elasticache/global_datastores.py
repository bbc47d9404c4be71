"""Global datastores: one Region that is written, up to two that follow it, and what moves or detaches them.

Control plane only: a secondary has no processes, so a primary that has some cannot hand its role to another Region.
Sources: API reference (CreateGlobalReplicationGroup and the like); ElastiCache user guide, "Replication across AWS
Regions using global datastores"; the order of statuses from the waiters of hashicorp/terraform-provider-aws.
"""

from __future__ import annotations

from typing import Any

from moto.elasticache.models import elasticache_backends

from estate.caches.global_datastore import PREFIXES
from lab.cloud.awserrors import elasticache_error, invalid_value
from lab.cloud.client import ACCOUNT_ID
from lab.cloud.elasticache import checks, moves
from lab.cloud.elasticache.creation import require_available
from lab.cloud.elasticache.global_datastore import (
    OF_PRIMARY,
    ONLY_GLOBALLY,
    GlobalDatastore,
    check_joining,
    check_primary,
    check_upgrade,
    wrong_state,
)
from lab.cloud.elasticache.group import Group
from lab.cloud.elasticache.reboots import RebootState
from lab.cloud.runtime import RUNTIME, later

HOME = "us-east-1"  # global datastores are kept in this Region's backend; every Region shows them
UNKNOWN_PREFIX = "zzzzz"  # where the guide's table has none


class GlobalDatastores(RebootState):
    """Global datastores of an account, the same from every Region, and what their members may not do alone."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.lab_datastores: dict[str, GlobalDatastore] = {}

    @property
    def datastores(self) -> dict[str, GlobalDatastore]:
        found: dict[str, GlobalDatastore] = self.home.lab_datastores
        return found

    @property
    def home(self) -> Any:
        return elasticache_backends[self.account_id][HOME]

    def datastore(self, identifier: str) -> GlobalDatastore:
        found = self.datastores.get(identifier.lower())
        if found is None:
            raise elasticache_error(
                "GlobalReplicationGroupNotFoundFault", f"Global Replication Group {identifier} does not exist."
            )
        return found

    def settled(self, identifier: str) -> GlobalDatastore:
        """A global datastore that may be changed now."""
        found = self.datastore(identifier)
        if found.status not in {"available", "primary-only"}:
            raise wrong_state(f"Global Replication Group {found.identifier} is {found.status}.")
        return found

    def backend_of(self, store: GlobalDatastore, group: Group) -> Any:
        return elasticache_backends[self.account_id][store.region_of(group)]

    def describe_datastores(self, given: dict[str, Any]) -> list[dict[str, Any]]:
        name, with_members = given.get("GlobalReplicationGroupId"), bool(given.get("ShowMemberInfo"))
        found = [self.datastore(name)] if name else list(self.datastores.values())
        return [each.shown(with_members=with_members) for each in found]

    # --- tags: an ARN without a Region is the same everywhere

    def tag(self, arn: str, tags: list[dict[str, str]] | None) -> None:
        if self._is_elsewhere(arn):
            self.home.tag(arn, tags)
        else:
            super().tag(arn, tags)

    def untag(self, arn: str, keys: list[str]) -> None:
        if self._is_elsewhere(arn):
            self.home.untag(arn, keys)
        else:
            super().untag(arn, keys)

    def tags_of(self, arn: str) -> list[dict[str, str]]:
        found: list[dict[str, str]] = self.home.tags_of(arn) if self._is_elsewhere(arn) else super().tags_of(arn)
        return found

    def _is_elsewhere(self, arn: str) -> bool:
        return ":globalreplicationgroup:" in arn and self.region_name != HOME

    # --- create, delete

    def make_datastore(self, given: dict[str, Any]) -> dict[str, Any]:
        """The primary is there already; the name gets the Region's prefix, and so is one of its own everywhere."""
        with RUNTIME.lock:
            group = self.group(given["PrimaryReplicationGroupId"])
            require_available(group)
            identifier = f"{PREFIXES.get(self.region_name, UNKNOWN_PREFIX)}-{given['GlobalReplicationGroupIdSuffix']}"
            identifier = identifier.lower()
            if identifier in self.datastores:
                raise elasticache_error(
                    "GlobalReplicationGroupAlreadyExistsFault", f"Global Replication Group {identifier} already exists."
                )
            check_primary(group)
            store = GlobalDatastore(
                identifier=identifier,
                arn=f"arn:aws:elasticache::{self.account_id}:globalreplicationgroup:{identifier}",
                description=given.get("GlobalReplicationGroupDescription") or " ",
                primary=group,
                regions={group.arn: self.region_name},
                members=[group],
                statuses={group.arn: "associating"},
            )
            self.datastores[identifier] = store
            self.tag(store.arn, given.get("Tags"))
            group.settings["AutoMinorVersionUpgrade"] = False  # of every member (terraform-aws-elasticache #7)
            answer = store.shown()
        later(RUNTIME.delays.creating_s, None, lambda: self._associated(store, group), f"create {identifier}")
        return answer

    def _associated(self, store: GlobalDatastore, group: Group) -> None:
        store.statuses[group.arn] = "associated"
        store.tell_roles()
        self._rest(store)

    @staticmethod
    def _rest(store: GlobalDatastore) -> None:
        store.status = "available" if store.secondaries else "primary-only"

    def drop_datastore(self, identifier: str, *, retain_primary: bool) -> dict[str, Any]:
        """Two steps: first every secondary is disassociated; the primary stays (API reference)."""
        with RUNTIME.lock:
            store = self.settled(identifier)
            if not retain_primary:
                raise invalid_value("RetainPrimaryReplicationGroup must be true: the primary is never deleted with it.")
            if store.secondaries:
                raise wrong_state(
                    f"Global Replication Group {store.identifier} has secondaries: disassociate them first."
                )
            store.status = "deleting"
            answer = store.shown()
        later(RUNTIME.delays.deleting_s, None, lambda: self._datastore_gone(store), f"delete {store.identifier}")
        return answer

    def _datastore_gone(self, store: GlobalDatastore) -> None:
        store.primary.global_info = None
        self.datastores.pop(store.identifier, None)
        self.home.lab_tags.pop(store.arn, None)

    # --- members come and go

    def inherit(self, given: dict[str, Any]) -> dict[str, Any]:
        """A secondary is born as one, empty, and takes from the primary what it may not say."""
        name = given.get("GlobalReplicationGroupId")
        if not name:
            return super().inherit(given)
        store = self.settled(name)
        check_joining(store, self.region_name, given)
        primary = store.primary
        taken = {key: primary.settings[key] for key in OF_PRIMARY if primary.settings.get(key) is not None}
        made = {**given, **taken, "ClusterMode": primary.mode, "NumNodeGroups": len(primary.shards)}
        if primary.mode == "enabled" and not made.get("NodeGroupConfiguration"):
            made["NodeGroupConfiguration"] = [
                {"NodeGroupId": shard.shard_id, "Slots": shard.slots} for shard in primary.shards
            ]
        source, held = self.backend_of(store, primary), primary.settings["CacheParameterGroupName"]
        copied = self.copy_parameters(source, held, store, given["ReplicationGroupId"])
        return {**made, "CacheParameterGroupName": copied, "AutoMinorVersionUpgrade": False}

    def joined(self, group: Group) -> None:
        super().joined(group)
        if name := group.settings.get("GlobalReplicationGroupId"):
            store = self.datastore(name)
            group.without_processes = f"a secondary of the global datastore {store.identifier}"
            store.regions[group.arn] = self.region_name
            store.members.append(group)
            store.statuses[group.arn], store.status = "associating", "modifying"
            store.tell_roles()

    def _group_available(self, group: Group, snapshot: str | None) -> None:
        super()._group_available(group, snapshot)
        if store := self.datastore_of(group):
            self._associated(store, group)

    def datastore_of(self, group: Group) -> GlobalDatastore | None:
        """What a group is a member of, if anything."""
        return next((each for each in self.datastores.values() if group in each.members), None)

    def copy_parameters(self, source: GlobalDatastores, name: str, store: GlobalDatastore, group_id: str) -> str:
        """A parameter group of another Region, for a member here; what is changed there is changed here, too.

        User guide: "Parameter updates are applied to all clusters when you modify a local parameter group".
        """
        found = source.parameter_group(name)
        if name.startswith("default."):
            return name
        made = f"global-datastore-{store.identifier}-{group_id}".lower()
        arn = self.arn("parametergroup", made)
        self.parameter_groups[made] = {**found, "CacheParameterGroupName": made, "IsGlobal": True, "ARN": arn}
        self.tag(arn, None)
        return made

    def disassociate(self, given: dict[str, Any]) -> dict[str, Any]:
        """A secondary becomes a group of its own, with the data that it has."""
        with RUNTIME.lock:
            store = self.settled(given["GlobalReplicationGroupId"])
            group = self._member(store, given["ReplicationGroupId"], given["ReplicationGroupRegion"])
            if group is store.primary:
                raise invalid_value(f"{group.group_id} is the primary of {store.identifier}; delete the datastore.")
            store.statuses[group.arn], store.status = "disassociating", "modifying"
            answer = store.shown()
        later(RUNTIME.delays.modifying_s, None, lambda: self._left(store, group), f"detach {group.group_id}")
        return answer

    def _member(self, store: GlobalDatastore, group_id: str, region: str) -> Group:
        for member in store.members:
            if (member.group_id, store.region_of(member)) == (group_id.lower(), region):
                return member
        raise invalid_value(f"Replication group {group_id} of {region} is no member of {store.identifier}.")

    def _left(self, store: GlobalDatastore, group: Group) -> None:
        if group in store.members:
            store.members.remove(group)
            del store.statuses[group.arn], store.regions[group.arn]
            group.global_info = None
        self._rest(store)

    def _forget_group(self, group: Group, final: Any) -> None:
        """The copy of the primary's parameters goes with the group that it was made for."""
        super()._forget_group(group, final)
        held = group.settings["CacheParameterGroupName"]
        if self.parameter_group(held).get("IsGlobal"):
            self.parameter_groups.pop(held, None)

    def leaving(self, group: Group) -> None:
        """API reference: "It can only be deleted when it no longer is associated with any Global Datastore"."""
        super().leaving(group)
        if store := self.datastore_of(group):
            raise elasticache_error(
                "InvalidReplicationGroupStateFault",
                f"Cluster [{group.group_id}] is part of a global cluster [{store.identifier}]. Request rejected.",
            )

    # --- what members may not change alone

    def modify_group(self, given: dict[str, Any]) -> dict[str, Any]:
        with RUNTIME.lock:
            group = self.group(given["ReplicationGroupId"])
            if ONLY_GLOBALLY & set(given) or self._is_secondary_changing(group, given):
                self._refuse_member(group)
        return super().modify_group(given)

    @staticmethod
    def _is_secondary_changing(group: Group, given: dict[str, Any]) -> bool:
        """A secondary's parameters come from the primary."""
        role = (group.global_info or {}).get("GlobalReplicationGroupMemberRole")
        return role == "SECONDARY" and "CacheParameterGroupName" in given

    def reshard(self, given: dict[str, Any]) -> dict[str, Any]:
        with RUNTIME.lock:
            self._refuse_member(self.group(given["ReplicationGroupId"]))
        return super().reshard(given)

    def _refuse_member(self, group: Group) -> None:
        if store := self.datastore_of(group):
            raise invalid_value(
                f"Cluster [{group.group_id}] is part of a global cluster [{store.identifier}]. Request rejected."
            )

    # --- change of all members

    def modify_datastore(self, given: dict[str, Any]) -> dict[str, Any]:
        with RUNTIME.lock:
            store = self._changing(given)
            name = given.get("CacheParameterGroupName")
            changes = {key: given[key] for key in ONLY_GLOBALLY - {"ClusterMode"} if key in given}
            check_upgrade(store, changes, name)
            for member in store.members:
                moves.check_move(member, {**member.settings, **changes})
            if name:
                checks.check_parameter_group(
                    self.parameter_group(name), {**store.primary.settings, **changes}, store.primary.mode
                )
            store.description = given.get("GlobalReplicationGroupDescription") or store.description
            store.status = "modifying"
            answer = store.shown()
        done = lambda: self._changed(store, changes, name)  # noqa: E731
        later(RUNTIME.delays.modifying_s, None, done, f"modify {store.identifier}")
        return answer

    def _changing(self, given: dict[str, Any]) -> GlobalDatastore:
        """What is to be changed: settled, with every member available."""
        if not given["ApplyImmediately"]:
            raise invalid_value("ApplyImmediately must be true: global datastores have no maintenance window.")
        store = self.settled(given["GlobalReplicationGroupId"])
        for member in store.members:
            require_available(member)
        return store

    def _changed(self, store: GlobalDatastore, changes: dict[str, Any], name: str | None) -> None:
        for member in store.members:
            member.settings.update(changes)
            if name:
                there = self.backend_of(store, member)
                member.settings["CacheParameterGroupName"] = there.copy_parameters(self, name, store, member.group_id)
        self._rest(store)

    def reshard_datastore(self, given: dict[str, Any], *, more: bool) -> dict[str, Any]:
        """Shards of every member, added or removed; who goes is said when there are to be fewer."""
        with RUNTIME.lock:
            store = self._changing(given)
            now, count = len(store.primary.shards), int(given["NodeGroupCount"])
            if (count > now) != more or count == now:
                raise invalid_value(f"NodeGroupCount must be {'more' if more else 'less'} than {now}, got {count}.")
            prefix = f"{store.identifier}-"
            chosen = {
                key: [name.removeprefix(prefix) for name in given[f"Global{key}"]]
                for key in ("NodeGroupsToRemove", "NodeGroupsToRetain")
                if given.get(f"Global{key}")
            }
            zones = {
                (item["ReplicationGroupId"].lower(), item["ReplicationGroupRegion"]): item["ReshardingConfiguration"]
                for item in given.get("RegionalConfigurations") or []
            }
            for member in store.members:
                there = self.backend_of(store, member)
                asked = {
                    "ReplicationGroupId": member.group_id,
                    "NodeGroupCount": count,
                    "ApplyImmediately": True,
                    **chosen,
                }
                if own := zones.get((member.group_id, store.region_of(member))):
                    asked["ReshardingConfiguration"] = own
                RebootState.reshard(there, asked)
            store.status = "modifying"
            answer = store.shown()
        later(RUNTIME.delays.modifying_s, None, lambda: self._rest(store), f"reshard {store.identifier}")
        return answer

    def rebalance_datastore(self, given: dict[str, Any]) -> dict[str, Any]:
        """Slots spread evenly over the shards of every member: the same count, asked again."""
        with RUNTIME.lock:
            store = self._changing(given)
            for member in store.members:
                asked = {"NodeGroupCount": len(member.shards), "ReplicationGroupId": member.group_id}
                RebootState.reshard(self.backend_of(store, member), {**asked, "ApplyImmediately": True})
            store.status = "modifying"
            answer = store.shown()
        later(RUNTIME.delays.modifying_s, None, lambda: self._rest(store), f"rebalance {store.identifier}")
        return answer

    # --- another Region becomes the primary

    def failover_datastore(self, given: dict[str, Any]) -> dict[str, Any]:
        """API reference: "The secondary region will become primary, and all other clusters will become secondary"."""
        with RUNTIME.lock:
            store = self.settled(given["GlobalReplicationGroupId"])
            target = self._member(store, given["PrimaryReplicationGroupId"], given["PrimaryRegion"])
            if target is store.primary:
                raise invalid_value(f"{target.group_id} of {store.region_of(target)} is the primary already.")
            require_available(target)
            if self.serves(store.primary):
                raise NotImplementedError(
                    f"not modelled by the embedded AWS: the servers of {store.primary.group_id} run in "
                    f"{store.region_of(store.primary)} and cannot move to another Region"
                )
            store.status = "modifying"
            answer = store.shown()
        later(RUNTIME.delays.failing_over_s, None, lambda: self._moved(store, target), f"move {store.identifier}")
        return answer

    def _moved(self, store: GlobalDatastore, target: Group) -> None:
        store.primary = target
        store.tell_roles()
        self._rest(store)
        for member in store.members:
            text = f"Global Replication Group {store.identifier} failed over to {store.region_of(target)}"
            self.backend_of(store, member).tell("replication-group", member.group_id, text)


def without_processes(region: str, group_id: str, account: str = ACCOUNT_ID) -> str:
    """Why no servers run for a group; empty where they may."""
    found = elasticache_backends[account][region].groups.get(group_id)
    return str(found.without_processes) if found else ""
