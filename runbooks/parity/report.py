"""A comparison as text of 80 columns, and as plain values. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from textwrap import fill
from typing import Final

from runbooks.parity.compare import Row, shown
from runbooks.parity.settings import NOT_COPIED

WIDTH: Final = 80
_NAME, _WAY = 36, 12
_VALUE: Final = WIDTH - 3 - _NAME - _WAY


@dataclass(frozen=True, kw_only=True, slots=True)
class Parity:
    """The result of `runbook parity`. Its fields are public API."""

    model: str
    copy: str
    unexplained: int
    rows: tuple[Row, ...]
    not_copied: tuple[tuple[str, str], ...] = NOT_COPIED


def result_of(model: str, copy: str, rows: Sequence[Row]) -> Parity:
    """The rows with the count that decides the exit code."""
    return Parity(model=model, copy=copy, rows=tuple(rows), unexplained=sum(not row.ok for row in rows))


def render(parity: Parity) -> str:
    """Every setting; `=` alike, `~` different for a reason, `NO` without one."""
    verdict = f"{parity.unexplained} unexplained" if parity.unexplained else "nothing unexplained"
    different = sum(row.differs for row in parity.rows)
    head = f"{parity.copy} against {parity.model}: {len(parity.rows)} settings, {different} different, {verdict}"
    return "\n".join([_wrapped(head, ""), *render_rows(parity.rows, parity.model, parity.copy), "", _not_copied()])


def render_rows(rows: Sequence[Row], model: str, copy: str) -> Iterable[str]:
    """The table: a heading per instance, endpoint and scalable target."""
    part = ""
    for row in rows:
        if row.part != part:
            part = row.part
            yield f"\n{part}"
        yield from _lines(row, model, copy)


def _lines(row: Row, model: str, copy: str) -> Iterable[str]:
    mark = "NO" if not row.ok else "~" if row.differs else "="
    start = f"{mark:<3}{row.setting:<{_NAME}}{row.way:<{_WAY}}"
    if not row.differs:
        yield f"{start}{_short(shown(row.copy))}".rstrip()
        return
    yield start.rstrip()
    for name, value in ((model, row.model), (copy, row.copy)):
        yield _wrapped(f"{name}: {shown(value)}", "     ")
    if row.why:
        yield _wrapped(f"({row.why})", "     ")


def _short(value: str) -> str:
    return value if len(value) <= _VALUE else f"{value[: _VALUE - 3]}..."


def _wrapped(text: str, indent: str) -> str:
    """Names and ARNs are never broken."""
    return fill(
        text,
        width=WIDTH,
        initial_indent=indent,
        subsequent_indent=f"{indent}  " if indent else "",
        break_long_words=False,
        break_on_hyphens=False,
    )


def _not_copied() -> str:
    return _wrapped(f"Never copied: {', '.join(name for name, _ in NOT_COPIED)}.", "")
