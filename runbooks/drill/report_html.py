"""A drill as one self-contained page. Pure: HTML from evidence, no script, nothing loaded from anywhere."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import Final

from runbooks.drill.evidence import ClockReading, Evidence, Round
from runbooks.drill.report_svg import NARROW, WIDE, draw_timeline
from runbooks.drill.topology import Topology
from runbooks.drill.verdict import between, cost_of, seconds

STYLE: Final = """
:root{color-scheme:light dark;--ink:#1b2430;--dim:#5d6b7c;--page:#f3f5f8;--card:#fff;--line:#dfe4ea;--good:#2f8f6b;
--bad:#d0453c;--warn:#b7791f;--answer:#7a8aa0;--away:#d0453c2b;--edge:#d0453c1f;--i0:#3c6fd1;--i1:#8a56c6;
--i2:#0f8f9c;--i3:#b5602c;--i4:#5b7a2a;--i5:#a8447f}@media (prefers-color-scheme:dark){:root{--ink:#e5eaf1;
--dim:#96a3b5;--page:#10151c;--card:#19212b;--line:#2b3643;--good:#45b48a;--bad:#f0716a;--warn:#e0a94e;
--answer:#8394ab;--away:#f0716a38;--edge:#f0716a26;--i0:#5b8cf0;--i1:#a97be0;--i2:#2fb0be;--i3:#d88350;--i4:#8bb04a;
--i5:#d06aa6}}*{box-sizing:border-box}body{margin:0;background:var(--page);color:var(--ink);font:15px/1.5 system-ui,
-apple-system,"Segoe UI",Roboto,sans-serif;-webkit-text-size-adjust:100%}main{max-width:1200px;margin:0 auto;
padding:28px 20px 56px}section,header{background:var(--card);border:1px solid var(--line);border-radius:10px;
padding:20px 22px;margin:0 0 16px}header{border-left:6px solid var(--bad)}header.passed{border-left-color:var(--good)}
h1{font-size:25px;line-height:1.25;margin:0 0 4px;overflow-wrap:anywhere}h2{font-size:17px;margin:0 0 12px}
h3{font-size:14px;margin:20px 0 6px;color:var(--dim);font-weight:600}p{margin:4px 0}.dim{color:var(--dim)}
.word{color:var(--bad)}.passed .word,.ok{color:var(--good)}.no{color:var(--bad)}ul.why{margin:10px 0 0;
padding-left:20px}.facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:12px 20px;
margin:18px 0 0}.facts div{min-width:0}.facts dt,.facts .k{font-size:12.5px;color:var(--dim)}.facts .v{font-size:21px;
font-weight:600;font-variant-numeric:tabular-nums;overflow-wrap:anywhere;line-height:1.25}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}th{text-align:left;font-size:12.5px;
color:var(--dim);font-weight:600;padding:4px 12px 4px 0;border-bottom:1px solid var(--line)}td{padding:6px 12px 6px 0;
border-bottom:1px solid var(--line);vertical-align:top;overflow-wrap:anywhere}tr:last-child td{border-bottom:0}td.n,
th.n{text-align:right;white-space:nowrap;padding-right:24px}td.mark{width:34px;font-weight:700}.bar{height:12px;
border-radius:6px;background:var(--line);position:relative;overflow:hidden;margin:8px 0 4px}.bar i{position:absolute;
top:0;bottom:0;left:0;border-radius:6px;background:var(--good);min-width:3px}.bar i.over{background:var(--bad)}
.bar i.edge{opacity:.4}ol.clocks{list-style:none;margin:14px 0 0;padding:0;display:grid;
grid-template-columns:repeat(5,minmax(0,1fr));gap:10px 16px}ol.clocks b{display:inline-block;width:20px;height:20px;
border-radius:50%;background:var(--ink);color:var(--card);font-size:12px;line-height:20px;text-align:center;
margin-right:6px}ol.clocks .t{font-size:17px;font-weight:600;font-variant-numeric:tabular-nums}
ol.clocks .k{display:block;color:var(--dim);font-size:13px}.legend{display:flex;flex-wrap:wrap;gap:4px 18px;
margin:10px 0 0;font-size:13px;color:var(--dim)}.legend i{display:inline-block;width:11px;height:11px;
border-radius:2px;margin-right:6px;outline:1px solid #8884}svg{display:block;width:100%;height:auto}
svg text{font:11px system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;fill:var(--ink)}svg text.lane{font-weight:600}
svg .dim{fill:var(--dim);font-weight:400}svg .good{fill:var(--good)}svg .bad{fill:var(--bad)}
svg .answer{fill:var(--answer)}svg .base{stroke:var(--line);fill:none}svg .tick{stroke:var(--dim)}
svg .away{fill:var(--away)}svg .edge{fill:var(--edge)}svg .clock{stroke:var(--ink);stroke-width:1;
stroke-dasharray:2 3;fill:none;opacity:.75}svg .asked{stroke:var(--ink);stroke-width:1.4;fill:none}
svg .flag{fill:var(--ink)}svg .flagno{fill:var(--card);font-weight:700}svg .inseg{fill:#fff;font-weight:600}
svg .seg.none{fill:var(--dim)}svg .i0{fill:var(--i0)}svg .i1{fill:var(--i1)}svg .i2{fill:var(--i2)}
svg .i3{fill:var(--i3)}svg .i4{fill:var(--i4)}svg .i5{fill:var(--i5)}svg.narrow{display:none}footer{color:var(--dim);
font-size:13px;padding:4px 2px;overflow-wrap:anywhere}@media (max-width:720px){main{padding:12px 10px 32px}section,
header{padding:16px 14px}h1{font-size:21px}svg.wide{display:none}svg.narrow{display:block}
ol.clocks{grid-template-columns:1fr}.facts{grid-template-columns:1fr 1fr}.facts .v{font-size:18px}
table.stack thead{display:none}table.stack tr{display:block;padding:8px 0;border-bottom:1px solid var(--line)}
table.stack tr:last-child{border:0}table.stack td{display:flex;justify-content:space-between;gap:14px;border:0;
padding:2px 0;text-align:right}table.stack td::before{content:attr(data-k);color:var(--dim);text-align:left;flex:none}
table.stack td.n{white-space:normal;padding-right:0}table.stack td:first-child{font-weight:600;
justify-content:flex-start}table.stack td:first-child::before{content:none}}@media print{body{background:#fff}section,
header{break-inside:avoid}}
"""


def render_html(evidence: Evidence) -> str:
    """The whole page."""
    word = "passed" if evidence.passed else "failed"
    title = escape(f"Failover drill of {evidence.cluster_id}: {word}")
    parts = [_verdict(evidence, word)]
    parts += [_round(evidence, part) for part in evidence.rounds]
    parts += [_checks(evidence), _ledger(evidence), _topology(evidence), _steps(evidence), _about(evidence)]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<title>{title}</title><link rel="icon" href="data:,"><style>{STYLE}</style></head><body><main>\n'
        + "\n".join(part for part in parts if part)
        + "\n</main></body></html>\n"
    )


def _verdict(evidence: Evidence, word: str) -> str:
    failed = [check for check in evidence.checks if not check.passed]
    reasons = "".join(f"<li><b>{escape(check.name)}</b>: {escape(check.detail)}</li>" for check in failed)
    facts = [("Outage", _range(part), part.name) for part in evidence.rounds if part.asked_s is not None]
    figures = "".join(_figure(label if len(facts) == 1 else f"{label}, {name}", value) for label, value, name in facts)
    ledger = evidence.ledger
    figures += _figure("Acknowledged writes lost", f"{ledger.lost:,} of {ledger.acked:,}" if ledger else "not compared")
    figures += _figure("Allowed without writes", f"{evidence.slo_s:g} s")
    writers = [evidence.before.writer_id, *(part.writer_after for part in evidence.rounds if part.asked_s is not None)]
    figures += _figure("Writer", " → ".join(_short(writer) for writer in writers))
    return (
        f'<header class="{word}">'
        f'<h1>Failover drill of {escape(evidence.cluster_id)}: <span class="word">{word}</span></h1>'
        f'<p class="dim">{escape(evidence.measured)} · {escape(evidence.started_at[:19].replace("T", " "))} UTC · '
        f"run {escape(evidence.run_id)}</p>"
        f'{f"""<ul class="why">{reasons}</ul>""" if reasons else ""}<div class="facts">{figures}</div></header>'
    )


def _short(instance_id: str) -> str:
    return instance_id.rsplit("-", 1)[-1] or "none"


def _figure(label: str, value: str) -> str:
    return f'<div><div class="k">{escape(label)}</div><div class="v">{escape(value)}</div></div>'


def _range(part: Round) -> str:
    if not part.outages:
        return "none seen"
    if not part.came_back:
        return f"more than {seconds(part.low_s)}"
    return between(part.low_s, part.high_s)


def _round(evidence: Evidence, part: Round) -> str:
    if part.unneeded or part.asked_s is None:
        return f"<section><h2>{escape(part.name.capitalize())}</h2><p>Nothing was asked for.</p></section>"
    drawings = "".join(draw_timeline(part, evidence.before, width) for width in (WIDE, NARROW))
    moved = f"{part.writer_before} → {part.writer_after}"
    if part.writer_before == part.writer_after:
        moved = f"{part.writer_before} stayed the writer"
    drawn = drawings or '<p class="dim">There is no trace of this round to draw.</p>'
    return (
        f"<section><h2>{escape(part.name.capitalize())}: {escape(moved)}</h2>"
        f"<p>{escape(cost_of(part))}.{_width(part)}</p>{_slo_bar(evidence, part)}{drawn}{_legend()}{_clocks(part)}"
        f"{_outages(part)}{_reads(part)}</section>"
    )


def _width(part: Round) -> str:
    if not part.outages or not part.came_back:
        return ""
    width = seconds(part.high_s - part.low_s)
    return f' <span class="dim">The truth lies inside this interval, which is {escape(width)} wide.</span>'


def _slo_bar(evidence: Evidence, part: Round) -> str:
    if not part.came_back:
        return '<div class="bar"><i class="over" style="width:100%"></i></div>'
    top_s = max(evidence.slo_s, part.high_s) or 1.0
    over = " over" if part.high_s > evidence.slo_s else ""
    share, sure = part.high_s / top_s * 100, part.low_s / top_s * 100
    words = f"{part.high_s / evidence.slo_s * 100:.3g} % of the {evidence.slo_s:g} s allowed by {evidence.slo_source}"
    return (
        f'<div class="bar" role="img" aria-label="{escape(words)}">'
        f'<i class="edge{over}" style="width:{share:.2f}%"></i>'
        f'<i class="{over.strip() or "sure"}" style="width:{sure:.2f}%"></i></div><p class="dim">{escape(words)}</p>'
    )


def _legend() -> str:
    rows = (
        ("--good", "acknowledged"), ("--bad", "failed"), ("--answer", "slowest answer"),
        ("--away", "certainly away"), ("--edge", "edge of the outage, as exact as it is known"),
    )  # fmt: skip
    return (
        '<p class="legend">' + "".join(f'<span><i style="background:var({c})"></i>{t}</span>' for c, t in rows) + "</p>"
    )


def _after(reading: ClockReading) -> str:
    return "none" if reading.after_s is None else f"+{reading.after_s:.3f} s"


def _clocks(part: Round) -> str:
    rows = "".join(
        f'<li><b>{number}</b><span class="t">{_after(reading)}</span>'
        f'<span class="k">{escape(reading.name)}{escape(f" ({reading.note})") if reading.note else ""}</span></li>'
        for number, reading in enumerate(part.clocks, start=1)
    )
    return f'<h3>Five clocks, from when the failover was asked for</h3><ol class="clocks">{rows}</ol>'


def _outages(part: Round) -> str:
    if len(part.outages) < 2:  # noqa: PLR2004 - one is told above already
        return ""
    asked_s = part.asked_s or 0.0
    rows = [
        (
            str(number),
            f"{outage.last_ack_s - asked_s:+.3f} s",
            f"{seconds(outage.low_s)} to {seconds(outage.high_s)}"
            if outage.ended
            else f"more than {seconds(outage.high_s)}",
            f"{outage.failed} failed, {outage.in_doubt} in doubt",
        )
        for number, outage in enumerate(part.outages, start=1)
    ]
    return f"<h3>{len(part.outages)} outages</h3>" + _table(
        ("", "last write before", "lasted", "attempts meanwhile"), rows
    )


def _reads(part: Round) -> str:
    rows = [(r.name, f"{r.reads:,}", f"{r.failed:,}", f"{r.on_writer:,}", seconds(r.longest_gap_s)) for r in part.reads]
    heads = ("endpoint", "#reads", "#failed", "#answered by the writer", "#longest gap")
    return "<h3>Reads, with the server's role checked</h3>" + _table(heads, rows) if rows else ""


def _checks(evidence: Evidence) -> str:
    rows = "".join(
        f'<tr><td class="mark {"ok" if check.passed else "no"}">{"✓" if check.passed else "✗"}</td>'
        f"<td><b>{escape(check.name)}</b><br>{escape(check.detail)}</td></tr>"
        for check in evidence.checks
    )
    return f"<section><h2>Checks</h2><table>{rows}</table></section>"


def _ledger(evidence: Evidence) -> str:
    ledger = evidence.ledger
    if ledger is None:
        return "<section><h2>Ledger</h2><p>What was acknowledged was not compared with the table.</p></section>"
    rows = [
        ("acknowledged", f"{ledger.acked:,}", "the client was told that it is written"),
        ("lost", f"{ledger.lost:,}", "acknowledged, and not in the table" + _examples(ledger.lost_numbers)),
        ("duplicated", f"{ledger.duplicated:,}", "in the table more than once" + _examples(ledger.duplicated_numbers)),
        (
            "in doubt", f"{ledger.in_doubt:,}",
            f"sent, never answered: {ledger.in_doubt_present} are in the table, {ledger.in_doubt_absent} are not",
        ),
        (
            "unexpected", f"{ledger.unexpected:,}",
            "in the table, though refused or never sent" + _examples(ledger.unexpected_numbers),
        ),
        ("rows", f"{ledger.rows:,}", "in the table when it was compared; then it was dropped"),
    ]  # fmt: skip
    return f"<section><h2>Ledger of writes</h2>{_table(('kind', '#writes', 'meaning'), rows)}</section>"


def _examples(numbers: tuple[int, ...]) -> str:
    return f" (numbers {', '.join(map(str, numbers))})" if numbers else ""


def _topology(evidence: Evidence) -> str:
    said = {server.name: server for server in evidence.servers}
    rows: list[tuple[str, ...]] = []
    for member in evidence.before.members:
        now, server = evidence.after.member(member.instance_id), said.get(member.instance_id)
        role = "no answer" if server is None or server.is_reader is None else "reader" if server.is_reader else "writer"
        rows.append(
            (
                member.instance_id, member.instance_class, str(member.tier), member.zone,
                _role(evidence.before, member.instance_id), _role(evidence.after, member.instance_id), role,
                now.status if now else "gone",
            )
        )  # fmt: skip
    heads = ("instance", "class", "tier", "zone", "before", "after", "its server says", "status")
    events = "".join(f"<li>{escape(event)}</li>" for event in evidence.events)
    told = f"<h3>RDS's own events (UTC)</h3><ul>{events}</ul>" if events else ""
    return f"<section><h2>Topology</h2>{_table(heads, rows)}{told}</section>"


def _role(topology: Topology, instance_id: str) -> str:
    member = topology.member(instance_id)
    return "none" if member is None else "writer" if member.is_writer else "reader"


def _steps(evidence: Evidence) -> str:
    rows = [
        (step.name, "interrupted" if step.took_s is None else f"{step.took_s:.2f} s", step.why)
        for step in evidence.steps
    ]
    sat = f" <span class='dim'>in {evidence.sittings} sittings</span>" if evidence.sittings > 1 else ""
    return f"<section><h2>Plan and steps{sat}</h2>{_table(('step', '#took', 'why'), rows)}</section>"


def _about(evidence: Evidence) -> str:
    probes = [
        f"{part.name}: {p.writes:,} writes started, one every {p.period_s * 1000:g} ms on {p.clients} connections; "
        f"99 of 100 within {seconds(p.late_p99_s)} of their time, {p.skipped} ticks skipped"
        for part in evidence.rounds
        if (p := part.probing) is not None
    ]
    words = [
        f"Engine {evidence.engine} {evidence.engine_version}; server {evidence.server_version}",
        f"Kit {evidence.kit_version}",
        *probes,
        "An outage runs from the last to the first acknowledged write, by the time of acknowledgement",
    ]
    return f"<footer>{'<br>'.join(escape(line) + '.' for line in words)}</footer>"


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table that becomes a list of cards on a phone; a head that starts with # is a column of numbers."""
    names = [head.removeprefix("#") for head in heads]
    kinds = [' class="n"' if head.startswith("#") else "" for head in heads]
    head = "".join(f"<th{kind}>{escape(name)}</th>" for name, kind in zip(names, kinds, strict=True))
    body = "".join(
        "<tr>"
        + "".join(
            f'<td{kind} data-k="{escape(name)}">{escape(cell)}</td>'
            for cell, name, kind in zip(row, names, kinds, strict=True)
        )
        + "</tr>"
        for row in rows
    )
    return f'<table class="stack"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
