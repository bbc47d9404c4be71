"""A Region as `observe` would show it, without AWS."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from estate.names import TAG_EXPIRES, TAG_PURPOSE, TAG_RUN, TAG_SOURCE
from runbooks.aws.ec2 import SecurityGroup
from runbooks.aws.rds import Cluster, Instance, Member
from runbooks.aws.secrets import Secret
from runbooks.reap.request import ReapRequest
from runbooks.reap.seen import Observed

PREFIX = "arn:aws:rds:eu-west-1:123456789012:cluster:"
PAST, FUTURE = "2026-11-20T20:00:00Z", "2026-12-24T20:00:00Z"
NOW = datetime(2026, 11, 21, 20, tzinfo=UTC)
TAGS = {TAG_RUN: "r1", TAG_PURPOSE: "clone", TAG_SOURCE: PREFIX + "shop-orders", TAG_EXPIRES: PAST}
REQUEST = ReapRequest(at=NOW.isoformat())


def cluster(name: str, **changes: Any) -> Cluster:
    """A cluster of a family, with one instance; a copy by its tags unless others are given."""
    made = Cluster(
        cluster_id=name, arn=PREFIX + name, resource_id="cluster-" + name, status="available",
        engine="aurora-postgresql", engine_version="17.7", engine_mode="provisioned", port=5432, writer_endpoint="",
        reader_endpoint="", custom_endpoints=(), database="", master_username="keeper", master_secret_arn="",
        iam_authentication=False, deletion_protection=False, global_cluster_id="",
        members=(Member(instance_id=f"{name}-a", is_writer=True, promotion_tier=1),), pending=(), tags=TAGS,
        clone_group_id="family",
    )  # fmt: skip
    return replace(made, **changes)


def instance(name: str, of: str, **changes: Any) -> Instance:
    made = Instance(
        instance_id=name, cluster_id=of, status="available", instance_class="db.r7g.large", zone="eu-west-1a",
        engine="aurora-postgresql", engine_version="17.7", address="", port=5432, promotion_tier=1, arn="",
        resource_id="", created_at=None, pending=(), tags={TAG_RUN: "r1"},
    )  # fmt: skip
    return replace(made, **changes)


ORIGINAL = cluster("shop-orders", tags={}, deletion_protection=True)
DEV = cluster("dev")
SEEN = Observed(
    request=REQUEST,
    run_id="20261121-200000-reap",
    owner="arn:aws:sts::123456789012:assumed-role/operator/ada",
    clusters=(ORIGINAL, DEV),
    instances=(instance("dev-a", "dev"), instance("dev-b", "dev")),
    groups=(SecurityGroup(group_id="sg-0123", name="dev-quarantine", vpc_id="vpc-1", tags=TAGS),),
    secrets=(Secret(name="aurora-estate/dev/master", tags=TAGS),),
)


def with_dev(**changes: Any) -> Observed:
    """The same Region with another dev."""
    return replace(SEEN, clusters=(ORIGINAL, replace(DEV, **changes)))
