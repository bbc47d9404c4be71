from __future__ import annotations

import pytest

from estate.windows import daily_span, overlap, weekly_span


@pytest.mark.parametrize(
    ("window", "span"),
    [
        ("03:00-04:00", (180, 60)),
        ("23:45-00:15", (1425, 30)),
        ("24:00-01:00", None),
        ("3:00-4:00", None),
        ("03:00", None),
    ],
)
def test_daily(window: str, span: tuple[int, int] | None) -> None:
    assert daily_span(window) == span


@pytest.mark.parametrize(
    ("window", "span"),
    [
        ("mon:00:00-mon:00:30", (0, 30)),
        ("Sun:23:30-Mon:00:30", (10050, 60)),
        ("sunday:05:00-sunday:06:00", None),
        ("05:00-06:00", None),
    ],
)
def test_weekly(window: str, span: tuple[int, int] | None) -> None:
    assert weekly_span(window) == span


@pytest.mark.parametrize(
    ("daily", "weekly", "expected"),
    [
        pytest.param("03:00-04:00", "sun:03:30-sun:05:00", True, id="same-hour"),
        pytest.param("03:00-04:00", "sun:04:00-sun:05:00", False, id="back-to-back"),
        pytest.param("04:00-05:00", "sun:03:00-sun:04:00", False, id="back-to-back-the-other-way"),
        pytest.param("23:30-00:30", "mon:00:00-mon:01:00", True, id="over-midnight"),
        pytest.param("00:00-01:00", "sun:23:30-mon:00:30", True, id="over-the-week"),
        pytest.param("23:30-00:30", "wed:00:15-wed:01:00", True, id="over-midnight-in-the-week"),
        pytest.param("12:00-13:00", "sun:05:00-sun:06:00", False, id="apart"),
        pytest.param(None, "sun:05:00-sun:06:00", False, id="one-unsaid"),
        pytest.param("nonsense", "sun:05:00-sun:06:00", False, id="misspelt"),
    ],
)
def test_overlap(daily: str | None, weekly: str, expected: bool) -> None:
    assert overlap(daily, weekly) is expected
