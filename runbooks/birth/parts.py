"""What a copy needs besides itself: custom endpoints, roles, replica auto scaling. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from runbooks.birth.wanted import pairs_of, wanted
from runbooks.birth.wish import Wish
from runbooks.engine.plain import is_mapping
from runbooks.engine.plan import Call
from runbooks.parity.mapping import in_copy, renamed
from runbooks.parity.portrait import Portrait, Raw
from runbooks.parity.settings import UNKNOWN, find_setting
from runbooks.tags import to_aws

AUTOSCALING: Final = "application-autoscaling"
_BOUNDS: Final = ("MinCapacity", "MaxCapacity", "SuspendedState")
_POLICY: Final = (
    "PolicyType",
    "TargetTrackingScalingPolicyConfiguration",
    "StepScalingPolicyConfiguration",
    "PredictiveScalingPolicyConfiguration",
)
_ACTION: Final = ("Schedule", "Timezone", "StartTime", "EndTime", "ScalableTargetAction")


# --- endpoints


def endpoint_id(endpoint: Raw, wish: Wish, model: Portrait) -> str:
    """What the copy's endpoint is called."""
    return renamed(str(endpoint["DBClusterEndpointIdentifier"]), model.cluster_id, wish.target_id)


def endpoint_members(endpoint: Raw, wish: Wish, model: Portrait) -> dict[str, list[str]] | None:
    """Its members as the copy calls them; None when none of them is in the copy: it cannot be re-created."""
    pairs = pairs_of(wish, model)
    found: dict[str, list[str]] = {}
    for name in ("StaticMembers", "ExcludedMembers"):
        if members := endpoint.get(name):
            found[name] = in_copy(members, pairs)
    if found.get("StaticMembers") == []:
        return None
    return {name: members for name, members in found.items() if members}


def endpoint_calls(wish: Wish, model: Portrait, copy: Portrait | None) -> Iterable[tuple[str, Call]]:
    """The model's name of each endpoint that is missing, and the call that makes it."""
    there = {each["DBClusterEndpointIdentifier"] for each in copy.endpoints} if copy is not None else set[str]()
    for endpoint in model.endpoints if wish.endpoints else ():
        name, members = endpoint_id(endpoint, wish, model), endpoint_members(endpoint, wish, model)
        if members is None or name in there:
            continue
        parameters = {
            "DBClusterIdentifier": wish.target_id,
            "DBClusterEndpointIdentifier": name,
            "EndpointType": str(endpoint["CustomEndpointType"]),
            **members,
            "Tags": to_aws(wish.tags),
        }
        call = Call(service="rds", operation="CreateDBClusterEndpoint", parameters=parameters, region=wish.region)
        yield str(endpoint["DBClusterEndpointIdentifier"]), call


# --- roles


def missing_roles(wish: Wish, model: Portrait, copy: Portrait | None) -> list[dict[str, str]]:
    """Roles that a copy lacks although it is there; before that, the call that makes it takes them."""
    setting = find_setting("AssociatedRoles")
    if copy is None or setting is None:
        return []
    roles = wanted(setting, wish, model)
    there = setting.value(copy.cluster)
    return [] if roles is UNKNOWN else [role for role in roles if role not in there]


# --- replica auto scaling


def no_scaling(wish: Wish) -> str:
    """Why the copy gets no replica auto scaling; empty when it does.

    "You must first create an Aurora DB cluster with a primary and one or more Aurora Replicas" (Aurora User Guide,
    "Using Amazon Aurora Auto Scaling"): a cluster without a reader cannot be registered.
    """
    if not wish.scaling:
        return "not asked for"
    return "" if len(wish.instances) > 1 else "it starts from a reader, and there is none"


def scaling_calls(wish: Wish, model: Portrait, copy: Portrait | None) -> Iterable[Call]:
    """The calls that are missing until the copy scales as its model does."""
    there = {str(each["ScalableDimension"]): each for each in copy.scaling} if copy is not None else {}
    for target in model.scaling if not no_scaling(wish) else ():
        found = there.get(str(target["ScalableDimension"]), {})
        of = {
            "ServiceNamespace": target["ServiceNamespace"],
            "ResourceId": f"cluster:{wish.target_id}",
            "ScalableDimension": target["ScalableDimension"],
        }
        if bounds(target) != bounds(found):
            register = {**of, **bounds(target), "Tags": dict(wish.tags)}
            yield Call(service=AUTOSCALING, operation="RegisterScalableTarget", parameters=register, region=wish.region)
        for name, body in policies(target, model, wish).items():
            if policies(found).get(name) != body:
                yield _put("PutScalingPolicy", {"PolicyName": name, **of, **body}, wish)
        for name, body in actions(target, model, wish).items():
            if actions(found).get(name) != body:
                yield _put("PutScheduledAction", {"ScheduledActionName": name, **of, **body}, wish)


def _put(operation: str, parameters: dict[str, Any], wish: Wish) -> Call:
    return Call(service=AUTOSCALING, operation=operation, parameters=parameters, region=wish.region)


def bounds(target: Raw) -> dict[str, Any]:
    """How far it scales, and what is suspended."""
    return {name: target[name] for name in _BOUNDS if target.get(name) is not None}


def policies(target: Raw, model: Portrait | None = None, wish: Wish | None = None) -> dict[str, dict[str, Any]]:
    """Its policies by name; by the copy's name, given the model and the wish."""
    return {
        _name(each["PolicyName"], model, wish): {name: each[name] for name in _POLICY if each.get(name)}
        for each in target.get("Policies", [])
    }


def actions(target: Raw, model: Portrait | None = None, wish: Wish | None = None) -> dict[str, dict[str, Any]]:
    """Its scheduled actions by name; by the copy's name, given the model and the wish."""
    return {
        _name(each["ScheduledActionName"], model, wish): {name: _text(each[name]) for name in _ACTION if each.get(name)}
        for each in target.get("ScheduledActions", [])
    }


def _name(name: Any, model: Portrait | None, wish: Wish | None) -> str:
    """A name that has the cluster's in it gets the copy's; others need not change: they are per resource."""
    if model is None or wish is None or not str(name).startswith(f"{model.cluster_id}-"):
        return str(name)
    return renamed(str(name), model.cluster_id, wish.target_id)


def _text(value: Any) -> Any:
    """Moments as text, which boto3 takes as well and a journal can keep."""
    if isinstance(value, datetime):
        return value.isoformat()
    return dict(value) if is_mapping(value) else value
