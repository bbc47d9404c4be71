"""Daily and weekly time windows, UTC, as RDS and ElastiCache spell them."""

from __future__ import annotations

import re

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY_MINUTES = 24 * 60
WEEK_MINUTES = 7 * DAY_MINUTES
CLOCK = r"([01]\d|2[0-3]):([0-5]\d)"
DAILY = re.compile(rf"{CLOCK}-{CLOCK}")
WEEKLY = re.compile(rf"({'|'.join(DAYS)}):{CLOCK}-({'|'.join(DAYS)}):{CLOCK}")

Span = tuple[int, int]
"""Start and length, in minutes; the start from midnight or from Monday's midnight."""


def daily_span(window: str) -> Span | None:
    """Of `hh24:mi-hh24:mi`; None when it is not written so."""
    match = DAILY.fullmatch(window)
    if match is None:
        return None
    first, second, third, fourth = (int(part) for part in match.groups())
    start, end = first * 60 + second, third * 60 + fourth
    return start, (end - start) % DAY_MINUTES


def weekly_span(window: str) -> Span | None:
    """Of `ddd:hh24:mi-ddd:hh24:mi`; None when it is not written so."""
    match = WEEKLY.fullmatch(window.lower())
    if match is None:
        return None
    start_day, start_h, start_min, end_day, end_h, end_min = match.groups()
    start = DAYS.index(start_day) * DAY_MINUTES + int(start_h) * 60 + int(start_min)
    end = DAYS.index(end_day) * DAY_MINUTES + int(end_h) * 60 + int(end_min)
    return start, (end - start) % WEEK_MINUTES


def overlap(daily: str | None, weekly: str | None) -> bool:
    """Whether a daily window meets a weekly one on any day; False when either is absent or misspelt."""
    day, week = daily_span(daily or ""), weekly_span(weekly or "")
    if day is None or week is None:
        return False
    start, length = week
    for index in range(-1, len(DAYS) * 2):
        begin = index * DAY_MINUTES + day[0]
        if begin < start + length and start < begin + day[1]:
            return True
    return False
