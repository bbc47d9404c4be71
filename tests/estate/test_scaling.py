"""Replica auto scaling, custom endpoints, names in Route 53: what breaks each rule, and what is said then."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from estate.schedules import Schedule, read_schedule
from tests.support.estate_files import changed, problems

SCALING = "aurora.orders.autoscaling"
DNS = "aurora.orders.dns"
LARGE = {"class": "db.r8g.large"}
THREE = {f"i{number}": LARGE for number in range(3)}
WORKS: dict[str, Any] = {SCALING: {"cpu_percent": 60}, "aurora.orders.watch": {"notify": ["dba@example.com"]}}
NAMED: dict[str, Any] = {
    DNS: {"zone_name": "db.example.internal", "writer": "orders"},
    "aurora.orders.acknowledge": ["aurora/dns-certificate"],
}
SMALL = {"engine": "aurora-postgresql", "version": "17.7", "instances": {"a": LARGE, "b": LARGE}}
PRIVATE = {"zone_name": "db.example.internal", "reader": "others"}

Row = tuple[str, str, dict[str, Any], str]


def schedule(**values: Any) -> dict[str, Any]:
    """A scaling with one schedule beside its target."""
    return WORKS | {
        SCALING: {"cpu_percent": 60, "schedules": {"day": {"at": "rate(1 day)", "min_readers": 2} | values}}
    }


def scaling(**values: Any) -> dict[str, Any]:
    return WORKS | {SCALING: {"cpu_percent": 60} | values}


def dns(**values: Any) -> dict[str, Any]:
    return NAMED | {DNS: {"zone_name": "db.example.internal", "writer": "orders"} | values}


ROWS: tuple[Row, ...] = (
    ("aurora/scaling-order", f"{SCALING}.max_readers", scaling(min_readers=5, max_readers=4), "must not be below min"),
    (
        "aurora/scaling-order",
        f"{SCALING}.schedules.day.max_readers",
        schedule(min_readers=6, max_readers=5),
        "must not be below min_readers (6), got 5",
    ),
    (
        "aurora/scaling-order",
        f"{SCALING}.schedules.day.min_readers",
        schedule(min_readers=4),
        "must not be above the maximum that may hold by then (3), got 4; give max_readers beside it",
    ),
    (
        "aurora/scaling-order",
        f"{SCALING}.schedules.day.max_readers",
        schedule(min_readers=None, max_readers=0),
        "must not be below the minimum that may hold by then (1), got 0; give min_readers beside it",
    ),
    (
        "aurora/scaling-declared",
        f"{SCALING}.max_readers",
        scaling(max_readers=1),
        "must be above the 1 declared readers, which it counts and never removes, got 1",
    ),
    (
        "aurora/scaling-reader",
        "aurora.orders.instances",
        WORKS | {"aurora.orders.instances": {"a": LARGE}, "acknowledge": ["aurora/single-instance"]},
        "must have a reader for auto scaling to start from, got 1 instance",
    ),
    (
        "aurora/scaling-reason",
        SCALING,
        WORKS | {SCALING: {"max_readers": 4}},
        "must have cpu_percent, connections or schedules",
    ),
    (
        "aurora/scaling-schedule",
        f"{SCALING}.schedules.day.at",
        schedule(at="cron(0 7 * * *)"),
        "got cron(0 7 * * *); it has 5 fields of 6",
    ),
    (
        "aurora/scaling-timezone",
        f"{SCALING}.schedules.day.timezone",
        schedule(timezone="Europe/Bonn"),
        "must be a time zone of the IANA database, got Europe/Bonn",
    ),
    (
        "aurora/scaling-idle-schedule",
        f"{SCALING}.schedules.day",
        schedule(min_readers=None),
        "must set min_readers, max_readers or both",
    ),
    (
        "aurora/scaling-class",
        SCALING,
        WORKS | {"aurora.orders.instances.c": {"class": "db.r8g.xlarge"}},
        "got classes db.r8g.large, db.r8g.xlarge",
    ),
    (
        "aurora/scaling-serverless",
        SCALING,
        WORKS | {"aurora.orders.instances": {"a": {}, "b": {}}},
        "got serverless instances only",
    ),
    (
        "aurora/scaling-endpoint",
        "aurora.orders.endpoints.all.members",
        WORKS | {"aurora.orders.instances": THREE, "aurora.orders.endpoints": {"all": {"members": ["i0", "i1", "i2"]}}},
        "must let added readers in, got [i0, i1, i2]; a list of members never does: use `excluded`",
    ),
    (
        "aurora/scaling-unwatched",
        SCALING,
        {SCALING: {"cpu_percent": 60}},
        "must tell somebody when it is at its maximum",
    ),
    (
        "aurora/endpoint-shared",
        "aurora.orders.endpoints.reports.members",
        {"aurora.orders.endpoints": {"reports": {"members": ["b"]}}},
        "the reader endpoint still answers with them, got [b]; add one that has them in `excluded`",
    ),
    ("aurora/dns-none", DNS, dns(writer=None), "must give at least one of writer, reader and endpoints a name"),
    (
        "aurora/dns-zone-id",
        f"{DNS}.hosted_zone_id",
        dns(hosted_zone_id="/hostedzone/Z1"),
        "got /hostedzone/Z1; copy it",
    ),
    ("aurora/dns-zone", f"{DNS}.zone_name", dns(zone_name="internal"), "must be a domain of two labels at least"),
    ("aurora/dns-zone", f"{DNS}.zone_name", dns(zone_name="db.example.com."), "without a last dot"),
    (
        "aurora/dns-zone",
        f"{DNS}.zone_name",
        dns(zone_name="rds.amazonaws.com"),
        "must not be a domain of AWS, got rds.amazonaws.com",
    ),
    ("aurora/dns-name", f"{DNS}.writer", dns(writer="Orders"), "must be lower-case letters"),
    ("aurora/dns-name", f"{DNS}.writer", dns(writer=""), "must be lower-case letters"),
    ("aurora/dns-name", f"{DNS}.writer", dns(writer="a" * 64), "labels of 63 at most"),
    (
        "aurora/dns-name",
        f"{DNS}.writer",
        dns(writer=".".join(["a" * 60] * 4)),
        "must have 253 characters at most with the domain",
    ),
    (
        "aurora/dns-name",
        f"{DNS}.writer",
        dns(writer="orders.db.example.internal"),
        "must be written without the domain",
    ),
    ("aurora/dns-repeat", f"{DNS}.reader", dns(reader="orders"), "must be a name of its own, got orders"),
    (
        "aurora/dns-endpoint",
        f"{DNS}.endpoints.reports",
        dns(endpoints={"reports": "reports"}),
        "must be a custom endpoint of the cluster, got reports",
    ),
    (
        "aurora/dns-certificate",
        DNS,
        {DNS: {"zone_name": "db.example.internal", "writer": "orders"}},
        "must be in the server's certificate, which holds Aurora's names only",
    ),
    (
        "estate/dns-clash",
        "aurora.other.dns.zone_name",
        NAMED | {"aurora.other": SMALL | {"dns": PRIVATE, "acknowledge": ["aurora/dns-certificate"]}},
        "must be its own: orders has the private zone db.example.internal in eu-west-1",
    ),
)


@pytest.mark.parametrize(("rule", "path", "changes", "said"), ROWS, ids=[f"{row[0]}-{n}" for n, row in enumerate(ROWS)])
def test_broken(rule: str, path: str, changes: dict[str, Any], said: str) -> None:
    found = {problem.rule: problem for problem in problems(changed(changes))}
    assert list(found) == [rule]
    assert found[rule].path == path
    assert said in found[rule].message


@pytest.mark.parametrize(
    ("rule", "changes", "said"),
    [
        pytest.param(
            "aurora/scaling-global-readers",
            {"autoscaling": {"cpu_percent": 60, "max_readers": 15}},
            "must be 14 at most in the primary of this Global Database, got 15",
            id="readers",
        ),
        pytest.param(
            "aurora/scaling-global",
            {"autoscaling": {"cpu_percent": 60}},
            "after a switchover it does nothing where it is",
            id="stays",
        ),
    ],
)
def test_in_a_global_database(rule: str, changes: dict[str, Any], said: str) -> None:
    cluster = SMALL | {"global": {"secondaries": {"us-east-1": {}}}} | changes
    found = {p.rule: p for p in problems(changed({"regions": ["eu-west-1", "us-east-1"], "aurora.orders": cluster}))}
    assert said in found[rule].message


LAST = {"class": "serverless", "tier": 15}
KNOWN = {"acknowledge": ["aurora/dns-certificate"]}
EXCLUSION = {"reports": {"members": ["c"]}, "app": {"excluded": ["c"]}}


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param(WORKS, id="cpu"),
        pytest.param(scaling(connections=1, max_readers=15), id="both-metrics-to-fifteen"),
        pytest.param(scaling(min_readers=3), id="minimum-at-the-maximum"),
        pytest.param(scaling(max_readers=2), id="one-more-than-declared"),
        pytest.param(WORKS | {SCALING: {"schedules": {"day": {"at": "rate(1 day)", "min_readers": 2}}}}, id="schedule"),
        pytest.param(schedule(min_readers=3), id="schedule-to-the-maximum"),
        pytest.param(schedule(min_readers=9, max_readers=9), id="schedule-with-both-bounds"),
        pytest.param(schedule(timezone="Europe/Berlin"), id="time-zone"),
        pytest.param(
            WORKS | {"aurora.orders.instances.c": {"class": "serverless", "tier": 15}}, id="last-tier-differs"
        ),
        pytest.param(
            scaling(max_readers=5)
            | {"aurora.orders.instances": THREE | {"c": LARGE}, "aurora.orders.endpoints": EXCLUSION},
            id="members-of-their-own",
        ),
        pytest.param(
            {"aurora.orders.instances.c": LARGE, "aurora.orders.endpoints": EXCLUSION}, id="others-have-an-endpoint"
        ),
        pytest.param({"aurora.orders.endpoints": {"all": {"type": "any", "members": ["a", "b"]}}}, id="everybody"),
        pytest.param(
            {
                "aurora.orders.endpoints": {"reports": {"members": ["b"]}},
                "aurora.orders.acknowledge": ["aurora/endpoint-shared"],
            },
            id="shared-and-known",
        ),
        pytest.param(NAMED, id="private-zone"),
        pytest.param(dns(hosted_zone_id="Z" + "A" * 31, ttl_s=0), id="zone-that-exists"),
        pytest.param(dns(writer="a" * 63, reader="orders.read"), id="long-and-dotted"),
        pytest.param(
            dns(hosted_zone_id="Z1A")
            | {
                "aurora.other": SMALL
                | {"dns": PRIVATE | {"hosted_zone_id": "Z1A"}, "acknowledge": ["aurora/dns-certificate"]}
            },
            id="two-clusters-in-one-zone",
        ),
    ],
)
def test_legal(changes: dict[str, Any]) -> None:
    assert problems(changed(changes)) == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("cron(0 7 ? * MON-FRI *)", ""),
        ("cron(0/15 8-18 ? JAN,JUL * 2026-2030)", ""),
        ("cron(30 23 1 * ? *)", ""),
        ("rate(1 hour)", ""),
        ("rate(12 hours)", ""),
        ("at(2026-12-24T18:00:00)", ""),
        ("every day", "is neither cron(...), rate(...) nor at(...)"),
        ("cron(0 7 * * MON-FRI *)", "must have ? in one of the day fields"),
        ("cron(0 7 ? * ? *)", "must have ? in one of the day fields"),
        ("cron(60 7 ? * MON *)", "has 60 for minutes, which goes from 0 to 59"),
        ("cron(0 24 ? * MON *)", "has 24 for hours"),
        ("cron(0 7 0 * ? *)", "has 0 for day of month"),
        ("cron(0 7 ? 13 MON *)", "has 13 for month"),
        ("cron(0 7 ? * MUN *)", "has MUN for day of week"),
        ("cron(0 7 L * ? *)", "has L for day of month"),
        ("cron(0 18-8 ? * MON *)", "has 18-8 for hours"),
        ("cron(0 7 ? * MON 1969)", "has 1969 for year"),
        ("cron(0 7 ? * MON)", "has 5 fields of 6"),
        ("rate(0 hours)", "is not a whole number"),
        ("rate(1 hours)", "must say hour after 1"),
        ("rate(2 hour)", "must say hours after 2"),
        ("rate(2 weeks)", "is not a whole number"),
        ("at(2026-12-24 18:00:00)", "is not written at(yyyy-mm-ddThh:mm:ss)"),
        ("at(2026-02-30T18:00:00)", "is no moment"),
    ],
)
def test_schedules(text: str, said: str) -> None:
    schedule = read_schedule(text)
    assert isinstance(schedule, Schedule) is not bool(said)
    assert said in str(schedule)


@pytest.mark.parametrize(
    ("text", "moment", "named"),
    [
        ("cron(0 7 ? * MON-FRI *)", "2026-11-23T07:00", True),
        ("cron(0 7 ? * MON-FRI *)", "2026-11-22T07:00", False),
        ("cron(0 7 ? * SUN *)", "2026-11-22T07:00", True),
        ("cron(0/20 * * * ? *)", "2026-11-22T09:40", True),
        ("cron(0/20 * * * ? *)", "2026-11-22T09:30", False),
        ("cron(0 7 1 JAN ? 2027)", "2027-01-01T07:00", True),
        ("cron(0 7 1 JAN ? 2027)", "2028-01-01T07:00", False),
        ("rate(1 minute)", "2026-11-22T09:30", False),
    ],
)
def test_minutes_that_a_schedule_names(text: str, moment: str, *, named: bool) -> None:
    schedule = read_schedule(text)
    assert isinstance(schedule, Schedule)
    assert schedule.is_minute(dt.datetime.fromisoformat(moment)) is named
