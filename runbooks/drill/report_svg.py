"""The timeline of a round as an SVG drawing: writes, answers, reads, DNS, API, five clocks, the outage. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from runbooks.drill.evidence import ApiSeen, Chart, DnsSeen, Round
from runbooks.drill.timeline import Outage
from runbooks.drill.topology import Topology

WIDE: Final = 1120
NARROW: Final = 372
LANE_GAP: Final = 16
TICKS: Final = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600)
CHARACTER: Final = 6.4  # width of a letter at 11 px, for what is said beside a lane
Segment = tuple[float, float, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Frame:
    """Where time lies on the drawing. `left` leaves room for the lanes' names, which a narrow drawing puts above."""

    width: int
    left: int
    from_s: float
    to_s: float
    zero_s: float

    @property
    def narrow(self) -> bool:
        return self.width < 600  # noqa: PLR2004 - between the two drawings there are

    def x(self, at_s: float) -> float:
        share = (at_s - self.from_s) / max(self.to_s - self.from_s, 1e-9)
        return self.left + min(1.0, max(0.0, share)) * (self.width - self.left - 8)


def draw_timeline(part: Round, topology: Topology, width: int) -> str:
    """The drawing of a round, `width` units wide; nothing when there is nothing to draw."""
    chart = part.chart
    if chart is None:
        return ""
    left = 8 if width < 600 else 118  # noqa: PLR2004 - see Frame.narrow
    frame = Frame(width=width, left=left, from_s=chart.from_s, to_s=chart.to_s, zero_s=part.asked_s or chart.from_s)
    colors = {member.instance_id: f"i{index % 6}" for index, member in enumerate(topology.members)}
    body: list[str] = []
    y = 34.0
    lanes: tuple[tuple[str, int, Callable[[float], Iterable[str]]], ...] = (
        ("writes", 92, lambda top: _bars(frame, chart, ("acked", "failed"), top, 92)),
        ("slowest answer", 44, lambda top: _answers(frame, chart, top, 44)),
        ("reads", 44, lambda top: _bars(frame, chart, ("reads", "failed_reads"), top, 44)),
        ("writer in DNS", 20, lambda top: _segments(frame, _dns_segments(part, chart), colors, top, 20)),
        ("writer in API", 20, lambda top: _segments(frame, _api_segments(part, chart), colors, top, 20)),
    )
    for name, height, draw in lanes:
        y += 14 if frame.narrow else 0
        body += [_lane_name(frame, name, _note(name, chart), y, height), *draw(y)]
        y += height + LANE_GAP
    bottom = y - LANE_GAP
    shade = [piece for outage in part.outages for piece in _outage(frame, outage, bottom)]
    clocks = _clocks(frame, part, bottom)
    axis = _axis(frame, bottom)
    label = escape(f"Timeline of the {part.name}: acknowledged and failed writes, reads, DNS and API")
    return (
        f'<svg class="timeline {"narrow" if frame.narrow else "wide"}" viewBox="0 0 {width} {bottom + 28:.0f}" '
        f'role="img" aria-label="{label}">{"".join([*shade, *body, *axis, *clocks])}</svg>'
    )


def _note(name: str, chart: Chart) -> str:
    match name:
        case "writes":
            return f"up to {max(chart.numbers('acked'), default=0) / chart.bucket_s:.0f}/s"
        case "slowest answer":
            return f"up to {max(chart.numbers('slowest_ms'), default=0):.0f} ms"
        case "reads":
            return f"up to {max(chart.numbers('reads'), default=0) / chart.bucket_s:.0f}/s"
        case _:
            return ""


def _lane_name(frame: Frame, name: str, note: str, y: float, height: float) -> str:
    if frame.narrow:
        tail = f' <tspan class="dim">{escape(note)}</tspan>' if note else ""
        return f'<text class="lane" x="8" y="{y - 4:.1f}">{escape(name)}{tail}</text>'
    middle = y + height / 2 + (-2 if note else 4)
    text = f'<text class="lane" x="106" y="{middle:.1f}" text-anchor="end">{escape(name)}</text>'
    return text + (
        f'<text class="dim" x="106" y="{middle + 14:.1f}" text-anchor="end">{escape(note)}</text>' if note else ""
    )


def _bars(frame: Frame, chart: Chart, series: tuple[str, str], y: float, height: float) -> Iterable[str]:
    """Stacked bars as two paths: what went well below, what failed above it."""
    good, bad = (chart.numbers(name) for name in series)
    top = max((a + b for a, b in zip(good, bad, strict=True)), default=0) or 1
    yield _base(frame, y + height)
    yield f'<path class="good" d="{_columns(frame, chart, good, [0.0] * len(good), top=top, y=y, height=height)}"/>'
    yield f'<path class="bad" d="{_columns(frame, chart, bad, good, top=top, y=y, height=height)}"/>'


def _columns(
    frame: Frame, chart: Chart, values: Sequence[float], under: Sequence[float], *, top: float, y: float, height: float
) -> str:
    pieces: list[str] = []
    for index, (value, base) in enumerate(zip(values, under, strict=True)):
        if value <= 0:
            continue
        x = frame.x(chart.from_s + index * chart.bucket_s)
        wide = max(0.8, frame.x(chart.from_s + (index + 1) * chart.bucket_s) - x - 0.4)
        low, high = y + height - base / top * height, y + height - (base + value) / top * height
        pieces.append(f"M{x:.1f} {low:.1f}V{high:.1f}h{wide:.1f}V{low:.1f}z")
    return "".join(pieces)


def _answers(frame: Frame, chart: Chart, y: float, height: float) -> Iterable[str]:
    values = chart.numbers("slowest_ms")
    top = max(values, default=0) or 1
    yield _base(frame, y + height)
    columns = _columns(frame, chart, values, [0.0] * len(values), top=top, y=y, height=height)
    yield f'<path class="answer" d="{columns}"/>'


def _base(frame: Frame, y: float) -> str:
    return f'<path class="base" d="M{frame.left} {y:.1f}H{frame.width - 8}"/>'


def _dns_segments(part: Round, chart: Chart) -> list[Segment]:
    """What the writer's name stood for: it is the first name that was followed."""
    mine = [seen for seen in part.dns if seen.name == part.writer_endpoint]
    return _spans([(seen.at_s, _dns_words(seen)) for seen in mine], chart)


def _dns_words(seen: DnsSeen) -> str:
    return ", ".join(seen.instances or seen.addresses) or "no answer"


def _api_segments(part: Round, chart: Chart) -> list[Segment]:
    before = ApiSeen(at_s=chart.from_s, writer_id=part.writer_before, status="")
    return _spans([(seen.at_s, seen.writer_id or "none") for seen in (before, *part.api)], chart)


def _spans(points: Sequence[tuple[float, str]], chart: Chart) -> list[Segment]:
    spans: list[Segment] = []
    for index, (at_s, words) in enumerate(points):
        end_s = points[index + 1][0] if index + 1 < len(points) else chart.to_s
        if end_s <= chart.from_s:
            continue
        if spans and spans[-1][2] == words:
            spans[-1] = (spans[-1][0], end_s, words)
        else:
            spans.append((max(at_s, chart.from_s), end_s, words))
    return spans


def _segments(frame: Frame, spans: Sequence[Segment], colors: dict[str, str], y: float, height: float) -> Iterable[str]:
    for begin_s, end_s, words in spans:
        x, wide = frame.x(begin_s), max(1.0, frame.x(end_s) - frame.x(begin_s) - 1)
        yield (
            f'<rect class="seg {colors.get(words, "none")}" x="{x:.1f}" y="{y:.1f}" width="{wide:.1f}" '
            f'height="{height}" rx="3"><title>{escape(words)}</title></rect>'
        )
        short = words if wide > len(words) * CHARACTER + 10 else words.rsplit("-", 1)[-1]
        if wide > len(short) * CHARACTER + 10:
            yield f'<text class="inseg" x="{x + 6:.1f}" y="{y + 14:.1f}">{escape(short)}</text>'


def _outage(frame: Frame, outage: Outage, bottom: float) -> Iterable[str]:
    """The outage: certain in the middle, its two edges as wide as they are uncertain."""
    outer = (outage.start.earliest_s, outage.end.latest_s)
    inner = (outage.start.latest_s, outage.end.earliest_s)
    for kind, (low, high) in (("edge", outer), ("away", inner)):
        x = frame.x(low)
        wide = max(0.5, frame.x(high) - x)
        yield f'<rect class="{kind}" x="{x:.1f}" y="26" width="{wide:.1f}" height="{bottom - 26:.1f}"/>'


def _clocks(frame: Frame, part: Round, bottom: float) -> Iterable[str]:
    """Numbered flags; flags that would lie on each other move right, a thin line leads to their time."""
    read = [
        (number, reading.after_s) for number, reading in enumerate(part.clocks, start=1) if reading.after_s is not None
    ]
    taken = 0.0
    x0 = frame.x(frame.zero_s)
    yield f'<path class="asked" d="M{x0:.1f} 26V{bottom:.1f}"/>'
    for number, after_s in sorted(read, key=lambda pair: pair[1]):
        x = frame.x(frame.zero_s + after_s)
        flag = max(x, taken)
        taken = flag + 19
        yield f'<path class="clock" d="M{flag:.1f} 18L{x:.1f} 26V{bottom:.1f}"/>'
        yield f'<circle class="flag" cx="{flag:.1f}" cy="10" r="8.5"/>'
        yield f'<text class="flagno" x="{flag:.1f}" y="14" text-anchor="middle">{number}</text>'


def _axis(frame: Frame, bottom: float) -> Iterable[str]:
    span_s = frame.to_s - frame.from_s
    most = 5 if frame.narrow else 12
    step_s = next((tick for tick in TICKS if span_s / tick <= most), span_s / most)
    first = int((frame.from_s - frame.zero_s) / step_s) - 1
    yield f'<path class="base" d="M{frame.left} {bottom:.1f}H{frame.width - 8}"/>'
    for index in range(first, first + most * 2 + 4):
        at_s = frame.zero_s + index * step_s
        if not frame.from_s <= at_s <= frame.to_s:
            continue
        x = frame.x(at_s)
        words = "asked" if index == 0 else f"{index * step_s:+.3g} s"
        yield f'<path class="tick" d="M{x:.1f} {bottom:.1f}v5"/>'
        yield f'<text class="dim" x="{x:.1f}" y="{bottom + 18:.1f}" text-anchor="middle">{words}</text>'
