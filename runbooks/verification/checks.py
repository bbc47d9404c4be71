"""Checks of a restored copy: read from a file of SQL, judged by what they answer. Pure.

A file has statements, each under comments that say what it is and what is right::

    -- check: orders
    -- expect: >= 1
    SELECT count(*) FROM orders;

    -- check: customers
    -- compare: 1%
    SELECT count(*) FROM customers;

`expect` compares the one value of the statement with a number or a word; `compare` with what the same statement
answers at the source, which has moved on since the backup: hence the tolerance, in percent of the source's value.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Final

_COMMENT: Final = re.compile(r"--\s*(check|expect|compare)\s*:\s*(.*?)\s*\Z")
_EXPECT: Final = re.compile(r"(>=|<=|!=|=|>|<)\s*(\S.*)\Z")
_COMPARE: Final = re.compile(r"(\d+(?:\.\d+)?)\s*%\Z")
_OPERATORS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    ">=": operator.ge,
    "<=": operator.le,
    "!=": operator.ne,
    "=": operator.eq,
    ">": operator.gt,
    "<": operator.lt,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class DataCheck:
    """One statement that answers one value, and what is right: `expect`, or `compare` as a tolerance in percent."""

    name: str
    sql: str
    expect: str = ""
    compare: str = ""

    def to_plain(self) -> dict[str, str]:
        return asdict(self)


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What a check found. `value` and `source` are the answers as text; `detail` is a sentence."""

    name: str
    passed: bool
    detail: str
    value: str = ""
    source: str = ""


_TABLES: Final = (
    "FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p', 'm') "
    "AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'"
)
DEFAULT_CHECKS: Final = (
    DataCheck(name="tables", sql=f"SELECT count(*) {_TABLES}", expect=">= 1"),
    DataCheck(name="bytes in tables", sql=f"SELECT coalesce(sum(pg_table_size(c.oid)), 0) {_TABLES}", expect=">= 1"),
    DataCheck(name="catalog readable", sql="SELECT count(*) FROM pg_attribute", expect=">= 1"),
)
"""Without a file. No row estimates: they are -1 until a table was analyzed once."""


def parse_checks(text: str) -> tuple[DataCheck, ...]:
    """The checks of a file.

    Raises:
        ValueError: with everything that is wrong, by line.
    """
    found: list[DataCheck] = []
    wrong: list[str] = []
    said: dict[str, str] = {}
    lines: list[str] = []
    began = 0
    for number, line in enumerate([*text.splitlines(), "-- check: "], start=1):
        comment = _COMMENT.match(line.strip())
        if comment is None:
            lines.append(line)
        elif comment[1] != "check":
            said[comment[1]] = comment[2]
        else:
            wrong += _close(found, began, said, lines)
            said, lines, began = {"check": comment[2]}, [], number
    names = [each.name for each in found]
    wrong += [
        f"check {name!r} must be there once, got it twice" for name in sorted(set(names)) if names.count(name) > 1
    ]
    if not found and not wrong:
        wrong.append("a file of checks must have one, got none")
    if wrong:
        raise ValueError("; ".join(wrong))
    return tuple(found)


def _close(found: list[DataCheck], line: int, said: Mapping[str, str], lines: list[str]) -> list[str]:
    """Add the check that began at a line; gives what is wrong with it. Line 0: what stands before the first."""
    if not line:
        loose = next((each.strip() for each in lines if each.strip() and not each.strip().startswith("--")), "")
        return [f"a statement must stand under `-- check: NAME`, got {loose!r}"] if loose else []
    name, sql = said["check"], "\n".join(lines).strip().rstrip(";").rstrip()
    if reasons := [f"line {line}: {each}" for each in _reasons(name, sql, said.get("expect"), said.get("compare"))]:
        return reasons
    found.append(DataCheck(name=name, sql=sql, expect=said.get("expect", ""), compare=said.get("compare", "")))
    return []


def _reasons(name: str, sql: str, expect: str | None, compare: str | None) -> Iterable[str]:
    if not name:
        yield "a check must have a name, got none"
    if not sql:
        yield f"check {name!r} must have a statement, got none"
    elif ";" in sql:
        yield f"check {name!r} must be one statement, got more"
    if (expect is None) == (compare is None):
        got = "neither" if expect is None else "both"
        yield f"check {name!r} must have one of `-- expect:` and `-- compare:`, got {got}"
    if expect is not None and not _EXPECT.match(expect):
        yield f"`-- expect:` must be an operator and a value such as `>= 1`, got {expect!r}"
    if compare is not None and not _COMPARE.match(compare):
        yield f"`-- compare:` must be a tolerance in percent such as `1%`, got {compare!r}"


def judge(check: DataCheck, value: Any, source: Any = None) -> Answer:
    """Whether an answer is right; None is never."""
    if check.compare:
        passed, detail = _compared(check, value, source)
        return Answer(name=check.name, passed=passed, detail=detail, value=str(value), source=str(source))
    match = _EXPECT.match(check.expect)
    assert match is not None  # noqa: S101 - the file was read
    passed = value is not None and _holds(value, match[1], match[2])
    return Answer(name=check.name, passed=passed, detail=f"got {value}, expected {check.expect}", value=str(value))


def failed(check: DataCheck, error: str) -> Answer:
    """The answer of a statement that could not be run."""
    return Answer(name=check.name, passed=False, detail=f"could not be run: {error}")


def _holds(value: Any, sign: str, wanted: str) -> bool:
    left, right = _number(value), _number(wanted)
    if left is not None and right is not None:
        return _OPERATORS[sign](left, right)
    return sign in {"=", "!="} and _OPERATORS[sign](str(value), wanted)


def _compared(check: DataCheck, value: Any, source: Any) -> tuple[bool, str]:
    copied, there = _number(value), _number(source)
    said = f"got {value}, the source has {source}, {check.compare} allowed"
    match = _COMPARE.match(check.compare)
    if copied is None or there is None or match is None:
        return value is not None and str(value) == str(source), said
    allowed = abs(there) * Decimal(match[1]) / 100
    return abs(copied - there) <= allowed, said


def _number(value: Any) -> Decimal | None:
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return None
