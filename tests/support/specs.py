"""Builders of specs made by hand, as someone uses a construct without an estate file."""

from __future__ import annotations

from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2

from estate.aurora import AuroraSpec
from estate.caches.memcached import MemcachedSpec
from estate.caches.replication_group import ReplicationGroupSpec
from estate.caches.serverless import ServerlessCacheSpec

TWO = {"a": {"class": "db.r8g.large", "tier": 0}, "b": {"class": "db.r8g.large", "tier": 1}}


def postgresql(**changes: Any) -> AuroraSpec:
    values = {"name": "orders", "engine": "aurora-postgresql", "version": "17.7", "instances": TWO}
    return AuroraSpec.model_validate({**values, **changes})


def mysql(**changes: Any) -> AuroraSpec:
    values = {"name": "catalog", "engine": "aurora-mysql", "version": "8.0.mysql_aurora.3.10.0", "instances": TWO}
    return AuroraSpec.model_validate({**values, **changes})


def valkey(**changes: Any) -> ReplicationGroupSpec:
    values = {"name": "sessions", "engine": "valkey", "version": "8.2", "shards": 2, "replicas": 1}
    return ReplicationGroupSpec.model_validate({**values, **changes})


def memcached(**changes: Any) -> MemcachedSpec:
    return MemcachedSpec.model_validate({"name": "pages", "nodes": 3, **changes})


def serverless(**changes: Any) -> ServerlessCacheSpec:
    return ServerlessCacheSpec.model_validate({"name": "menus", "engine": "valkey", "version": "8", **changes})


def vpc_of_the_caller(stack: cdk.Stack) -> ec2.IVpc:
    """Three isolated subnets that exist, with route tables, so that nothing is to be warned of."""
    return ec2.Vpc.from_vpc_attributes(
        stack,
        "Vpc",
        vpc_id="vpc-0123456789abcdef0",
        availability_zones=["eu-west-1a", "eu-west-1b", "eu-west-1c"],
        isolated_subnet_ids=[f"subnet-0123456789abcdef{number}" for number in range(3)],
        isolated_subnet_route_table_ids=[f"rtb-0123456789abcdef{number}" for number in range(3)],
    )
