"""What the ElastiCache backend's parts share: names, tags, events and the two kinds of small groups."""

from __future__ import annotations

import datetime as dt
import hashlib
from typing import Any

from moto.ec2.models import ec2_backends
from moto.elasticache.models import ElastiCacheBackend
from moto.kms.models import kms_backends

from lab.cloud.awserrors import elasticache_error, invalid_value
from lab.cloud.elasticache.group import Group
from lab.cloud.elasticache.notices import pass_on
from lab.cloud.runtime import RUNTIME
from lab.plane import NoPlane

_SHORT = {"north": "n", "south": "s", "east": "e", "west": "w", "central": "c"}


def short_region(region: str) -> str:
    """`euw1` of `eu-west-1`, as ElastiCache's endpoint names have it."""
    area, *middle, number = region.split("-")
    word = "".join(middle)
    for long, letter in _SHORT.items():
        word = word.replace(long, letter)
    return f"{area}{word}{number}"


class CacheState(ElastiCacheBackend):  # type: ignore[misc]
    """moto's backend with stores of our own; moto's stay for stand-alone cache clusters."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        digest = hashlib.sha256(f"{account_id}{region_name}cache".encode()).hexdigest()[:6]
        self.domain = f"{digest}.{short_region(region_name)}.cache.test"
        self.lab_tags: dict[str, dict[str, str]] = {}
        self.lab_events: list[dict[str, Any]] = []
        self.parameter_groups: dict[str, dict[str, Any]] = {}
        self.subnet_groups: dict[str, dict[str, Any]] = {}

    def arn(self, kind: str, name: str) -> str:
        return f"arn:aws:elasticache:{self.region_name}:{self.account_id}:{kind}:{name}"

    # --- tags

    def tag(self, arn: str, tags: list[dict[str, str]] | None) -> None:
        held = self.lab_tags.setdefault(arn, {})
        held.update({item["Key"]: item.get("Value", "") for item in tags or []})

    def untag(self, arn: str, keys: list[str]) -> None:
        for key in keys:
            self.lab_tags.get(arn, {}).pop(key, None)

    def tags_of(self, arn: str) -> list[dict[str, str]]:
        if arn not in self.lab_tags:
            raise elasticache_error("InvalidARNFault", f"ARN {arn} does not exist.")
        return [{"Key": key, "Value": value} for key, value in self.lab_tags[arn].items()]

    # --- events

    def tell(self, source_type: str, source: str, message: str) -> None:
        self.lab_events.append(
            {
                "SourceIdentifier": source,
                "SourceType": source_type,
                "Message": message,
                "Date": dt.datetime.now(dt.UTC),
            }
        )
        pass_on(self, self.lab_events[-1])

    def events(self, given: dict[str, Any]) -> list[dict[str, Any]]:
        """Events of the last `Duration` minutes (60), newest first, as ElastiCache lists them."""
        now = dt.datetime.now(dt.UTC)
        since = given.get("StartTime") or now - dt.timedelta(minutes=given.get("Duration") or 60)
        until = given.get("EndTime") or now
        wanted = (given.get("SourceIdentifier"), given.get("SourceType"))
        return [
            event
            for event in reversed(self.lab_events)
            if _aware(since) <= event["Date"] <= _aware(until)
            and wanted[0] in {None, event["SourceIdentifier"]}
            and wanted[1] in {None, event["SourceType"]}
        ]

    # --- parameter groups

    def make_parameter_group(self, given: dict[str, Any]) -> dict[str, Any]:
        name = given["CacheParameterGroupName"].lower()
        if name in self.parameter_groups:
            raise elasticache_error(
                "CacheParameterGroupAlreadyExistsFault", f"Cache parameter group {name} already exists."
            )
        group = {
            "CacheParameterGroupName": name,
            "CacheParameterGroupFamily": given["CacheParameterGroupFamily"],
            "Description": given["Description"],
            "IsGlobal": False,
            "ARN": self.arn("parametergroup", name),
        }
        self.parameter_groups[name] = {**group, "parameters": {}}
        self.tag(group["ARN"], given.get("Tags"))
        return group

    def parameter_group(self, name: str) -> dict[str, Any]:
        """A group by name; those called `default.*` are always there."""
        found = self.parameter_groups.get(name.lower())
        if found is None and name.startswith("default."):
            family = name.removeprefix("default.").split(".cluster")[0]
            return {"CacheParameterGroupName": name, "CacheParameterGroupFamily": family, "parameters": {}}
        if found is None:
            raise elasticache_error("CacheParameterGroupNotFoundFault", f"CacheParameterGroup {name} not found.")
        return found

    def drop_parameter_group(self, name: str, used_by: list[str]) -> None:
        group = self.parameter_group(name)
        if used_by:
            raise elasticache_error(
                "InvalidCacheParameterGroupStateFault", f"One or more cache clusters are still members of {name}."
            )
        self.parameter_groups.pop(group["CacheParameterGroupName"], None)

    # --- subnet groups

    def make_subnet_group(self, given: dict[str, Any]) -> dict[str, Any]:
        name = given["CacheSubnetGroupName"].lower()
        if name in self.subnet_groups:
            raise elasticache_error("CacheSubnetGroupAlreadyExistsFault", f"Cache subnet group {name} already exists.")
        group = {"CacheSubnetGroupName": name, "ARN": self.arn("subnetgroup", name)}
        self._fill_subnet_group(group, given)
        self.subnet_groups[name] = group
        self.tag(str(group["ARN"]), given.get("Tags"))
        return group

    def _fill_subnet_group(self, group: dict[str, Any], given: dict[str, Any]) -> None:
        if "CacheSubnetGroupDescription" in given:
            group["CacheSubnetGroupDescription"] = given["CacheSubnetGroupDescription"]
        if "SubnetIds" in given:
            subnets = [self._subnet(subnet_id) for subnet_id in given["SubnetIds"]]
            group["VpcId"] = subnets[0].vpc_id
            group["Subnets"] = [
                {
                    "SubnetIdentifier": subnet.id,
                    "SubnetAvailabilityZone": {"Name": subnet.availability_zone},
                    "SupportedNetworkTypes": _networks(subnet),
                }
                for subnet in subnets
            ]
            group["SupportedNetworkTypes"] = [
                kind for kind in _networks(subnets[0]) if all(kind in _networks(subnet) for subnet in subnets)
            ]

    def _subnet(self, subnet_id: str) -> Any:
        try:
            return ec2_backends[self.account_id][self.region_name].get_subnet(subnet_id)
        except Exception as error:
            raise elasticache_error("InvalidSubnet", f"Subnet {subnet_id} does not exist.") from error

    def subnet_group(self, name: str) -> dict[str, Any]:
        found = self.subnet_groups.get(name.lower())
        if found is None:
            raise elasticache_error("CacheSubnetGroupNotFoundFault", f"CacheSubnetGroup {name} not found.")
        return found

    def modify_subnet_group(self, given: dict[str, Any]) -> dict[str, Any]:
        group = self.subnet_group(given["CacheSubnetGroupName"])
        self._fill_subnet_group(group, given)
        return group

    def drop_subnet_group(self, name: str, used_by: list[str]) -> None:
        group = self.subnet_group(name)
        if used_by:
            raise elasticache_error("CacheSubnetGroupInUse", f"Cache subnet group {name} is in use by {used_by[0]}.")
        del self.subnet_groups[group["CacheSubnetGroupName"]]

    # --- keys and networks

    def key_arn(self, key: str) -> str:
        try:
            return str(kms_backends[self.account_id][self.region_name].describe_key(key).arn)
        except Exception as error:
            raise elasticache_error("InvalidKMSKeyFault", f"KMS key {key} does not exist.") from error

    def check_security_groups(self, group_ids: list[str]) -> None:
        for group_id in group_ids:
            if ec2_backends[self.account_id][self.region_name].get_security_group_from_id(group_id) is None:
                raise invalid_value(f"Invalid security group: {group_id}")

    @staticmethod
    def serves(group: Group | None = None) -> bool:
        """Caches have processes wherever there are processes at all, but for groups that go without."""
        return not isinstance(RUNTIME.plane, NoPlane) and (group is None or not group.without_processes)


def _networks(subnet: Any) -> list[str]:
    """Kinds of network that a subnet can hold (Subnet.SupportedNetworkTypes)."""
    if getattr(subnet, "ipv6_native", False):
        return ["ipv6"]
    return ["ipv4", "dual_stack"] if subnet.ipv6_cidr_block_associations else ["ipv4"]


def _aware(moment: dt.datetime) -> dt.datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
