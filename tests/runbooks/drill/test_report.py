from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from runbooks.drill.evidence import Evidence
from runbooks.drill.measure import measure_round
from runbooks.drill.records import Trace
from runbooks.drill.report import render_json, write_reports
from runbooks.drill.report_html import render_html
from runbooks.drill.report_svg import NARROW, WIDE, draw_timeline
from runbooks.drill.report_text import WIDTH, render_summary
from tests.runbooks.drill.builders import LEDGER, evidence, facts, failover_trace, round_of, topology

VOID = {"meta", "link", "br"}


class Page(HTMLParser):
    """Follows open elements; fails on one that is closed in the wrong place."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.references: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self.open.append(tag)
        self.references += [value or "" for name, value in attrs if name in {"src", "href", "xlink:href", "srcset"}]

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.references += [value or "" for name, value in attrs if name in {"src", "href"}]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def interrupted() -> Evidence:
    return evidence(rounds=(measure_round(facts(watched=False), Trace(), topology()),), ledger=None, sittings=2)


def failing() -> Evidence:
    return evidence(ledger=replace(LEDGER, lost=1, lost_numbers=(42,)), differences=("<b>endpoint</b> & more",))


def with_fail_back() -> Evidence:
    back = measure_round(facts(number=2, name="fail-back", unneeded=True, asked_s=None), Trace(), topology())
    return evidence(rounds=(round_of(), back))


EVIDENCE = [
    pytest.param(evidence(), id="passed"),
    pytest.param(failing(), id="failed"),
    pytest.param(interrupted(), id="interrupted"),
    pytest.param(with_fail_back(), id="fail-back"),
]


@pytest.mark.parametrize("seen", EVIDENCE)
def test_the_page_is_whole_and_loads_nothing(seen: Evidence) -> None:
    html = render_html(seen)
    page = Page()
    page.feed(html)
    page.close()
    assert page.open == []
    assert page.references == ["data:,"]
    assert not re.search(r"@import|url\(|<script|https?://", html)
    assert "prefers-color-scheme:dark" in html
    assert '<meta name="viewport"' in html


def test_the_verdict_comes_first_with_every_reason() -> None:
    page = Page()
    page.feed(render_html(failing()))
    text = " ".join(page.text)
    assert text.index("failed") < text.index("1 of 400 acknowledged writes are not in the table") < text.index("Checks")
    assert "<b>endpoint</b> & more" in text  # as text, not as markup


def test_the_timeline_draws_what_was_measured() -> None:
    part = round_of()
    for width in (WIDE, NARROW):
        svg = draw_timeline(part, topology(), width)
        assert svg.count('class="flag"') == 5
        assert svg.count('class="away"') == len(part.outages) == 1
        assert all(lane in svg for lane in ("writes", "slowest answer", "reads", "writer in DNS", "writer in API"))
        assert f'viewBox="0 0 {width} ' in svg
    assert draw_timeline(measure_round(facts(), Trace(), topology()), topology(), WIDE) == ""


@pytest.mark.parametrize("seen", EVIDENCE)
def test_the_summary_fits_80_columns(seen: Evidence) -> None:
    text = render_summary(seen, "/runs/x")
    assert max(map(len, text.splitlines())) <= WIDTH
    assert text.splitlines()[0].endswith("PASSED" if seen.passed else "FAILED")
    assert text.endswith("/runs/x/report.html")
    assert "not Aurora" in text


def test_the_summary_is_plain_unless_asked_for_color() -> None:
    assert "\x1b[" not in render_summary(evidence(), "/x")
    assert "\x1b[" in render_summary(evidence(), "/x", color=True)


@pytest.mark.parametrize("seen", EVIDENCE)
def test_json_has_the_evidence_and_the_totals(seen: Evidence) -> None:
    report = json.loads(render_json(seen))
    assert report["passed"] is seen.passed
    assert report["schema"] == 1
    assert [check["name"] for check in report["evidence"]["checks"]] == [check.name for check in seen.checks]
    assert len(report["totals"]) == len(seen.rounds)


def test_reports_are_the_same_every_time(tmp_path: Path) -> None:
    first, second = tmp_path / "a", tmp_path / "b"
    for folder in (first, second):
        folder.mkdir()
        assert [path.name for path in write_reports(evidence(), folder)] == ["report.json", "report.html"]
    for name in ("report.json", "report.html"):
        assert (first / name).read_text() == (second / name).read_text()
    assert sorted(path.name for path in first.iterdir()) == ["report.html", "report.json"]


def test_the_chart_counts_every_write() -> None:
    trace = failover_trace()
    chart = measure_round(facts(asked_s=trace.writes[0].begun_s), trace, topology()).chart
    assert chart is not None
    assert sum(chart.numbers("acked")) == sum(write.fate == "acked" for write in trace.writes)
    assert sum(chart.numbers("failed")) == sum(write.fate != "acked" for write in trace.writes)
