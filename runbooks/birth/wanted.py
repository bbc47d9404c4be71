"""What each setting of the new cluster is to be: the wish's word, else the model's. Pure."""

from __future__ import annotations

from typing import Any, Final

from runbooks.birth.wish import InstanceWish, Wish
from runbooks.engine.plain import is_array
from runbooks.parity.mapping import pair
from runbooks.parity.portrait import Portrait, Raw
from runbooks.parity.settings import UNKNOWN, Setting

_BY_FIELD: Final = {
    "VpcSecurityGroupIds": "security_groups",
    "DBSubnetGroupName": "subnet_group",
    "DBClusterParameterGroupName": "parameter_group",
}
_BY_INSTANCE: Final = {
    "DBInstanceClass": "instance_class",
    "PromotionTier": "promotion_tier",
    "DBParameterGroupName": "parameter_group",
}

OF_ITS_ACCOUNT: Final = frozenset(
    {
        "AssociatedRoles",
        "DBClusterParameterGroupName",
        "DBSubnetGroupName",
        "Domain",
        "DomainIAMRoleName",
        "MasterUserSecretKmsKeyId",
        "MonitoringInterval",  # goes with its role
        "MonitoringRoleArn",
        "PerformanceInsightsKMSKeyId",
        "VpcSecurityGroupIds",
    }
)
"""Settings that name a thing of the model's account; a copy in another one has AWS's default, unless others are asked
for."""
_SAFE: Final = {"PubliclyAccessible": False}
"""Of instances whose model is not known: nothing is left to AWS's choice that might open them to the internet."""


def is_asked(setting: Setting, wish: Wish) -> bool:
    """The wish has a word of its own about this setting of the cluster."""
    field = _BY_FIELD.get(setting.name)
    return setting.name in wish.settings or bool(field and getattr(wish, field))


def wanted(setting: Setting, wish: Wish, model: Portrait) -> Any:
    """The value that the new cluster is to have; `UNKNOWN` where neither the wish nor the model says."""
    if setting.name in wish.settings:
        return _in_order(wish.settings[setting.name])
    field = _BY_FIELD.get(setting.name)
    if field and (said := getattr(wish, field)):
        return _in_order(said)
    if setting.name in OF_ITS_ACCOUNT and is_elsewhere(wish, model):
        return UNKNOWN
    return setting.value(model.cluster, partial=model.partial)


def is_elsewhere(wish: Wish, model: Portrait) -> bool:
    """The new cluster is made in another account than its model's."""
    return bool(wish.account) and wish.account != model.arn.split(":")[4]


def is_asked_of(setting: Setting, instance: InstanceWish, wish: Wish) -> bool:
    """The wish has a word of its own about this setting of an instance."""
    field = _BY_INSTANCE.get(setting.name)
    return bool(getattr(instance, field)) if field else setting.name in wish.settings


def wanted_of(setting: Setting, instance: InstanceWish, wish: Wish, model: Portrait) -> Any:
    """The value that an instance is to have."""
    field = _BY_INSTANCE.get(setting.name)
    if field == "promotion_tier":
        return instance.promotion_tier
    if field and (said := getattr(instance, field)):
        return said
    if setting.name in wish.settings:
        return wish.settings[setting.name]
    first = leader(model)
    return _SAFE.get(setting.name, UNKNOWN) if first is None else setting.value(first)


def leader(model: Portrait) -> Raw | None:
    """The instance that others are modelled on: the writer, or in a cluster without one the first to be promoted."""
    order = sorted(model.instances, key=lambda each: (each.get("PromotionTier", 1), each["DBInstanceIdentifier"]))
    return model.writer or next(iter(order), None)


def pairs_of(wish: Wish, model: Portrait) -> dict[str, str]:
    """Which wished instance stands for which of the model's."""
    return pair(names_of(model), [each.instance_id for each in wish.instances], model.cluster_id, wish.target_id)


def names_of(portrait: Portrait) -> list[str]:
    """Its instances' identifiers: the writer, then by tier."""
    writer = portrait.writer
    first = writer["DBInstanceIdentifier"] if writer is not None else ""
    order = sorted(portrait.instances, key=lambda each: (each.get("PromotionTier", 1), each["DBInstanceIdentifier"]))
    names = [str(each["DBInstanceIdentifier"]) for each in order]
    return sorted(names, key=lambda name: name != first)


def _in_order(value: Any) -> Any:
    """A list as settings are read: sorted, when it is one of names."""
    if is_array(value) and all(isinstance(each, str) for each in value):
        return sorted(value)
    return value
