"""A file of SQL, split into its statements as PostgreSQL would. Pure.

Quoted text, quoted names, dollar quotes and comments (which nest) may hold semicolons. What would end the transaction
that a mask runs in is refused, since a mask is done wholly or not at all; so are psql's own commands.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final


class MaskFileError(ValueError):
    """The file cannot be run in one transaction; the message goes after its name."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Statement:
    """One statement and the line that it begins in, counted from 1."""

    text: str
    line: int


_TOKEN: Final = re.compile(
    r"""
      (?P<line>--[^\n]*)
    | (?P<block>/\*)
    | (?P<escaped>\b[eE]'(?:[^'\\]|\\.|'')*')
    | (?P<text>'(?:[^']|'')*')
    | (?P<name>"(?:[^"]|"")*")
    | (?P<dollar>(?<![\w$])\$(?:[A-Za-z_\u0080-\uffff][\w]*)?\$)
    | (?P<end>;)
    | (?P<broken>['"])
    """,
    re.VERBOSE | re.DOTALL,
)
_EDGE: Final = re.compile(r"/\*|\*/")
_COMMENT: Final = re.compile(r"\s+|--[^\n]*(?:\n|\Z)")
_ENDS: Final = re.compile(
    r"(?i)(begin|start\s+transaction|commit|end|rollback(?!\s+(?:work\s+|transaction\s+)?to\b)|abort|prepare\s+transaction)\b"
)
_ALONE: Final = re.compile(
    r"(?i)(vacuum|create\s+database|drop\s+database|create\s+tablespace|alter\s+system"
    r"|(?:create\s+(?:unique\s+)?index|drop\s+index|refresh\s+materialized\s+view)\s+concurrently"
    r"|reindex\b.*\bconcurrently)\b",
)
_COPY_IN: Final = re.compile(r"(?is)copy\b.*\bfrom\s+stdin\b")


def split(text: str) -> tuple[Statement, ...]:
    """The statements of a file, without those that are comments only.

    Raises:
        MaskFileError: a quote or a comment is not closed.
    """
    found: list[Statement] = []
    begin = 0
    for end in (*_ends(text), len(text)):
        part = text[begin:end]
        body = bare(part)
        if body:
            line = text.count("\n", 0, begin + part.index(body)) + 1
            found.append(Statement(text=part[part.index(body) :].strip(), line=line))
        begin = end + 1
    return tuple(found)


def _ends(text: str) -> Iterator[int]:
    """Where statements end."""
    at = 0
    while (match := _TOKEN.search(text, at)) is not None:
        kind, at = match.lastgroup, match.end()
        if kind == "end":
            yield match.start()
        elif kind == "block":
            at = _after_comment(text, match.start())
        elif kind == "dollar":
            closing = text.find(match.group(), at)
            if closing < 0:
                raise _open(text, match.start(), f"dollar quote {match.group()}")
            at = closing + len(match.group())
        elif kind == "broken":
            raise _open(text, match.start(), f"quote {match.group()}")


def _after_comment(text: str, start: int) -> int:
    depth = 0
    for edge in _EDGE.finditer(text, start):
        depth += 1 if edge.group() == "/*" else -1
        if depth == 0:
            return edge.end()
    raise _open(text, start, "comment /*")


def _open(text: str, at: int, what: str) -> MaskFileError:
    line = text.count("\n", 0, at) + 1
    return MaskFileError(f"must close every quote and comment, got an open {what} in line {line}; close it")


def bare(statement: str) -> str:
    """A statement without the blanks and comments before it."""
    at = 0
    while True:
        if (match := _COMMENT.match(statement, at)) is not None:
            at = match.end()
        elif statement.startswith("/*", at):
            at = _after_comment(statement, at)
        else:
            return statement[at:]


def parse_mask(text: str) -> tuple[Statement, ...]:
    """The statements of a mask file.

    Raises:
        MaskFileError: there are none, or one of them cannot be part of a transaction of the runbook's.
    """
    statements = split(text)
    if not statements:
        raise MaskFileError("must have a statement, got none; write one, or leave the file out")
    for statement in statements:
        _check(statement)
    return statements


def _check(statement: Statement) -> None:
    body = bare(statement.text)
    what = " ".join(body.split()[:2])
    where = f"got `{what}` in line {statement.line}"
    if body.startswith("\\"):
        raise MaskFileError(f"must be SQL without psql's own commands, {where}; take it out")
    if _ENDS.match(body):
        raise MaskFileError(f"must leave its transaction to the runbook, {where}; take it out")
    if _ALONE.match(body):
        raise MaskFileError(f"must have only what can be part of a transaction, {where}; run it after the masking")
    if _COPY_IN.match(body):
        raise MaskFileError(f"must have its rows in statements, {where} from stdin; write INSERT statements")
