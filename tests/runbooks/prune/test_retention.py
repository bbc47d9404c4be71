"""Which snapshots stay and by which rule: tables first, then every calendar that hypothesis can think of."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from estate.names import TAG_EXPIRES, TAG_HOLD, TAG_RUN, TAG_RUNBOOKS, TAG_SOURCE
from runbooks.prune.retention import Fate, Policy, Ruling, counts, gaps, rule
from runbooks.snapshot.seen import Snapshot
from runbooks.tags import expiry_text
from tests.runbooks.prune.builders import CLUSTER_ARN, NOW, OURS, days, snapshot

NOTHING = Policy(daily=0, weekly=0, monthly=0, yearly=0, keep_at_least=1)


def at(text: str) -> Snapshot:
    return snapshot(datetime.fromisoformat(text).replace(tzinfo=UTC), name=text)


def kept(snapshots: Iterable[Snapshot], policy: Policy, now: datetime = NOW, **busy: str) -> dict[str, tuple[str, ...]]:
    """Names of what is kept, each with why."""
    return {
        each.snapshot.snapshot_id: each.reasons
        for each in rule(tuple(snapshots), policy, now, busy)
        if each.fate is Fate.KEPT
    }


def going(snapshots: Iterable[Snapshot], policy: Policy, now: datetime = NOW) -> set[str]:
    return {each.snapshot.snapshot_id for each in rule(tuple(snapshots), policy, now) if each.fate is Fate.GOES}


LAST = "one of the newest 1"
PERIODS: tuple[tuple[str, dict[str, int], tuple[str, ...], dict[str, tuple[str, ...]]], ...] = (
    (
        "the newest of a day",
        {"daily": 2},
        ("2026-11-20T01:00", "2026-11-20T23:59", "2026-11-21T00:00"),
        {"2026-11-21T00:00": (LAST, "daily"), "2026-11-20T23:59": ("daily",)},
    ),
    (
        "days without one are not counted",
        {"daily": 2},
        ("2026-11-21T00:00", "2026-10-01T00:00", "2026-09-01T00:00"),
        {"2026-11-21T00:00": (LAST, "daily"), "2026-10-01T00:00": ("daily",)},
    ),
    (
        "the ISO week of the turn of the year has two years",
        {"weekly": 2},
        ("2026-12-28T00:00", "2027-01-03T00:00", "2026-12-27T00:00"),  # week 53 of 2026, and week 52
        {"2027-01-03T00:00": (LAST, "weekly"), "2026-12-27T00:00": ("weekly",)},
    ),
    (
        "a leap day ends its month",
        {"monthly": 2},
        ("2028-02-28T00:00", "2028-02-29T00:00", "2028-03-01T00:00"),
        {"2028-03-01T00:00": (LAST, "monthly"), "2028-02-29T00:00": ("monthly",)},
    ),
    (
        "the newest of a year",
        {"yearly": 2},
        ("2025-01-01T00:00", "2025-12-31T23:59", "2026-01-01T00:00"),
        {"2026-01-01T00:00": (LAST, "yearly"), "2025-12-31T23:59": ("yearly",)},
    ),
    (
        "one may be kept by every rule",
        {"daily": 1, "weekly": 1, "monthly": 1, "yearly": 1},
        ("2026-11-21T00:00", "2026-11-20T00:00"),
        {"2026-11-21T00:00": (LAST, "daily", "weekly", "monthly", "yearly")},
    ),
    ("no rule keeps but the newest", {}, ("2026-11-21T00:00", "2026-11-20T00:00"), {"2026-11-21T00:00": (LAST,)}),
)


@pytest.mark.parametrize(
    ("numbers", "taken", "expected"), [row[1:] for row in PERIODS], ids=[row[0] for row in PERIODS]
)
def test_periods(numbers: dict[str, int], taken: tuple[str, ...], expected: dict[str, tuple[str, ...]]) -> None:
    assert kept(map(at, taken), replace(NOTHING, **numbers)) == expected


def test_periods_are_utc_whatever_zone_a_time_is_given_in() -> None:
    """23:30 in New York is the next day in UTC: with local days both would be kept."""
    evening = datetime(2026, 11, 20, 23, 30, tzinfo=timezone(timedelta(hours=-5)))
    both = (snapshot(evening, "evening"), snapshot(datetime(2026, 11, 21, 5, 0, tzinfo=UTC), "morning"))
    assert set(kept(both, replace(NOTHING, daily=2))) == {"morning"}


def test_the_last_is_never_deleted_however_old() -> None:
    """aurora-snapshot-tool deletes the last remaining snapshot if it is old enough."""
    assert going(days(4000), NOTHING) == set()
    assert len(kept(days(4000, 4001, 4002), replace(NOTHING, keep_at_least=2))) == 2


FENCES: tuple[tuple[str, dict[str, Any], str], ...] = (
    ("held", {"tags": {**OURS, TAG_HOLD: "case 4711"}}, "legal hold: case 4711"),
    ("held without a word", {"tags": {**OURS, TAG_HOLD: ""}}, "legal hold: no reason given"),
    ("expires", {"tags": {**OURS, TAG_EXPIRES: "2026-11-21T12:00:01Z"}}, "expires 2026-11-21 12:00 UTC"),
    ("unreadable expiry", {"tags": {**OURS, TAG_EXPIRES: "soon"}}, "its expiry cannot be read: 'soon'"),
    ("shared", {"shared_with": ("210987654321",)}, "shared with 210987654321: unshare it first"),
    ("sharing not known", {"shared_with": None}, "whom it is shared with is not known"),
    ("exporting", {"status": "exporting"}, "is exporting"),
    ("fenced", {"tags": {**OURS, TAG_RUNBOOKS: "none"}}, "its owner changes the tag"),
)


@pytest.mark.parametrize(("changes", "reason"), [row[1:] for row in FENCES], ids=[row[0] for row in FENCES])
def test_what_is_kept_at_any_age(changes: dict[str, Any], reason: str) -> None:
    old = replace(days(900)[0], **changes)
    assert reason in " ".join(kept((*days(0), old), NOTHING)[old.snapshot_id])


def test_what_is_in_use_is_kept() -> None:
    old = days(900)[0]
    rulings = rule((*days(0), old), NOTHING, NOW, {old.arn: "being copied to there"})
    assert [each.reasons for each in rulings if each.snapshot is old] == [("being copied to there",)]


def test_an_expiry_that_is_over_changes_nothing() -> None:
    tags = {**OURS, TAG_EXPIRES: expiry_text(NOW)}
    old, new = (replace(each, tags=tags) for each in days(900, 0))
    assert going((old, new), NOTHING) == {old.snapshot_id}


CLONE = "arn:aws:rds:eu-west-1:123456789012:cluster:production"
COPY_OF = "arn:aws:rds:eu-west-1:123456789012:cluster-snapshot:elsewhere"
FOREIGN: tuple[tuple[str, dict[str, Any], str], ...] = (
    ("automated", {"kind": "automated"}, "automated: it goes with the cluster's retention"),
    ("AWS Backup's", {"kind": "awsbackup"}, "AWS Backup's own"),
    ("another account's", {"kind": "shared"}, "another account's"),
    ("of a kind to come", {"kind": "other"}, "of kind other"),
    ("by hand", {"tags": {"team": "shop"}}, "no run of a runbook made it"),
    ("by hand, of a clone", {"tags": {**OURS, TAG_SOURCE: CLONE}}, "its tags were copied from the cluster"),
    ("by hand, of a restore", {"tags": {**OURS, TAG_SOURCE: COPY_OF}}, "its tags were copied from the cluster"),
    ("without a source", {"tags": {TAG_RUN: "one"}}, "its tags were copied from the cluster"),
)


@pytest.mark.parametrize(("changes", "reason"), [row[1:] for row in FOREIGN], ids=[row[0] for row in FOREIGN])
def test_what_is_not_ours_is_neither_deleted_nor_counted(changes: dict[str, Any], reason: str) -> None:
    foreign = replace(days(0)[0], **changes)
    ours = days(900)[0]
    rulings = {each.snapshot.snapshot_id: each for each in rule((foreign, ours), NOTHING, NOW)}
    assert rulings[foreign.snapshot_id].fate is Fate.NOT_OURS
    assert reason in rulings[foreign.snapshot_id].reasons[0]
    assert rulings[ours.snapshot_id].fate is Fate.KEPT  # the last of ours, though not the last


def test_a_copy_that_a_run_made_is_ours() -> None:
    copy = replace(days(0)[0], copied_from=COPY_OF, tags={**OURS, TAG_SOURCE: COPY_OF})
    assert counts(copy)
    cache = replace(copy, family="cache", copied_from="", tags={**OURS, TAG_SOURCE: COPY_OF.replace("cluster-", "")})
    assert counts(cache)


def test_what_is_not_available_is_kept_but_counts_for_nothing() -> None:
    failed = replace(days(0)[0], status="failed")
    assert set(kept((failed, *days(900, 901)), NOTHING)) == {failed.snapshot_id, days(900)[0].snapshot_id}


def test_one_that_is_being_made_has_no_time_yet() -> None:
    new = snapshot(None, status="creating")
    assert gaps((new,)) == ()
    assert kept((new, *days(1)), NOTHING)[new.snapshot_id] == ("is creating",)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        pytest.param(snapshot(None), "must have a time of creation, got none", id="undated"),
        pytest.param(snapshot(datetime(2026, 11, 1)), "must have a time with its zone", id="naive"),  # noqa: DTZ001
    ],
)
def test_with_a_hole_in_the_picture_nothing_is_judged(wrong: Snapshot, said: str) -> None:
    """aurora-snapshot-tool compares with a naive now(), in whatever zone the machine is."""
    with pytest.raises(ValueError, match=said):
        rule((wrong, *days(1, 2, 3)), NOTHING, NOW)


@pytest.mark.parametrize("number", ["daily", "weekly", "monthly", "yearly"])
def test_a_policy_counts_from_zero(number: str) -> None:
    with pytest.raises(ValueError, match=f"{number} must be 0 or more, got -1"):
        replace(NOTHING, **{number: -1})


def test_a_policy_keeps_one_at_least() -> None:
    with pytest.raises(ValueError, match="keep-at-least must be 1 or more, got 0; the last is never deleted"):
        replace(NOTHING, keep_at_least=0)


# --- any calendar

MOMENTS = st.datetimes(
    min_value=datetime(2019, 12, 20),  # noqa: DTZ001 - hypothesis adds the zone
    max_value=datetime(2029, 1, 10),  # noqa: DTZ001
    timezones=st.just(UTC),
)
TURNS = st.sampled_from(  # leap days and the ends of years, where ISO weeks belong to two of them
    [
        datetime(year, month, day, hour, tzinfo=UTC)
        for year, month, day in (
            (2020, 2, 29), (2024, 2, 29), (2028, 2, 29), (2020, 12, 31), (2021, 1, 1), (2021, 1, 3), (2024, 12, 30),
            (2026, 12, 31), (2027, 1, 1), (2027, 1, 3), (2027, 1, 4),
        )
        for hour in (0, 23)
    ]
)  # fmt: skip
POLICIES = st.builds(
    Policy,
    daily=st.integers(0, 9),
    weekly=st.integers(0, 6),
    monthly=st.integers(0, 14),
    yearly=st.integers(0, 4),
    keep_at_least=st.integers(1, 4),
)
TAGS = st.sampled_from(
    [OURS] * 6
    + [
        {},
        {**OURS, TAG_HOLD: "case"},
        {**OURS, TAG_SOURCE: CLONE},
        {**OURS, TAG_EXPIRES: "2024-06-01T00:00:00Z"},
    ]
)


@st.composite
def shelves(draw: Any) -> tuple[Snapshot, ...]:
    """Up to thirty snapshots: dense, sparse, of the same moment, some of others, held, shared, unfinished."""
    moments = draw(st.lists(MOMENTS | TURNS, max_size=30))
    return tuple(
        snapshot(
            moment,
            name=f"s{number}",
            tags=draw(TAGS),
            status=draw(st.sampled_from(["available"] * 8 + ["creating", "failed"])),
            shared_with=draw(st.sampled_from([()] * 8 + [("210987654321",)])),
        )
        for number, moment in enumerate(moments)
    )


def fates(rulings: Iterable[Ruling]) -> dict[str, Fate]:
    return {each.snapshot.snapshot_id: each.fate for each in rulings}


def names(snapshots: Iterable[Snapshot]) -> set[str]:
    return {each.snapshot_id for each in snapshots}


@given(shelves(), POLICIES, MOMENTS)
def test_the_minimum_stays(shelf: tuple[Snapshot, ...], policy: Policy, now: datetime) -> None:
    gone = going(shelf, policy, now)
    left = [each for each in shelf if counts(each) and each.snapshot_id not in gone]
    assert len(left) >= min(policy.keep_at_least, sum(map(counts, shelf)))
    assert gone <= {each.snapshot_id for each in shelf if counts(each) and TAG_HOLD not in each.tags}


@given(shelves(), POLICIES, MOMENTS, st.randoms(use_true_random=False))
def test_the_order_of_the_list_does_not_matter(
    shelf: tuple[Snapshot, ...], policy: Policy, now: datetime, random: Any
) -> None:
    """KAM takes the fifth of the list for the latest."""
    shuffled = list(shelf)
    random.shuffle(shuffled)
    assert rule(shuffled, policy, now) == rule(shelf, policy, now)


@given(shelves(), POLICIES, MOMENTS, st.data())
def test_whatever_part_is_deleted_first_the_rest_is_judged_the_same(
    shelf: tuple[Snapshot, ...], policy: Policy, now: datetime, data: Any
) -> None:
    """Killed anywhere, the next run finishes; and a run after it has nothing to do."""
    gone = going(shelf, policy, now)
    part = data.draw(st.sets(st.sampled_from(sorted(gone)))) if gone else set()
    left = tuple(each for each in shelf if each.snapshot_id not in part)
    assert going(left, policy, now) == gone - part


@given(shelves(), POLICIES, POLICIES, MOMENTS)
def test_a_larger_policy_keeps_no_less(shelf: tuple[Snapshot, ...], one: Policy, other: Policy, now: datetime) -> None:
    larger = Policy(
        daily=max(one.daily, other.daily),
        weekly=max(one.weekly, other.weekly),
        monthly=max(one.monthly, other.monthly),
        yearly=max(one.yearly, other.yearly),
        keep_at_least=max(one.keep_at_least, other.keep_at_least),
    )
    assert going(shelf, larger, now) <= going(shelf, one, now)


@given(shelves(), POLICIES, MOMENTS)
def test_the_newest_is_kept_and_so_is_all_that_a_rule_names(
    shelf: tuple[Snapshot, ...], policy: Policy, now: datetime
) -> None:
    rulings = rule(shelf, policy, now)
    counted = [each for each in rulings if counts(each.snapshot)]
    assert not counted or counted[0].fate is Fate.KEPT
    assert all((each.fate is Fate.GOES) == (not each.reasons) for each in rulings)


@given(shelves(), POLICIES, MOMENTS, st.data())
def test_a_hold_is_for_ever_and_keeps_no_other(
    shelf: tuple[Snapshot, ...], policy: Policy, now: datetime, data: Any
) -> None:
    if not shelf:
        return
    held = data.draw(st.sampled_from(shelf))
    after = tuple(replace(each, tags={**each.tags, TAG_HOLD: "case"}) if each is held else each for each in shelf)
    assert going(after, policy, now) == going(shelf, policy, now) - {held.snapshot_id}


EVENTS = st.lists(
    st.tuples(st.just("take"), st.floats(0.01, 40))
    | st.tuples(st.just("prune"), POLICIES)
    | st.tuples(st.just("killed"), POLICIES)
    | st.tuples(st.just("jump"), st.floats(-400, 400))
    | st.tuples(st.just("hold"), st.integers(0, 99))
    | st.tuples(st.just("release"), st.integers(0, 99)),
    max_size=40,
)


@settings(max_examples=200)
@given(MOMENTS | TURNS, EVENTS, st.integers(1, 4), st.randoms(use_true_random=False))
def test_no_sequence_of_runs_leaves_fewer_than_the_minimum(
    start: datetime, events: list[tuple[str, Any]], least: int, random: Any
) -> None:
    """Snapshots taken, runs done and killed midway, clocks set back and forth, holds set and taken away."""
    now, shelf, taken, held = start, [], 0, set[str]()
    for what, value in events:
        if what == "take":
            now, taken = now + timedelta(days=value), taken + 1
            shelf.append(snapshot(now, name=f"s{taken}"))
        elif what == "jump":
            now = min(
                max(now + timedelta(days=value), datetime(2000, 1, 1, tzinfo=UTC)), datetime(2090, 1, 1, tzinfo=UTC)
            )
        elif what in {"hold", "release"} and shelf:
            at_ = value % len(shelf)
            tags = {**OURS, **({TAG_HOLD: "case"} if what == "hold" else {})}
            shelf[at_] = replace(shelf[at_], tags=tags)
        elif what in {"prune", "killed"}:
            policy = replace(value, keep_at_least=max(least, value.keep_at_least))
            gone = sorted(going(shelf, policy, now))
            gone = random.sample(gone, random.randint(0, len(gone))) if what == "killed" else gone
            shelf = [each for each in shelf if each.snapshot_id not in gone]
        held |= {each.snapshot_id for each in shelf if TAG_HOLD in each.tags}
        held &= {each.snapshot_id for each in shelf if TAG_HOLD in each.tags} | (held - names(shelf))
        assert held <= names(shelf)
        assert len(shelf) >= min(least, taken)


def test_the_source_is_read_from_whole_arns() -> None:
    """Names of automated snapshots have a colon of their own."""
    tags = {**OURS, TAG_SOURCE: "arn:aws:rds:eu-west-1:123456789012:cluster-snapshot:rds:shop-orders-2026-11-20"}
    assert counts(replace(days(0)[0], tags=tags, copied_from=tags[TAG_SOURCE]))
    assert counts(replace(days(0)[0], tags={**OURS, TAG_SOURCE: CLUSTER_ARN}))
