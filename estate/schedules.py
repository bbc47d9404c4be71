"""Schedules as Application Auto Scaling writes them: `cron(...)`, `rate(...)` and `at(...)`. Pure; no clock.

Source: ScheduledAction.Schedule in CloudFormation's schema of AWS::ApplicationAutoScaling::ScalableTarget: cron has six
fields (minutes, hours, day of month, month, day of week, year), a rate is a whole number of minutes, hours or days,
`at` is `yyyy-mm-ddThh:mm:ss`. One of the two day fields of a cron expression is `?`.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

UNITS_S = {"minute": 60, "hour": 3600, "day": 86_400}
MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
WEEKDAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]
YEAR_MIN, YEAR_MAX = 1970, 2199
_SCHEDULE = re.compile(r"(cron|rate|at)\((.*)\)")
_RATE = re.compile(r"([1-9]\d*) (minute|hour|day)(s?)")
_AT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}")
_ITEM = re.compile(r"(\*|[A-Z0-9]+)(?:-([A-Z0-9]+))?(?:/([1-9]\d*))?")


@dataclass(frozen=True, kw_only=True, slots=True)
class Field:
    """One field of a cron expression: its range, and the names that stand for numbers from `low` on."""

    name: str
    low: int
    high: int
    names: tuple[str, ...] = ()

    def number(self, text: str) -> int | None:
        value = self.names.index(text) + self.low if text in self.names else int(text) if text.isdecimal() else None
        return value if value is not None and self.low <= value <= self.high else None


FIELDS = (
    Field(name="minutes", low=0, high=59),
    Field(name="hours", low=0, high=23),
    Field(name="day of month", low=1, high=31),
    Field(name="month", low=1, high=12, names=tuple(MONTHS)),
    Field(name="day of week", low=1, high=7, names=tuple(WEEKDAYS)),
    Field(name="year", low=YEAR_MIN, high=YEAR_MAX),
)
DAY_OF_MONTH, DAY_OF_WEEK = 2, 4


@dataclass(frozen=True, kw_only=True, slots=True)
class Schedule:
    """A schedule, understood: the moments of a `cron`, the period of a `rate`, or the one moment of an `at`."""

    cron: tuple[frozenset[int], ...] = ()
    rate_s: int = 0
    at: dt.datetime | None = None

    def is_minute(self, moment: dt.datetime) -> bool:
        """Whether a cron schedule names this minute, in the time zone that `moment` is in."""
        weekday = moment.isoweekday() % 7 + 1  # Sunday is 1
        values = (moment.minute, moment.hour, moment.day, moment.month, weekday, moment.year)
        return bool(self.cron) and all(value in allowed for value, allowed in zip(values, self.cron, strict=True))


def read_schedule(text: str) -> Schedule | str:
    """The schedule, or what is wrong with it.

    The special signs `L`, `W` and `#` of cron's day fields are refused: no two of AWS's pages agree on them.
    """
    found = _SCHEDULE.fullmatch(text)
    if found is None:
        return "is neither cron(...), rate(...) nor at(...)"
    kind, inside = found.groups()
    return {"cron": _read_cron, "rate": _read_rate, "at": _read_at}[kind](inside)


def _read_rate(text: str) -> Schedule | str:
    found = _RATE.fullmatch(text)
    if found is None:
        return "is not a whole number of minutes, hours or days, as in rate(12 hours)"
    number, unit, plural = found.groups()
    if (number == "1") == bool(plural):
        return f"must say {unit}{'' if number == '1' else 's'} after {number}"
    return Schedule(rate_s=int(number) * UNITS_S[unit])


def _read_at(text: str) -> Schedule | str:
    try:
        if _AT.fullmatch(text):
            return Schedule(at=dt.datetime.fromisoformat(text))
    except ValueError as error:
        return f"is no moment: {error}"
    return "is not written at(yyyy-mm-ddThh:mm:ss)"


def _read_cron(text: str) -> Schedule | str:
    parts = text.split(" ")
    if len(parts) != len(FIELDS) or not all(parts):
        return f"has {len(text.split())} fields of {len(FIELDS)}: minutes hours day-of-month month day-of-week year"
    if [parts[DAY_OF_MONTH], parts[DAY_OF_WEEK]].count("?") != 1:
        return "must have ? in one of the day fields, and a value in the other"
    allowed: list[frozenset[int]] = []
    for field, part in zip(FIELDS, parts, strict=True):
        values = _values(field, part)
        if not values:
            return f"has {part} for {field.name}, which goes from {field.low} to {field.high}"
        allowed.append(values)
    return Schedule(cron=tuple(allowed))


def _values(field: Field, text: str) -> frozenset[int]:
    """Every number that a field allows; empty when it says something else."""
    if text == "?" and field in (FIELDS[DAY_OF_MONTH], FIELDS[DAY_OF_WEEK]):
        return frozenset(range(field.low, field.high + 1))
    values: set[int] = set()
    for item in text.upper().split(","):
        numbers = _item_values(field, item)
        if not numbers:
            return frozenset()
        values.update(numbers)
    return frozenset(values)


def _item_values(field: Field, item: str) -> range:
    found = _ITEM.fullmatch(item)
    nothing = range(0)
    if found is None:
        return nothing
    first, last, step = found.groups()
    start = field.low if first == "*" else field.number(first)
    end = field.number(last) if last else field.high if first == "*" or step else start
    if start is None or end is None or (first == "*" and last):
        return nothing
    return range(start, end + 1, int(step or 1))
