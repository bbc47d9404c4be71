"""Serverless caches and their snapshots. There are no processes behind them: `lab status` says control plane only."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

from lab.cloud.awserrors import elasticache_error, invalid_combination, invalid_value
from lab.cloud.client import client
from lab.cloud.elasticache.access import AccessState
from lab.cloud.elasticache.destinations import check_bucket, check_granted, export_to
from lab.cloud.elasticache.serverless_settings import (
    CACHES_PER_REGION,
    CHANGEABLE,
    MEMCACHED,
    PORTS,
    SNAPSHOTS_PER_DAY,
    SUBNETS,
    TAKEN,
    VERSIONS,
    check_engine,
    check_known,
    check_move,
    check_values,
)
from lab.cloud.runtime import RUNTIME, later

SOURCE = "serverless-cache"
SNAPSHOT_SOURCE = "serverless-cache-snapshot"
ALL_BY_NAME = frozenset({"ServerlessCacheName", "RemoveUserGroup"})


class ServerlessCaches(AccessState):
    """Create, modify, delete and describe serverless caches, and take, copy and delete their snapshots."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.serverless: dict[str, dict[str, Any]] = {}
        self.serverless_snapshots: dict[str, dict[str, Any]] = {}
        self.taken: list[tuple[dt.datetime, str]] = []  # when a snapshot was taken, and of which cache

    def serverless_cache(self, name: str) -> dict[str, Any]:
        found = self.serverless.get(name.lower())
        if found is None:
            raise elasticache_error("ServerlessCacheNotFoundFault", f"Serverless cache {name} not found.")
        return found

    # --- create

    def make_serverless(self, given: dict[str, Any]) -> dict[str, Any]:
        check_known("CreateServerlessCache", given, TAKEN)
        with RUNTIME.lock:
            cache = self._new_serverless(dict(given))
            self.serverless[cache["ServerlessCacheName"]] = cache
            self.tag(cache["ARN"], given.get("Tags"))
            self._attach(cache, cache["UserGroupId"])
            answer = dict(cache)
        available = lambda: self._serverless_available(cache, "created")  # noqa: E731
        later(RUNTIME.delays.creating_s, None, available, f"serverless cache {cache['ServerlessCacheName']}")
        return answer

    def _new_serverless(self, given: dict[str, Any]) -> dict[str, Any]:
        name = given["ServerlessCacheName"].lower()
        if name in self.serverless:
            raise elasticache_error("ServerlessCacheAlreadyExistsFault", f"Serverless cache {name} already exists.")
        if len(self.serverless) >= CACHES_PER_REGION:
            text = f"More than {CACHES_PER_REGION} serverless caches."
            raise elasticache_error("ServerlessCacheQuotaForCustomerExceededFault", text)
        check_engine(given)
        check_values(given)
        self.check_security_groups(given.get("SecurityGroupIds", []))
        self._check_subnets(given.get("SubnetIds", []))
        for arn in given.get("SnapshotArnsToRestore", []):
            self._check_origin(given["Engine"], arn)
        engine, version = given["Engine"], given["MajorEngineVersion"]
        key = given.get("KmsKeyId")
        return {
            "ServerlessCacheName": name,
            "Description": given.get("Description", ""),
            "CreateTime": dt.datetime.now(dt.UTC),
            "Status": "creating",
            "Engine": engine,
            "MajorEngineVersion": version,
            "FullEngineVersion": VERSIONS[engine][version],
            "CacheUsageLimits": given.get("CacheUsageLimits"),
            "KmsKeyId": self.key_arn(key) if key else None,
            "StorageEncryptionType": "sse-kms" if key else "sse-elasticache",
            "SecurityGroupIds": list(given.get("SecurityGroupIds", [])),
            "ARN": self.arn("serverlesscache", name),
            "UserGroupId": self._user_group_for(engine, given["UserGroupId"]) if given.get("UserGroupId") else None,
            "SubnetIds": list(given.get("SubnetIds", [])),
            "SnapshotRetentionLimit": given.get("SnapshotRetentionLimit", 0),
            "DailySnapshotTime": given.get("DailySnapshotTime"),
            "NetworkType": given.get("NetworkType", "ipv4"),
            "ConnectionType": given.get("ConnectionType", "vpc"),
        }

    def _check_subnets(self, subnet_ids: list[str]) -> None:
        """Two or three, of one VPC, each in a zone of its own (user guide, "Create a serverless cache")."""
        if not subnet_ids:
            return
        subnets = [self._subnet(subnet_id) for subnet_id in subnet_ids]
        zones = {subnet.availability_zone for subnet in subnets}
        if not SUBNETS[0] <= len(subnets) <= SUBNETS[1] or len(zones) < len(subnets):
            raise invalid_value("SubnetIds must be 2 or 3 subnets in different Availability Zones.")
        if len({subnet.vpc_id for subnet in subnets}) > 1:
            raise invalid_value("All SubnetIds must belong to the same VPC.")

    def _check_origin(self, engine: str, arn: str) -> None:
        """A snapshot that is there and available, or an object in S3; Memcached takes its own snapshots alone."""
        if arn.startswith("arn:aws:s3:::") and engine != MEMCACHED:
            bucket, _, key = arn.removeprefix("arn:aws:s3:::").partition("/")
            self._check_object(bucket, key)
            return
        held = {snapshot["ARN"]: snapshot for snapshot in self.serverless_snapshots.values()}
        held |= {} if engine == MEMCACHED else {each["ARN"]: each for each in self._snapshots_of_nodes()}
        if arn not in held:
            raise invalid_value(f"The snapshot {arn} does not exist or can't be restored here.")
        source = held[arn].get("ServerlessCacheConfiguration", held[arn])["Engine"]
        if (source == MEMCACHED) != (engine == MEMCACHED):
            raise invalid_combination(f"A snapshot of {source} can't be restored to {engine}.")

    def _snapshots_of_nodes(self) -> list[dict[str, Any]]:
        return [each.shown for each in getattr(self, "lab_snapshots", {}).values()]

    def _check_object(self, bucket: str, key: str) -> None:
        try:
            client("s3", self.region_name, self.account_id).head_object(Bucket=bucket, Key=key)
        except Exception as error:
            raise invalid_value(f"The object {key} of bucket {bucket} can't be read.") from error

    def _user_group_for(self, engine: str, group_id: str) -> str:
        """A group that the engine may have: Redis OSS none of Valkey's, Memcached none (user guide, RBAC)."""
        if engine == MEMCACHED:
            raise invalid_combination("UserGroupId is not supported for Memcached.")
        group = self.user_group(group_id)
        if group["Status"] != "active":
            raise elasticache_error("InvalidUserGroupStateFault", f"User group {group_id} is {group['Status']}.")
        if engine == "redis" and group["Engine"] != "redis":
            raise invalid_combination(f"User group {group_id} of engine {group['Engine']} can't be used with redis.")
        return str(group["UserGroupId"])

    def _attach(self, cache: dict[str, Any], group_id: str | None) -> None:
        name = cache["ServerlessCacheName"]
        for group in self.lab_user_groups.values():
            kept = [each for each in group["ServerlessCaches"] if each != name]
            group["ServerlessCaches"] = [*kept, name] if group["UserGroupId"] == group_id else kept

    def _serverless_available(self, cache: dict[str, Any], what: str) -> None:
        name, (port, reader_port) = cache["ServerlessCacheName"], PORTS[cache["Engine"]]
        digest, _, rest = self.domain.partition(".")
        address = f"{name}-{digest}.serverless.{rest}"
        cache["Endpoint"] = {"Address": address, "Port": port}
        if cache["Engine"] != MEMCACHED:
            cache["ReaderEndpoint"] = {"Address": address, "Port": reader_port}
        cache["Status"] = "available"
        self.tell(SOURCE, name, f"Serverless cache {name} {what}")

    # --- change

    def modify_serverless(self, given: dict[str, Any]) -> dict[str, Any]:
        check_known("ModifyServerlessCache", given, CHANGEABLE | ALL_BY_NAME)
        with RUNTIME.lock:
            cache = self.serverless_cache(given["ServerlessCacheName"])
            _require_available(cache)
            check_move(cache, given)
            check_values(given)
            self.check_security_groups(given.get("SecurityGroupIds", []))
            engine = given.get("Engine", cache["Engine"]).lower()
            if given.get("UserGroupId"):
                given = given | {"UserGroupId": self._user_group_for(engine, given["UserGroupId"])}
            self._change(cache, given | ({"Engine": engine} if "Engine" in given else {}))
            cache["Status"] = "modifying"
            answer = dict(cache)
        available = lambda: self._serverless_available(cache, "modified")  # noqa: E731
        later(RUNTIME.delays.modifying_s, None, available, f"modify {cache['ServerlessCacheName']}")
        return answer

    def _change(self, cache: dict[str, Any], given: dict[str, Any]) -> None:
        limits = {**(cache["CacheUsageLimits"] or {}), **(given.get("CacheUsageLimits") or {})}
        cache.update({key: value for key, value in given.items() if key in CHANGEABLE})
        cache["CacheUsageLimits"] = limits or None
        cache["FullEngineVersion"] = VERSIONS[cache["Engine"]][cache["MajorEngineVersion"]]
        if given.get("RemoveUserGroup"):
            cache["UserGroupId"] = None
        self._attach(cache, cache["UserGroupId"])

    # --- delete

    def drop_serverless(self, given: dict[str, Any]) -> dict[str, Any]:
        with RUNTIME.lock:
            cache = self.serverless_cache(given["ServerlessCacheName"])
            _require_available(cache)
            if final := given.get("FinalSnapshotName"):
                self.take_serverless_snapshot({"ServerlessCacheSnapshotName": final}, cache)
            cache["Status"] = "deleting"
            answer = dict(cache)
        later(RUNTIME.delays.deleting_s, None, lambda: self._forget_serverless(cache), "delete serverless cache")
        return answer

    def _forget_serverless(self, cache: dict[str, Any]) -> None:
        self._attach(cache, None)
        self.serverless.pop(cache["ServerlessCacheName"], None)
        self.tell(SOURCE, cache["ServerlessCacheName"], f"Serverless cache {cache['ServerlessCacheName']} deleted")

    # --- snapshots

    def serverless_snapshot(self, name: str) -> dict[str, Any]:
        found = self.serverless_snapshots.get(name.lower())
        if found is None:
            text = f"Serverless cache snapshot {name} not found."
            raise elasticache_error("ServerlessCacheSnapshotNotFoundFault", text)
        return found

    def take_serverless_snapshot(self, given: dict[str, Any], cache: dict[str, Any]) -> dict[str, Any]:
        """A snapshot of a cache that is available; 24 a day of each (quotas page)."""
        name = cache["ServerlessCacheName"]
        with RUNTIME.lock:
            _require_available(cache)
            day_ago = dt.datetime.now(dt.UTC) - dt.timedelta(days=1)
            self.taken = [(when, what) for when, what in self.taken if when > day_ago]
            if sum(what == name for _, what in self.taken) >= SNAPSHOTS_PER_DAY:
                text = f"More than {SNAPSHOTS_PER_DAY} snapshots of {name} within 24 hours."
                raise elasticache_error("ServerlessCacheSnapshotQuotaExceededFault", text)
            configuration = {key: cache[key] for key in ("ServerlessCacheName", "Engine", "MajorEngineVersion")}
            key = given.get("KmsKeyId") or cache["KmsKeyId"]
            snapshot = self._keep(given["ServerlessCacheSnapshotName"], configuration, key, given.get("Tags"))
            self.taken.append((dt.datetime.now(dt.UTC), name))
            return snapshot

    def copy_serverless_snapshot(self, given: dict[str, Any]) -> dict[str, Any]:
        with RUNTIME.lock:
            source = self.serverless_snapshot(given["SourceServerlessCacheSnapshotName"])
            _require_available_snapshot(source)
            key = given.get("KmsKeyId") or source["KmsKeyId"]
            configuration = source["ServerlessCacheConfiguration"]
            return self._keep(given["TargetServerlessCacheSnapshotName"], configuration, key, given.get("Tags"))

    def _keep(
        self, name: str, configuration: dict[str, Any], key: str | None, tags: list[dict[str, str]] | None
    ) -> dict[str, Any]:
        name = name.lower()
        if name in self.serverless_snapshots:
            text = f"Serverless cache snapshot {name} already exists."
            raise elasticache_error("ServerlessCacheSnapshotAlreadyExistsFault", text)
        snapshot: dict[str, Any] = {
            "ServerlessCacheSnapshotName": name,
            "ARN": self.arn("serverlesscachesnapshot", name),
            "KmsKeyId": self.key_arn(key) if key else None,
            "SnapshotType": "manual",
            "Status": "creating",
            "CreateTime": dt.datetime.now(dt.UTC),
            "BytesUsedForCache": "0",
            "ServerlessCacheConfiguration": dict(configuration),
        }
        self.serverless_snapshots[name] = snapshot
        self.tag(snapshot["ARN"], tags)
        answer = dict(snapshot)
        later(RUNTIME.delays.creating_s, None, lambda: self._snapshot_available(snapshot), f"snapshot {name}")
        return answer

    def _snapshot_available(self, snapshot: dict[str, Any]) -> None:
        name = snapshot["ServerlessCacheSnapshotName"]
        snapshot["Status"] = "available"
        self.tell(SNAPSHOT_SOURCE, name, f"Snapshot {name} created")

    def export_serverless_snapshot(self, name: str, bucket: str) -> dict[str, Any]:
        """A file in a bucket of the Region; it says what it stands for. Its name on AWS is not documented."""
        with RUNTIME.lock:
            snapshot = self.serverless_snapshot(name)
            _require_available_snapshot(snapshot)
            check_bucket(self.account_id, self.region_name, bucket)
            check_granted(self.account_id, self.region_name, bucket)
            body = json.dumps({"snapshot": snapshot["ServerlessCacheSnapshotName"]}).encode()
            export_to(self.account_id, bucket, f"{snapshot['ServerlessCacheSnapshotName']}-0001.rdb", body)
            return dict(snapshot)

    def drop_serverless_snapshot(self, name: str) -> dict[str, Any]:
        with RUNTIME.lock:
            snapshot = self.serverless_snapshot(name)
            _require_available_snapshot(snapshot)
            snapshot["Status"] = "deleting"
            answer = dict(snapshot)
        forget = lambda: self._gone(self.serverless_snapshots, snapshot["ServerlessCacheSnapshotName"])  # noqa: E731
        later(RUNTIME.delays.deleting_s, None, forget, f"delete snapshot {name}")
        return answer

    def find_serverless_snapshots(self, given: dict[str, Any]) -> list[dict[str, Any]]:
        """All, one by its name, or those of one cache."""
        if name := given.get("ServerlessCacheSnapshotName"):
            return [self.serverless_snapshot(name)]
        cache, kind = given.get("ServerlessCacheName"), given.get("SnapshotType")
        return [
            snapshot
            for snapshot in self.serverless_snapshots.values()
            if cache in {None, snapshot["ServerlessCacheConfiguration"]["ServerlessCacheName"]}
            and kind in {None, snapshot["SnapshotType"]}
        ]


def _require_available(cache: dict[str, Any]) -> None:
    if cache["Status"] != "available":
        text = f"Serverless cache {cache['ServerlessCacheName']} is in state {cache['Status']}."
        raise elasticache_error("InvalidServerlessCacheStateFault", text)


def _require_available_snapshot(snapshot: dict[str, Any]) -> None:
    if snapshot["Status"] != "available":
        text = f"Serverless cache snapshot {snapshot['ServerlessCacheSnapshotName']} is {snapshot['Status']}."
        raise elasticache_error("InvalidServerlessCacheSnapshotStateFault", text)
