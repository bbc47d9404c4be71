"""One ElastiCache serverless cache: Valkey, Redis OSS or Memcached without nodes."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import aws_cdk as cdk
import jsii
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_elasticache as elasticache
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from constructs_lib.cache.publishers import publishers_of
from constructs_lib.cache.users import Users, key_services
from constructs_lib.foundation.cfn import apply_overrides, set_policies, warn_of_weak_choices
from constructs_lib.foundation.encryption import Encryption
from constructs_lib.foundation.metrics import service_metric
from constructs_lib.foundation.placement import Placement, define_security_group, imported, placement_in
from constructs_lib.foundation.reach import define_ingress
from estate.caches.serverless import ServerlessCacheSpec, UsageSpec, chosen_subnets

if TYPE_CHECKING:
    from aws_cdk import aws_cloudwatch as cloudwatch

    from constructs_lib.cache.watching import Watching

KEY_SERVICES = ("elasticache",)
GB = "GB"
DIMENSION = "clusterId"
"""What CloudWatch knows a serverless cache by; CDK's alpha construct writes `ServerlessCacheName` instead."""


@jsii.implements(ec2.IConnectable)
class ServerlessCache(Construct):
    """Define one serverless cache with its users and its key, behind a closed security group.

    It is always encrypted, on the way and at rest, here by a key of its own; only the spec's users log in, with IAM
    tokens (Memcached knows none). Nothing may connect until `allow_from` or `connections` lets it. CloudFormation has
    no snapshot policy for it: a final snapshot named `<identifier>-final` is taken when the cache is deleted.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        identifier: str,
        spec: ServerlessCacheSpec,
        vpc: ec2.IVpc | Placement,
        key: kms.IKey | None = None,
        retain: bool = True,
    ) -> None:
        super().__init__(scope, construct_id)
        self.identifier = identifier
        self.spec = spec
        self.port, self.reader_port = spec.ports
        self._given_key = key
        self.key_arn = key.key_arn if key else self._define_encryption(retain=retain).key_arn
        place = placement_in(vpc)
        self.cfn_security_group = define_security_group(self, vpc_id=place.vpc_id, description=f"{identifier}: cache")
        self.cfn_ingress = self._define_ingress()
        self.users = self._define_users(retain=retain)
        self.cfn_serverless_cache = self._define_cache(place)
        self.watching = self._define_watching()
        warn_of_weak_choices(self, spec)

    def _define_encryption(self, *, retain: bool) -> Encryption:
        self.encryption = Encryption(
            self,
            "Encryption",
            description=f"{self.identifier}: data and snapshots",
            publishers=publishers_of(self.spec.watch),
            services=key_services(self.spec.users, KEY_SERVICES),
            retain=retain,
        )
        return self.encryption

    def _define_watching(self) -> Watching | None:
        if self.spec.watch is None:
            return None
        from constructs_lib.cache.watching import let_publish, watch_serverless

        let_publish(self._given_key, self.spec.watch)
        return watch_serverless(
            self,
            identifier=self.identifier,
            spec=self.spec,
            key_arn=self.key_arn,
            cache=self.cfn_serverless_cache,
        )

    def _define_ingress(self) -> dict[int, dict[str, ec2.CfnSecurityGroupIngress]]:
        """Each source at each of the two ports; by the port, then by the source's name."""
        group_id, allow_from = self.cfn_security_group.attr_group_id, self.spec.allow_from
        return {
            port: define_ingress(scope, group_id=group_id, port=port, allow_from=allow_from)
            for port, scope in ((self.port, self), (self.reader_port, Construct(self, "Reads")))
        }

    def _define_users(self, *, retain: bool) -> Users | None:
        if self.spec.engine == "memcached":
            return None
        spec = self.spec
        return Users(
            self,
            "Users",
            identifier=self.identifier,
            engine=spec.user_engine,
            users=spec.users,
            key_arn=self.key_arn,
            retain=retain,
        )

    def _define_cache(self, place: Placement) -> elasticache.CfnServerlessCache:
        spec = self.spec
        cache = elasticache.CfnServerlessCache(
            self,
            "ServerlessCache",
            cache_usage_limits=usage_limits(spec.usage),
            daily_snapshot_time=spec.daily_snapshot_time,
            description=f"{self.identifier}: {spec.engine}",
            engine=spec.engine,
            final_snapshot_name=f"{self.identifier}-final",
            kms_key_id=self.key_arn,
            major_engine_version=spec.version,
            security_group_ids=[self.cfn_security_group.attr_group_id],
            serverless_cache_name=self.identifier,
            snapshot_arns_to_restore=list(spec.origin.snapshots) if spec.origin else None,
            snapshot_retention_limit=spec.snapshot_retention_days,
            subnet_ids=subnets(place),
            user_group_id=self.users.cfn_user_group.ref if self.users else None,
        )
        set_policies(cache, cdk.CfnDeletionPolicy.DELETE)
        apply_overrides(cache, spec.overrides)
        return cache

    @property
    def key(self) -> kms.IKey:
        """The key that was given, or the one made here."""
        return self._given_key or self.encryption.key

    @cached_property
    def security_group(self) -> ec2.ISecurityGroup:
        """The closed group as an L2."""
        return imported(self, self.cfn_security_group)

    @cached_property
    def connections(self) -> ec2.Connections:
        """Who may connect; its default port is the first of the two. `allow_from` opens both."""
        return ec2.Connections(security_groups=[self.security_group], default_port=ec2.Port.tcp(self.port))

    def allow_from(self, source: ec2.IConnectable, description: str) -> None:
        """Let a source connect to both ports: many clients open both, whether or not they read from replicas."""
        for port in (self.port, self.reader_port):
            self.connections.allow_from(source, ec2.Port.tcp(port), description)

    @property
    def endpoint(self) -> str:
        """Host name of the cache, for both ports."""
        return self.cfn_serverless_cache.attr_endpoint_address

    @property
    def reader_endpoint(self) -> str:
        """Host name for reads that any copy may answer, at `reader_port`; Memcached has none (ValueError)."""
        if self.users is None:
            raise ValueError("reader_endpoint must be asked of valkey or redis, got memcached; use endpoint")
        return self.cfn_serverless_cache.attr_reader_endpoint_address

    def grant_connect(self, grantee: iam.IGrantable, user: str) -> iam.Grant:
        """Let a principal log in as the spec's user `user` with an IAM token (15 minutes).

        Raises:
            KeyError: the spec has no such user.
            ValueError: Memcached, which knows no users.
        """
        if self.users is None:
            raise ValueError("grant_connect must be asked of valkey or redis, got memcached, which knows no users")
        return self.users.grant_connect(grantee, user, cache_arn=self.cfn_serverless_cache.attr_arn)

    def metric(self, name: str, *, statistic: str = "Average") -> cloudwatch.Metric:
        """A metric of `AWS/ElastiCache` by the minute, of this cache."""
        return service_metric("AWS/ElastiCache", name, {DIMENSION: self.identifier}, statistic)

    def metric_data_bytes(self) -> cloudwatch.Metric:
        """`BytesUsedForCache`: the data, in bytes."""
        return self.metric("BytesUsedForCache", statistic="Maximum")

    def metric_ecpu(self) -> cloudwatch.Metric:
        """`ElastiCacheProcessingUnits`: the load of a minute, in ECPU."""
        return self.metric("ElastiCacheProcessingUnits", statistic="Sum")

    def metric_throttled_commands(self) -> cloudwatch.Metric:
        """`ThrottledCmds`: commands of a minute that came faster than the cache scaled, or than its maximum."""
        return self.metric("ThrottledCmds", statistic="Sum")


def usage_limits(usage: UsageSpec | None) -> elasticache.CfnServerlessCache.CacheUsageLimitsProperty | None:
    """Bounds as CloudFormation has them; None where there are none."""
    cache = elasticache.CfnServerlessCache
    given: dict[str, Any] = {}
    if usage and usage.data_gb and (usage.data_gb.min is not None or usage.data_gb.max is not None):
        data = usage.data_gb
        given["data_storage"] = cache.DataStorageProperty(unit=GB, minimum=data.min, maximum=data.max)
    if usage and usage.ecpu_per_s and (usage.ecpu_per_s.min is not None or usage.ecpu_per_s.max is not None):
        ecpu = usage.ecpu_per_s
        given["ecpu_per_second"] = cache.ECPUPerSecondProperty(minimum=ecpu.min, maximum=ecpu.max)
    return cache.CacheUsageLimitsProperty(**given) if given else None


def subnets(place: Placement) -> list[str]:
    """All subnets of a small network; of a larger one a subnet in each zone, three at most."""
    given, zones = list(place.subnet_ids), list(place.availability_zones)
    chosen = chosen_subnets(zones)
    if not cdk.Token.is_unresolved(given):
        return [given[index] for index in chosen]
    return given if len(chosen) == len(zones) else [cdk.Fn.select(index, given) for index in chosen]
