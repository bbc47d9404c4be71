"""The ElastiCache backend: everything that one account has in one Region."""

from __future__ import annotations

from lab.cloud.elasticache.auth_tokens import AuthTokens
from lab.cloud.elasticache.global_datastores import GlobalDatastores
from lab.cloud.elasticache.memcached import MemcachedClusters
from lab.cloud.elasticache.reboots import RebootState
from lab.cloud.elasticache.serverless import ServerlessCaches


class CacheBackend(MemcachedClusters, ServerlessCaches, AuthTokens, GlobalDatastores, RebootState):
    """Its parts, each in a module of its own.

    Replication groups: `creation`, `failover`, `modification`, `replicas`, `resharding`, `snapshots`, `reboots`, one
    upon the other. A part that hooks into them (`inherit`, `joined`, `leaving`, `change_auth_token`) stands before
    them in the list of bases.
    """

    def users_of(self, setting: str, name: str) -> list[str]:
        """Groups and Memcached clusters that a setting of theirs names."""
        groups = [group.group_id for group in self.groups.values() if group.settings.get(setting) == name.lower()]
        return groups + self.memcached_using(setting, name)
