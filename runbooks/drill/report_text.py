"""A drill for the terminal, in 80 columns. Pure: text from evidence."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from io import StringIO
from typing import Any, Final

from runbooks.drill.evidence import Chart, Evidence, Round
from runbooks.drill.topology import Topology
from runbooks.drill.verdict import cost_of, seconds
from runbooks.engine.plan import Step, render_plan

WIDTH: Final = 80
SPARK: Final = " ▁▂▃▄▅▆▇█"
LANE: Final = 62  # columns of the small timeline
MARGIN_S: Final = 0.6


def render_outcome(steps: Sequence[Step[Any]], topology: Topology) -> str:
    """The plan of a dry run, with what it would be done to."""
    lines = [f"drill failover {topology.cluster_id}: planned", ""]
    lines += [f"  {line}" for line in describe_members(topology)]
    lines += ["", render_plan(tuple(steps)), "", "Nothing was changed. Add --execute to do it."]
    return "\n".join(lines)


def describe_members(topology: Topology) -> list[str]:
    """One line per instance."""
    widths = [max((len(m.instance_id) for m in topology.members), default=0), 6, 14]
    return [
        f"{m.instance_id:<{widths[0]}}  {'writer' if m.is_writer else 'reader':<{widths[1]}}  "
        f"{m.instance_class:<{widths[2]}}  tier {m.tier:<2}  {m.zone}  {m.status}".rstrip()
        for m in topology.members
    ]


def render_summary(evidence: Evidence, folder: str, *, color: bool = False) -> str:
    """What a drill found: verdict, cost, a small timeline, clocks, checks, ledger, where the reports are."""
    from rich.console import Console
    from rich.text import Text

    out = StringIO()
    console = Console(
        file=out, width=WIDTH, force_terminal=color, color_system="standard" if color else None, highlight=False
    )
    style = "bold green" if evidence.passed else "bold red"
    console.print(
        Text.assemble(f"drill failover {evidence.cluster_id}: ", ("PASSED" if evidence.passed else "FAILED", style)),
    )
    console.print(Text(f"{evidence.measured}; run {evidence.run_id}", style="dim"))
    for part in evidence.rounds:
        _print_round(console, evidence, part)
    _print_checks(console, evidence)
    console.print(Text(f"\nreport  {folder}/report.html", style="bold"), soft_wrap=True)
    return "\n".join(line.rstrip() for line in out.getvalue().rstrip().splitlines())


def _print_round(console: Any, evidence: Evidence, part: Round) -> None:
    from rich.text import Text

    if part.unneeded or part.asked_s is None:
        console.print(f"\n{part.name}: nothing was asked for")
        return
    moved = (
        f"{part.writer_before} -> {part.writer_after}" if part.writer_after != part.writer_before else "no new writer"
    )
    console.print(Text.assemble("\n", (part.name, "bold"), f"  {moved}"))
    console.print(f"  {cost_of(part)}; allowed: {evidence.slo_s:g} s ({evidence.slo_source})")
    if part.chart is not None:
        console.print()
        for line in small_timeline(part, part.chart):
            console.print(Text(line, no_wrap=True, overflow="crop"))
    console.print()
    for reading in part.clocks:
        when = f"{reading.after_s:+8.3f} s" if reading.after_s is not None else "       --"
        console.print(f"  {when:<10}  {reading.name}{f' ({reading.note})' if reading.note else ''}")


def _print_checks(console: Any, evidence: Evidence) -> None:
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for check in evidence.checks:
        mark = Text("ok", style="green") if check.passed else Text("NO", style="bold red")
        table.add_row(mark, check.name, check.detail)
    console.print()
    console.print(Padding(table, (0, 0, 0, 2)))
    ledger = evidence.ledger
    if ledger is not None:
        console.print(
            f"\n  {ledger.acked:,} writes acknowledged, {ledger.lost} lost, {ledger.duplicated} twice, "
            f"{ledger.in_doubt} in doubt ({ledger.in_doubt_present} there, {ledger.in_doubt_absent} not)"
        )


def small_timeline(part: Round, chart: Chart) -> list[str]:
    """Writes, failures and reads around the outage, one column per slice of time."""
    first_s, last_s = _window(part, chart)
    lines = [
        f"  {label:<9} {_spark(_resample(chart, series, first_s, last_s))}"
        for label, series in (("acked", "acked"), ("failed", "failed"), ("reads", "reads"))
    ]
    asked_s = part.asked_s or chart.from_s
    place = min(LANE - 1, max(0, round((asked_s - first_s) / (last_s - first_s) * LANE)))
    left, right = f"{first_s - asked_s:+.1f} s", f"{last_s - asked_s:+.1f} s"
    ruler = [" "] * LANE
    ruler[: len(left)] = left
    ruler[LANE - len(right) :] = right
    if len(left) < place < LANE - len(right) - len("^asked"):
        ruler[place : place + len("^asked")] = "^asked"
    return [*lines, f"  {'':<9} {''.join(ruler)}"]


def _window(part: Round, chart: Chart) -> tuple[float, float]:
    """From a little before the failover was asked for to a little after writes were steady."""
    moments = [part.asked_s or chart.from_s]
    for outage in part.outages:
        moments += [outage.start.earliest_s, outage.end.latest_s]
    moments += [reading.after_s + moments[0] for reading in part.clocks if reading.after_s is not None]
    return max(chart.from_s, min(moments) - MARGIN_S), min(chart.to_s, max(moments) + MARGIN_S)


def _resample(chart: Chart, series: str, first_s: float, last_s: float) -> list[float]:
    numbers = chart.numbers(series)
    step_s = max((last_s - first_s) / LANE, 1e-6)
    found: list[float] = []
    for column in range(LANE):
        low = int((first_s + column * step_s - chart.from_s) / chart.bucket_s)
        high = max(low + 1, int((first_s + (column + 1) * step_s - chart.from_s) / chart.bucket_s))
        slice_ = numbers[max(0, low) : high]
        found.append(sum(slice_) / len(slice_) if slice_ else 0.0)
    return found


def _spark(numbers: Iterable[float]) -> str:
    values = list(numbers)
    top = max(values, default=0.0) or 1.0
    return "".join(SPARK[0 if value <= 0 else max(1, round(value / top * (len(SPARK) - 1)))] for value in values)


def describe_width(part: Round) -> str:
    """How exactly the outages are known."""
    return seconds(part.high_s - part.low_s)
