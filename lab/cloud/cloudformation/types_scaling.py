"""Application Auto Scaling and Route 53 types."""

from __future__ import annotations

import uuid
from typing import Any

from lab.cloud.cloudformation.arguments import arguments
from lab.cloud.cloudformation.row import Handle, Row, Step, Tags
from lab.cloud.cloudformation.tagging import pairs, unpaired

# --- Application Auto Scaling

_PLACE = ("ResourceId", "ScalableDimension", "ServiceNamespace")
_BOUNDS = ("MinCapacity", "MaxCapacity", "RoleARN", "SuspendedState")


def _place(handle: Handle) -> dict[str, str]:
    """Whose target it is, out of `resource id|dimension|namespace`, which Ref gives."""
    return dict(zip(_PLACE, handle.physical_id.split("|"), strict=True))


def _register(handle: Handle) -> str:
    names = (*_PLACE, *_BOUNDS)
    given = {name: handle.properties[name] for name in names if name in handle.properties}
    handle.call("register_scalable_target", **arguments(handle.service, "register_scalable_target", given))
    return "|".join(str(handle.properties[name]) for name in _PLACE)


def _reregister(handle: Handle, _new: Any) -> None:
    _register(handle)


def _target_key(handle: Handle) -> dict[str, Any]:
    place = _place(handle)
    return {
        "ServiceNamespace": place["ServiceNamespace"],
        "ResourceIds": [place["ResourceId"]],
        "ScalableDimension": place["ScalableDimension"],
    }


def _put_actions(handle: Handle, old: Any, new: Any) -> None:
    place = _place(handle)
    for action in new or []:
        given = arguments(handle.service, "put_scheduled_action", {**action, **place})
        handle.call("put_scheduled_action", **given)
    kept = {action["ScheduledActionName"] for action in new or []}
    for action in old or []:
        if action["ScheduledActionName"] not in kept:
            name = action["ScheduledActionName"]
            handle.call("delete_scheduled_action", ScheduledActionName=name, **place)


def _actions(handle: Handle) -> list[dict[str, Any]]:
    place = _place(handle)
    found: list[dict[str, Any]] = handle.call("describe_scheduled_actions", **place)["ScheduledActions"]
    return found


TARGET_TAGS = Tags(
    add=lambda h, tags: h.call("tag_resource", ResourceARN=h.look("ScalableTargetARN"), Tags=tags),
    remove=lambda h, keys: h.call("untag_resource", ResourceARN=h.look("ScalableTargetARN"), TagKeys=keys),
    read=lambda h: dict(h.call("list_tags_for_resource", ResourceARN=h.look("ScalableTargetARN"))["Tags"]),
)

_POLICY = "TargetTrackingScalingPolicyConfiguration"


def _policy_key(handle: Handle) -> dict[str, str]:
    target = dict(zip(_PLACE, str(handle.properties["ScalingTargetId"]).split("|"), strict=True))
    return {**target, "PolicyName": str(handle.properties["PolicyName"])}


def _put_policy(handle: Handle) -> str:
    given = {name: handle.properties[name] for name in ("PolicyType", _POLICY) if name in handle.properties}
    made = arguments(handle.service, "put_scaling_policy", {**given, **_policy_key(handle)})
    return str(handle.call("put_scaling_policy", **made)["PolicyARN"])


def _policy_described(handle: Handle) -> dict[str, Any]:
    key = _policy_key(handle)
    return {**{name: key[name] for name in _PLACE}, "PolicyNames": [key["PolicyName"]]}


# --- Route 53


def _zone(handle: Handle) -> str:
    vpcs = handle.properties.get("VPCs") or []
    more: dict[str, Any] = {"VPC": vpcs[0]} if vpcs else {}
    config = {**(handle.properties.get("HostedZoneConfig") or {}), "PrivateZone": bool(vpcs)}
    answer = handle.call(
        "create_hosted_zone",
        Name=handle.properties["Name"],
        CallerReference=str(uuid.uuid4()),
        HostedZoneConfig=config,
        **more,
    )
    zone_id = str(answer["HostedZone"]["Id"]).rpartition("/")[2]
    for vpc in vpcs[1:]:
        handle.call("associate_vpc_with_hosted_zone", HostedZoneId=zone_id, VPC=vpc)
    return zone_id


def _tag_zone(handle: Handle, old: Any, new: Any) -> None:
    gone = sorted(set(unpaired(old)) - set(unpaired(new)))
    more: dict[str, Any] = {"RemoveTagKeys": gone} if gone else {}
    if new:
        more["AddTags"] = pairs(unpaired(new))
    handle.call("change_tags_for_resource", ResourceType="hostedzone", ResourceId=handle.physical_id, **more)


def _zone_tags(handle: Handle) -> dict[str, str]:
    answer = handle.call("list_tags_for_resource", ResourceType="hostedzone", ResourceId=handle.physical_id)
    return unpaired(answer["ResourceTagSet"]["Tags"])


def _record_set(handle: Handle) -> dict[str, Any]:
    given = handle.properties
    return {
        "Name": given["Name"],
        "Type": given["Type"],
        "TTL": int(given["TTL"]),
        "ResourceRecords": [{"Value": value} for value in given["ResourceRecords"]],
    }


def _change(handle: Handle, action: str, record_set: dict[str, Any]) -> None:
    changes = [{"Action": action, "ResourceRecordSet": record_set}]
    zone = handle.properties["HostedZoneId"]
    handle.call("change_resource_record_sets", HostedZoneId=zone, ChangeBatch={"Changes": changes})


def _create_record(handle: Handle) -> str:
    _change(handle, "CREATE", _record_set(handle))
    return str(handle.properties["Name"])


def _record_key(handle: Handle) -> dict[str, Any]:
    given = handle.properties
    return {
        "HostedZoneId": given["HostedZoneId"],
        "StartRecordName": given["Name"],
        "StartRecordType": given["Type"],
        "MaxItems": "1",
    }


def _dotless(name: str) -> Any:
    return lambda h: str(h.look(name) or "").rstrip(".")


ROWS = (
    Row(
        type="AWS::ApplicationAutoScaling::ScalableTarget",
        service="application-autoscaling",
        create="register_scalable_target",
        create_hook=_register,
        update_steps=dict.fromkeys(_BOUNDS, _reregister),
        delete_hook=lambda h: h.call("deregister_scalable_target", **_place(h)),
        describe="describe_scalable_targets",
        describe_key=_target_key,
        path="ScalableTargets[0]",
        steps={"ScheduledActions": Step(apply=_put_actions, read=_actions)},
        tags=TARGET_TAGS,
        attrs={"Id": lambda h: h.physical_id},
    ),
    Row(
        type="AWS::ApplicationAutoScaling::ScalingPolicy",
        service="application-autoscaling",
        create_hook=_put_policy,
        accepted=frozenset({"ScalingTargetId", "PolicyName", "PolicyType", _POLICY}),
        update_steps={_POLICY: lambda h, _new: _put_policy(h)},
        delete_hook=lambda h: h.call("delete_scaling_policy", **_policy_key(h)),
        describe="describe_scaling_policies",
        describe_key=_policy_described,
        path="ScalingPolicies[0]",
        attrs={"Arn": "PolicyARN"},
        read={"ScalingTargetId": lambda h: "|".join(str(h.look(name)) for name in _PLACE)},
    ),
    Row(
        type="AWS::Route53::HostedZone",
        service="route53",
        create_hook=_zone,
        accepted=frozenset({"Name", "HostedZoneConfig", "VPCs"}),
        update_steps={
            "HostedZoneConfig": lambda h, new: h.call(
                "update_hosted_zone_comment", Id=h.physical_id, Comment=(new or {}).get("Comment", "")
            )
        },
        delete_hook=lambda h: h.call("delete_hosted_zone", Id=h.physical_id),
        describe="get_hosted_zone",
        describe_key=lambda h: {"Id": h.physical_id},
        path="@",
        steps={"HostedZoneTags": Step(apply=_tag_zone, read=_zone_tags)},
        attrs={"Id": lambda h: h.physical_id, "NameServers": "DelegationSet.NameServers"},
        read={"Name": _dotless("HostedZone.Name"), "HostedZoneConfig": "HostedZone.Config", "VPCs": "VPCs"},
    ),
    Row(
        type="AWS::Route53::RecordSet",
        service="route53",
        create_hook=_create_record,
        accepted=frozenset({"HostedZoneId", "Name", "Type", "TTL", "ResourceRecords"}),
        update_steps=dict.fromkeys(("TTL", "ResourceRecords"), lambda h, _new: _change(h, "UPSERT", _record_set(h))),
        delete_hook=lambda h: _change(h, "DELETE", _record_set(h)),
        describe="list_resource_record_sets",
        describe_key=_record_key,
        path="ResourceRecordSets[0]",
        read={
            "Name": _dotless("Name"),
            "HostedZoneId": lambda h: h.properties["HostedZoneId"],
            "ResourceRecords": "ResourceRecords[].Value",
        },
    ),
)
