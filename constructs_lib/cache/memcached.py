"""One ElastiCache cluster of Memcached nodes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import aws_cdk as cdk
import jsii
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_elasticache as elasticache
from aws_cdk import aws_kms as kms
from constructs import Construct

from constructs_lib.cache.publishers import publishers_of
from constructs_lib.foundation.cfn import apply_overrides, set_policies, warn_of_weak_choices
from constructs_lib.foundation.encryption import Encryption
from constructs_lib.foundation.metrics import service_metric
from constructs_lib.foundation.placement import Placement, define_security_group, imported, placement_in
from constructs_lib.foundation.reach import define_ingress
from estate.caches.families_memcached import family_of
from estate.caches.memcached import MemcachedSpec

if TYPE_CHECKING:
    from aws_cdk import aws_cloudwatch as cloudwatch

    from constructs_lib.cache.watching import Watching


@jsii.implements(ec2.IConnectable)
class Memcached(Construct):
    """Define one cluster of Memcached nodes with its parameters, in the isolated subnets of a VPC.

    Clients talk TLS, nodes are spread over the zones, and nothing may connect until `connections` or the spec's
    `allow_from` lets it in. The nodes hold everything in memory and store nothing: only the topic of alarms has a key.
    There are no users either: whoever reaches a node reads and writes all of it.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        identifier: str,
        spec: MemcachedSpec,
        vpc: ec2.IVpc | Placement,
        key: kms.IKey | None = None,
        retain: bool = True,
    ) -> None:
        super().__init__(scope, construct_id)
        self.identifier = identifier
        self.spec = spec
        self.port = spec.port
        place = placement_in(vpc)
        self.cfn_security_group = define_security_group(
            self, vpc_id=place.vpc_id, description=f"{identifier}: Memcached"
        )
        self.cfn_ingress = define_ingress(
            self, group_id=self.cfn_security_group.attr_group_id, port=self.port, allow_from=spec.allow_from
        )
        self.cfn_parameter_group = self._define_parameter_group()
        self.cfn_subnet_group = self._define_subnet_group(place.subnet_ids)
        self.cfn_cache_cluster = self._define_cache_cluster(zones_of(spec, place.availability_zones))
        self.watching = self._define_watching(key, retain=retain)
        warn_of_weak_choices(self, spec)

    def _define_watching(self, key: kms.IKey | None, *, retain: bool) -> Watching | None:
        """The only thing here that wants a key is the topic of the alarms."""
        if self.spec.watch is None:
            return None
        from constructs_lib.cache.watching import let_publish, watch_memcached

        let_publish(key, self.spec.watch)
        key_arn = key.key_arn if key else None
        if key_arn is None and (publishers := publishers_of(self.spec.watch)):
            self.encryption = Encryption(
                self, "Encryption", description=f"{self.identifier}: alarms", publishers=publishers, retain=retain
            )
            key_arn = self.encryption.key_arn
        return watch_memcached(
            self, identifier=self.identifier, spec=self.spec, key_arn=key_arn, cluster=self.cfn_cache_cluster
        )

    def _define_parameter_group(self) -> elasticache.CfnParameterGroup:
        return elasticache.CfnParameterGroup(
            self,
            "Parameters",
            cache_parameter_group_family=family_of(self.spec.version),
            description=f"{self.identifier}: parameters",
            properties=self.spec.parameters or None,
        )

    def _define_subnet_group(self, subnet_ids: Sequence[str]) -> elasticache.CfnSubnetGroup:
        return elasticache.CfnSubnetGroup(
            self, "Subnets", description=f"{self.identifier}: subnets", subnet_ids=list(subnet_ids)
        )

    def _define_cache_cluster(self, zones: list[str]) -> elasticache.CfnCacheCluster:
        """AZMode is left out for one zone: the API refuses `single-az` to a cluster that has shrunk to it."""
        spec = self.spec
        crosses = len(set(zones)) > 1 if zones else spec.nodes > 1
        cluster = elasticache.CfnCacheCluster(
            self,
            "CacheCluster",
            az_mode="cross-az" if crosses else None,
            cache_node_type=spec.node_class,
            cache_parameter_group_name=self.cfn_parameter_group.ref,
            cache_subnet_group_name=self.cfn_subnet_group.ref,
            cluster_name=self.identifier,
            engine=spec.engine,
            engine_version=spec.version,
            num_cache_nodes=spec.nodes,
            port=self.port,
            preferred_availability_zones=zones or None,
            preferred_maintenance_window=spec.maintenance_window,
            transit_encryption_enabled=spec.transit_encryption,
            vpc_security_group_ids=[self.cfn_security_group.attr_group_id],
        )
        set_policies(cluster, cdk.CfnDeletionPolicy.DELETE)
        apply_overrides(cluster, spec.overrides)
        return cluster

    @cached_property
    def security_group(self) -> ec2.ISecurityGroup:
        """The closed group as an L2."""
        return imported(self, self.cfn_security_group)

    @cached_property
    def connections(self) -> ec2.Connections:
        """Who may connect: `connections.allow_default_port_from(app)`; the port is the literal number."""
        return ec2.Connections(security_groups=[self.security_group], default_port=ec2.Port.tcp(self.port))

    @property
    def endpoint(self) -> str:
        """Host name of the configuration endpoint, which auto discovery asks for the nodes."""
        return self.cfn_cache_cluster.attr_configuration_endpoint_address

    def metric(self, name: str, *, statistic: str = "Average", node: str = "0001") -> cloudwatch.Metric:
        """A metric of `AWS/ElastiCache` by the minute, of one node (`0001` is the first)."""
        dimensions = {"CacheClusterId": self.identifier, "CacheNodeId": node}
        return service_metric("AWS/ElastiCache", name, dimensions, statistic)

    def metric_cpu_percent(self, node: str = "0001") -> cloudwatch.Metric:
        """`CPUUtilization` of one node, in percent of all its cores: Memcached's threads use them all."""
        return self.metric("CPUUtilization", node=node)

    def metric_evictions(self, node: str = "0001") -> cloudwatch.Metric:
        """`Evictions` of one node: items that went, before their time, to make room."""
        return self.metric("Evictions", statistic="Sum", node=node)

    def metric_unused_memory_bytes(self, node: str = "0001") -> cloudwatch.Metric:
        """`UnusedMemory` of one node; some of it is overhead, so that items may be evicted before it is gone."""
        return self.metric("UnusedMemory", statistic="Minimum", node=node)

    def metric_connections(self, node: str = "0001") -> cloudwatch.Metric:
        """`CurrConnections` of one node, two or three of them ElastiCache's own."""
        return self.metric("CurrConnections", statistic="Maximum", node=node)


def zones_of(spec: MemcachedSpec, available: Sequence[str]) -> list[str]:
    """Name of each node's zone, in the nodes' order; empty where the names are not known.

    CloudFormation replaces a cluster without them when its number of nodes changes.

    Raises:
        ValueError: the spec names a zone that the VPC does not have.
    """
    if not available:
        return []
    numbers = spec.zones_of_nodes(len(available))
    if max(numbers) > len(available):
        raise ValueError(f"zones must be among the VPC's {len(available)}, got {max(numbers)}; choose a lower number")
    return [available[number - 1] for number in numbers]
