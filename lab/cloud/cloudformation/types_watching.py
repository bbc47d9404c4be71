"""Types that watch: subscriptions of a topic, dashboards, RDS event subscriptions, who may invoke a function."""

from __future__ import annotations

import json
import secrets
from typing import Any

from lab.cloud.cloudformation.row import Handle, Row, Step, Tags, by_name
from lab.cloud.cloudformation.tagging import arn_tags, pairs, unpaired

# --- SNS


def _subscription_attribute(name: str) -> Step:
    return Step(
        apply=lambda h, _old, new: h.call(
            "set_subscription_attributes",
            SubscriptionArn=h.physical_id,
            AttributeName=name,
            AttributeValue=new if isinstance(new, str) else json.dumps(new if new is not None else {}),
        ),
        read=lambda h: h.look(name),
    )


# --- RDS


def _event_sources(handle: Handle, new: Any) -> None:
    """ModifyEventSubscription has no list of sources: CloudFormation adds and removes them one by one."""
    (found,) = handle.call("describe_event_subscriptions", SubscriptionName=handle.physical_id)[
        "EventSubscriptionsList"
    ]
    had, wanted = set(found.get("SourceIdsList", [])), set(new or [])
    for operation, names in (
        ("add_source_identifier_to", wanted - had),
        ("remove_source_identifier_from", had - wanted),
    ):
        for name in sorted(names):
            handle.call(f"{operation}_subscription", SubscriptionName=handle.physical_id, SourceIdentifier=name)


# --- Lambda


def _statement(handle: Handle) -> dict[str, Any]:
    """The statement of a function's policy that this resource is."""
    function, statement_id = handle.physical_id.split("|")
    policy = json.loads(handle.call("get_policy", FunctionName=function)["Policy"])
    return next((each for each in policy["Statement"] if each["Sid"] == statement_id), {})


def _add_permission(handle: Handle) -> str:
    given = handle.properties
    statement_id = f"cloudformation-{secrets.token_hex(6)}"
    names = ("FunctionName", "Action", "Principal", "SourceArn", "SourceAccount")
    handle.call("add_permission", StatementId=statement_id, **{name: given[name] for name in names if name in given})
    return f"{given['FunctionName']}|{statement_id}"


def _remove_permission(handle: Handle) -> None:
    function, statement_id = handle.physical_id.split("|")
    handle.call("remove_permission", FunctionName=function, StatementId=statement_id)


def _condition(operator: str, key: str) -> Any:
    return lambda handle: _statement(handle).get("Condition", {}).get(operator, {}).get(key)


# --- CloudWatch

DASHBOARD_TAGS = Tags(
    add=lambda h, tags: h.call("tag_resource", ResourceARN=h.look("DashboardArn"), Tags=pairs(tags)),
    remove=lambda h, keys: h.call("untag_resource", ResourceARN=h.look("DashboardArn"), TagKeys=keys),
    read=lambda h: unpaired(h.call("list_tags_for_resource", ResourceARN=h.look("DashboardArn"))["Tags"]),
)

ROWS = (
    Row(
        type="AWS::SNS::Subscription",
        service="sns",
        create="subscribe",
        ref="SubscriptionArn",
        create_extra=lambda _h: {"ReturnSubscriptionArn": True},
        delete="unsubscribe",
        key=by_name("SubscriptionArn"),
        describe="get_subscription_attributes",
        path="Attributes",
        steps={name: _subscription_attribute(name) for name in ("FilterPolicy", "RawMessageDelivery", "RedrivePolicy")},
        attrs={"Arn": "SubscriptionArn"},
    ),
    Row(
        type="AWS::CloudWatch::Dashboard",
        service="cloudwatch",
        create="put_dashboard",
        name="DashboardName",
        name_max=255,
        update="put_dashboard",
        update_all=True,
        key=by_name("DashboardName"),
        delete_hook=lambda h: h.call("delete_dashboards", DashboardNames=[h.physical_id]),
        describe="get_dashboard",
        path="@",
        tags=DASHBOARD_TAGS,
    ),
    Row(
        type="AWS::RDS::EventSubscription",
        service="rds",
        create="create_event_subscription",
        name="SubscriptionName",
        name_max=255,
        lower=True,
        update="modify_event_subscription",
        delete="delete_event_subscription",
        key=by_name("SubscriptionName"),
        describe="describe_event_subscriptions",
        path="EventSubscriptionsList[0]",
        update_steps={"SourceIds": _event_sources},
        tags=arn_tags("EventSubscriptionArn"),
        read={
            "EventCategories": "EventCategoriesList",
            "SourceIds": "SourceIdsList",
            "SubscriptionName": "CustSubscriptionId",
        },
    ),
    Row(
        type="AWS::Lambda::Permission",
        service="lambda",
        create_hook=_add_permission,
        delete_hook=_remove_permission,
        accepted=frozenset({"Action", "FunctionName", "Principal", "SourceAccount", "SourceArn"}),
        read={
            "Action": lambda h: _statement(h).get("Action"),
            "FunctionName": lambda h: _statement(h).get("Resource"),
            "Principal": lambda h: (_statement(h).get("Principal") or {}).get("Service"),
            "SourceAccount": _condition("StringEquals", "AWS:SourceAccount"),
            "SourceArn": _condition("ArnLike", "AWS:SourceArn"),
        },
    ),
)
