"""How a quarantine lets one place in, what it says at the end, and that its calls name the group they mean."""

from __future__ import annotations

from typing import Any

import pytest

from estate.names import TAG_QUARANTINE
from runbooks.aws.ec2 import SecurityGroup
from runbooks.aws.secrets import Secret
from runbooks.engine.plan import Call
from runbooks.quarantine.plan import group_reference, plan_opening, plan_rotation, quarantine_checks, reach_rule
from runbooks.quarantine.seen import Quarantine, QuarantineSeen
from runbooks.quarantine.steps import with_group
from runbooks.tags import made_tags

TAGS = made_tags(run_id="one", source="arn", owner="me", purpose="clone")
HERE = "10.0.1.7/32"
RULE = {"IpProtocol": "tcp", "FromPort": 5432, "ToPort": 5432, "IpRanges": [{"CidrIp": HERE}]}


def quarantine(**more: Any) -> Quarantine:
    return Quarantine(
        **{
            "target_id": "dev",
            "arn": "arn:aws:rds:eu-west-1:1:cluster:dev",
            "engine": "aurora-postgresql",
            "port": 5432,
            "vpc_id": "vpc-1",
            "tags": TAGS,
            "master": "own",
            "master_username": "keeper",
            **more,
        }
    )


def group(*ingress: Any) -> SecurityGroup:
    return SecurityGroup(group_id="sg-q", name="dev-quarantine", vpc_id="vpc-1", tags=TAGS, ingress=ingress)


@pytest.mark.parametrize(
    ("place", "source"),
    [
        (HERE, {"IpRanges": [{"CidrIp": HERE}]}),
        ("2001:db8::/64", {"Ipv6Ranges": [{"CidrIpv6": "2001:db8::/64"}]}),
        ("sg-bastion", {"UserIdGroupPairs": [{"GroupId": "sg-bastion"}]}),
    ],
)
def test_one_place_is_let_in_at_one_port(place: str, source: dict[str, Any]) -> None:
    rule = reach_rule(quarantine(reach_from=place))
    assert rule == {"IpProtocol": "tcp", "FromPort": 5432, "ToPort": 5432, **source}


def test_nobody_is_let_in_where_no_sql_is_run() -> None:
    kinds = [step.kind.value for step in plan_rotation(quarantine(reach_from=HERE), QuarantineSeen(group=group()))]
    assert kinds == ["rotate-master-password", "note-rotated"]


def test_a_rule_that_an_earlier_sitting_left_is_taken_away() -> None:
    seen = QuarantineSeen(group=group(RULE), tags={TAG_QUARANTINE: "rotated"}, groups=("sg-q",))
    steps = plan_opening(quarantine(reach_from=HERE), seen)
    assert [step.kind.value for step in steps] == ["let-nobody-in"]
    assert steps[0].calls[0].operation == "RevokeSecurityGroupIngress"


@pytest.mark.parametrize(
    ("what", "seen", "failed"),
    [
        pytest.param({}, {"groups": ("sg-q",)}, [], id="closed"),
        pytest.param({}, {"groups": ("sg-open",)}, ["closed"], id="opened by somebody"),
        pytest.param({}, {"groups": ("sg-q",), "group": group(RULE)}, ["closed"], id="closed with a door"),
        pytest.param({"open_groups": ("sg-open",)}, {"groups": ("sg-open",), "group": None}, [], id="open"),
        pytest.param({"open_groups": ("sg-open",)}, {"groups": ("sg-open",)}, ["open"], id="open, group left"),
        pytest.param({"open_groups": ("sg-open",)}, {"groups": ("sg-q",)}, ["open"], id="still closed"),
        pytest.param({}, {"groups": ("sg-q",), "secret": None}, ["master password"], id="no secret"),
        pytest.param({}, {"groups": ("sg-q",), "tags": {}}, ["master password"], id="not rotated"),
        pytest.param(
            {"master": "managed"}, {"groups": ("sg-q",), "managed_secret": ""}, ["master password"], id="not managed"
        ),
        pytest.param({"master": "iam"}, {"groups": ("sg-q",), "secret": None}, [], id="IAM"),
    ],
)
def test_the_end_is_checked(what: dict[str, Any], seen: dict[str, Any], failed: list[str]) -> None:
    shown = {"group": group(), "secret": Secret(name="s", tags=TAGS), "tags": {TAG_QUARANTINE: "rotated"}, **seen}
    checks = quarantine_checks(quarantine(**what), QuarantineSeen(**shown))
    assert [check.name for check in checks if not check.passed] == failed


def test_a_managed_password_must_not_be_the_sources() -> None:
    shown = QuarantineSeen(
        group=group(), groups=("sg-q",), tags={TAG_QUARANTINE: "rotated"}, managed_secret="arn:secret"
    )
    checks = quarantine_checks(quarantine(master="managed", source_secret="arn:secret"), shown)
    assert [check.name for check in checks if not check.passed] == ["master password"]


def test_no_password_is_not_said_to_be_a_new_one() -> None:
    seen = QuarantineSeen(tags={TAG_QUARANTINE: "open"}, groups=("sg-1",))
    checks = quarantine_checks(quarantine(master="iam", open_groups=("sg-1",)), seen)
    (said,) = [check.detail for check in checks if check.name == "master password"]
    assert said == "none: it logs in with IAM"


def test_the_group_takes_its_references_place_wherever_it_stands() -> None:
    reference = group_reference("dev")
    call = Call(service="rds", operation="X", parameters={"VpcSecurityGroupIds": [reference], "A": {"B": reference}})
    assert with_group(call, reference, "sg-1").parameters == {"VpcSecurityGroupIds": ["sg-1"], "A": {"B": "sg-1"}}
