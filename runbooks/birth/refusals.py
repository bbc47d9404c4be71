"""Why a new cluster cannot be made, all reasons at once. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from estate.limits import AURORA_IDENTIFIER_LENGTH
from runbooks.birth.parts import endpoint_id, endpoint_members
from runbooks.birth.wanted import wanted, wanted_of
from runbooks.birth.wish import Wish
from runbooks.parity.observe import Place
from runbooks.parity.portrait import Portrait
from runbooks.parity.settings import CLUSTER, INSTANCE, UNKNOWN
from runbooks.tags import from_aws, is_ours, taken_by

SERVERLESS_CLASS: Final = "db.serverless"
MAX_TIER: Final = 15
MAX_INSTANCES: Final = 16  # one writer and 15 readers (Aurora quotas)
_IDENTIFIER: Final = re.compile(r"[a-z](?:-?[a-z0-9])*")


def refusals(
    wish: Wish, model: Portrait, copy: Portrait | None, place: Place | None, taken: tuple[str, ...]
) -> Iterable[str]:
    """Every reason."""
    yield from _names(wish, model)
    yield from _taken(wish, copy, taken)
    yield from _instances(wish, model)
    yield from _engine(model)
    yield from _place(wish, model, place)


def identifier_reason(name: str, what: str = "identifier") -> str:
    """Why RDS would not take a name; empty when it would. [B] CreateDBCluster.DBClusterIdentifier"""
    if _IDENTIFIER.fullmatch(name) and len(name) <= AURORA_IDENTIFIER_LENGTH:
        return ""
    return (
        f"{what} must be 1 to {AURORA_IDENTIFIER_LENGTH} small letters, digits and hyphens, a letter first, no hyphen "
        f"last or doubled, got {name!r} ({len(name)}); choose another name"
    )


def _names(wish: Wish, model: Portrait) -> Iterable[str]:
    endpoints = [each for each in model.endpoints if wish.endpoints and endpoint_members(each, wish, model) is not None]
    named = [
        (wish.target_id, "the new cluster's identifier"),
        *((each.instance_id, "an instance's identifier") for each in wish.instances),
        *((endpoint_id(each, wish, model), "a custom endpoint's identifier") for each in endpoints),
    ]
    for name, what in named:
        if reason := identifier_reason(name, what):
            yield reason
    if wish.target_id == model.cluster_id and not model.partial:
        yield f"the new cluster's identifier must not be its model's, got {wish.target_id!r}; choose another name"
    names = [each.instance_id for each in wish.instances]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"instances must have names of their own, got {name!r} more than once; name each once"


def _taken(wish: Wish, copy: Portrait | None, taken: tuple[str, ...]) -> Iterable[str]:
    if copy is not None and not is_ours(copy.tags, wish.run_id):
        yield taken_by(copy.tags, wish.target_id)
        return
    for name, tags in (others_instances(wish, copy) if copy is not None else {}).items():
        yield taken_by(tags, name)
    for name in taken:
        yield f"{name} must be a name that is free, got one of another cluster; choose another name"


def others_instances(wish: Wish, copy: Portrait) -> dict[str, dict[str, str]]:
    """Instances of the new cluster that have a wished one's name, and that another run or nobody's made: their tags."""
    wished = {each.instance_id for each in wish.instances}
    tags = {str(each["DBInstanceIdentifier"]): from_aws(each.get("TagList", [])) for each in copy.instances}
    return {name: own for name, own in tags.items() if name in wished and not is_ours(own, wish.run_id)}


def _instances(wish: Wish, model: Portrait) -> Iterable[str]:
    if not 1 <= len(wish.instances) <= MAX_INSTANCES:
        yield (
            f"{wish.target_id} must have 1 to {MAX_INSTANCES} instances, got {len(wish.instances)}; a cluster without "
            "one answers nobody"
        )
    size = next(setting for setting in INSTANCE if setting.name == "DBInstanceClass")
    capacity = next(setting for setting in CLUSTER if setting.name == "ServerlessV2ScalingConfiguration")
    for instance in wish.instances:
        found = wanted_of(size, instance, wish, model)
        if found is UNKNOWN or not found:
            yield f"{instance.instance_id} must have an instance class, and no live cluster tells which; give one"
        if found == SERVERLESS_CLASS and wanted(capacity, wish, model) in (None, UNKNOWN):
            yield (
                f"{instance.instance_id} must have a capacity to scale in, got class {found} and no Serverless v2 "
                "scaling configuration; give one, or a class of another kind"
            )
        if not 0 <= instance.promotion_tier <= MAX_TIER:
            yield f"{instance.instance_id} must have a promotion tier of 0 to {MAX_TIER}, got {instance.promotion_tier}"


def _engine(model: Portrait) -> Iterable[str]:
    mode = str(model.cluster.get("EngineMode") or "provisioned")
    if mode == "serverless":
        yield (
            f"{model.cluster_id} must be provisioned or Serverless v2, got Serverless v1 (engine mode {mode}), which "
            "AWS has retired; restore a snapshot of it as a provisioned cluster"
        )
    engine = str(model.cluster.get("Engine", ""))
    if not engine.startswith("aurora"):
        yield f"{model.cluster_id} must be an Aurora cluster, got engine {engine!r}"


def _place(wish: Wish, model: Portrait, place: Place | None) -> Iterable[str]:
    """A volume stays in its zones: the subnet group must have all of them (facts C3)."""
    if not wish.subnet_group or wish.subnet_group == model.cluster.get("DBSubnetGroup"):
        return
    if place is None:
        yield (
            f"DB subnet group {wish.subnet_group} must exist, got none of that name; "
            "`aws rds describe-db-subnet-groups` lists them"
        )
        return
    zones = model.cluster.get("AvailabilityZones") or model.zones
    if missing := sorted(set(zones) - set(place.zones)):
        yield (
            f"DB subnet group {place.name} must have a subnet in each zone of the volume ({', '.join(sorted(zones))}), "
            f"got none in {', '.join(missing)}; add subnets there"
        )
    if model.vpc_id and place.vpc_id != model.vpc_id and not wish.security_groups:
        yield (
            f"the new cluster must have security groups of {place.vpc_id}, got none, and those of {model.cluster_id} "
            f"are of {model.vpc_id}; give some"
        )
