"""Named queries that must give no row, and names of columns that look personal. Pure.

A leak file::

    -- leak: customers whose name is not masked
    SELECT id FROM customers WHERE name !~ '^customer [0-9]+$';

    -- leak: notes with a phone number
    SELECT id FROM notes WHERE body ~ '[+]49[0-9 ]{7,}'
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

from runbooks.masking.sql import MaskFileError, bare, split

_HEAD: Final = re.compile(r"(?im)^[ \t]*--[ \t]*leak[ \t]*:[ \t]*(?P<name>.*?)[ \t]*$")
_READS: Final = re.compile(r"(?i)(select|with|values|table)\b")
_WORDS: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
# Words that a personal column's name has, several for those that must come together.
PERSONAL: Final = (
    ("email",), ("mail",), ("e", "mail"),
    ("phone",), ("telephone",), ("mobile",), ("msisdn",), ("fax",),
    ("iban",), ("bic",), ("account", "number"), ("bank", "account"),
    ("ssn",), ("social", "security"), ("tax", "id"), ("national", "id"), ("passport",),
    ("card", "number"), ("credit", "card"), ("pan",), ("cvv",), ("cvc",), ("cardholder",),
    ("birth", "date"), ("birthdate",), ("birthday",), ("dob",), ("date", "of", "birth"),
    ("first", "name"), ("firstname",), ("last", "name"), ("lastname",), ("surname",), ("full", "name"), ("fullname",),
    ("street",), ("address", "line"),
)  # fmt: skip


class LeakFileError(ValueError):
    """The file is not one of named queries; the message goes after its name."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LeakQuery:
    """A query that must give no row."""

    name: str
    sql: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Leak:
    """Something that was found: where, how many rows, and what is wrong with them. Never a value.

    `at_least` says that counting stopped at `rows`.
    """

    where: str
    rows: int
    what: str
    at_least: bool = False

    def __str__(self) -> str:
        many = "at least " if self.at_least else ""
        return f"{self.where}: {many}{self.rows} row{'' if self.rows == 1 else 's'} ({self.what})"


def parse_leaks(text: str) -> tuple[LeakQuery, ...]:
    """The queries of a leak file.

    Raises:
        LeakFileError: a query has no name, or is not one that reads.
    """
    heads = list(_HEAD.finditer(text))
    before = text[: heads[0].start()] if heads else text
    if not heads or _statements(before, "the part before the first name"):
        raise LeakFileError("must name every query by a line `-- leak: NAME` before it, got one without; name it")
    ends = [head.start() for head in heads[1:]] + [len(text)]
    found = tuple(_query(head.group("name"), text[head.end() : end]) for head, end in zip(heads, ends, strict=True))
    names = [each.name for each in found]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise LeakFileError(f"must give each query a name of its own, got {', '.join(twice)} twice; rename one")
    return found


def _query(name: str, text: str) -> LeakQuery:
    if not name:
        raise LeakFileError("must name every query by a line `-- leak: NAME`, got an empty name; name it")
    statements = _statements(text, f"leak {name!r}")
    if len(statements) != 1:
        raise LeakFileError(f"must have one query for each name, got {len(statements)} for {name!r}; give it one")
    if not _READS.match(bare(statements[0])):
        raise LeakFileError(
            f"must have queries that only read, got `{bare(statements[0]).split()[0]}` for {name!r}; write a SELECT"
        )
    return LeakQuery(name=name, sql=statements[0])


def _statements(text: str, what: str) -> tuple[str, ...]:
    try:
        return tuple(statement.text for statement in split(text))
    except MaskFileError as error:
        raise LeakFileError(f"{error} ({what})") from None


def looks_personal(column: str) -> bool:
    """Whether a column's name says that it holds something personal."""
    words = tuple(word.lower() for word in _WORDS.findall(column))
    return any(_within(wanted, words) for wanted in PERSONAL)


def _within(wanted: tuple[str, ...], words: tuple[str, ...]) -> bool:
    return any(words[at : at + len(wanted)] == wanted for at in range(len(words)))


def is_accepted(where: str, accepted: Iterable[str]) -> bool:
    """Whether the operator let a column pass: `schema.table.column`, with `*` for any part."""
    return any(fnmatchcase(where, pattern) for pattern in accepted)
