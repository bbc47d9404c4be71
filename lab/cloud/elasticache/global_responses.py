"""Operations of global datastores."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.core.responses import ActionResult

if TYPE_CHECKING:
    from lab.cloud.elasticache.models import CacheBackend


class GlobalResponses:
    """Mixed into the service's response class, which has `cache` and `given`."""

    if TYPE_CHECKING:

        @property
        def cache(self) -> CacheBackend: ...

        @property
        def given(self) -> dict[str, Any]: ...

        def paged(self, key: str, found: list[Any]) -> ActionResult: ...

    def create_global_replication_group(self) -> ActionResult:
        return _answer(self.cache.make_datastore(self.given))

    def describe_global_replication_groups(self) -> ActionResult:
        return self.paged("GlobalReplicationGroups", self.cache.describe_datastores(self.given))

    def modify_global_replication_group(self) -> ActionResult:
        return _answer(self.cache.modify_datastore(self.given))

    def delete_global_replication_group(self) -> ActionResult:
        retain = bool(self.given["RetainPrimaryReplicationGroup"])
        return _answer(self.cache.drop_datastore(self.given["GlobalReplicationGroupId"], retain_primary=retain))

    def disassociate_global_replication_group(self) -> ActionResult:
        return _answer(self.cache.disassociate(self.given))

    def failover_global_replication_group(self) -> ActionResult:
        return _answer(self.cache.failover_datastore(self.given))

    def increase_node_groups_in_global_replication_group(self) -> ActionResult:
        return _answer(self.cache.reshard_datastore(self.given, more=True))

    def decrease_node_groups_in_global_replication_group(self) -> ActionResult:
        return _answer(self.cache.reshard_datastore(self.given, more=False))

    def rebalance_slots_in_global_replication_group(self) -> ActionResult:
        return _answer(self.cache.rebalance_datastore(self.given))


def _answer(datastore: dict[str, Any]) -> ActionResult:
    return ActionResult({"GlobalReplicationGroup": datastore})
