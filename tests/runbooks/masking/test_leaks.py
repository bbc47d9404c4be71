"""Leak files, and names of columns that look personal."""

from __future__ import annotations

import pytest

from runbooks.masking.leaks import Leak, LeakFileError, is_accepted, looks_personal, parse_leaks

FILE = """
-- What must be gone from every copy.

-- leak: customers by name
SELECT id FROM customers WHERE name !~ '^customer [0-9]+$';

--leak:notes; with a number
WITH found AS (SELECT body FROM notes) -- a comment; with a semicolon
SELECT body FROM found WHERE body ~ '[+]49'
"""


def test_reads_named_queries() -> None:
    first, second = parse_leaks(FILE)
    assert (first.name, first.sql) == (
        "customers by name",
        "SELECT id FROM customers WHERE name !~ '^customer [0-9]+$'",
    )
    assert second.name == "notes; with a number"
    assert second.sql.startswith("WITH found")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param("SELECT 1", "must name every query", id="no-name"),
        pytest.param("", "must name every query", id="empty"),
        pytest.param("SELECT 1;\n-- leak: a\nSELECT 2", "must name every query", id="one-before-the-first-name"),
        pytest.param("-- leak:\nSELECT 1", "got an empty name", id="empty-name"),
        pytest.param("-- leak: a\nSELECT 1; SELECT 2", "got 2 for 'a'", id="two-queries"),
        pytest.param("-- leak: a\n-- leak: b\nSELECT 1", "got 0 for 'a'", id="no-query"),
        pytest.param("-- leak: a\nSELECT 1\n-- leak: a\nSELECT 2", "got a twice", id="same-name"),
        pytest.param("-- leak: a\nDELETE FROM users", "got `DELETE` for 'a'", id="it-writes"),
        pytest.param("-- leak: a\nSELECT 'x", "an open quote", id="broken"),
    ],
)
def test_refuses(text: str, says: str) -> None:
    with pytest.raises(LeakFileError) as caught:
        parse_leaks(text)
    assert says in str(caught.value)


@pytest.mark.parametrize(
    "column",
    ["email", "E_MAIL", "customerEmail", "contact_e_mail", "phone", "mobile_phone", "homePhone", "iban", "ssn",
     "social_security_number", "card_number", "creditCardNumber", "date_of_birth", "last_name", "lastName", "passport"],
)  # fmt: skip
def test_looks_personal(column: str) -> None:
    assert looks_personal(column)


@pytest.mark.parametrize("column", ["id", "emailed_at", "cardinality", "span", "company", "card_type", "name", "tax"])
def test_does_not_look_personal(column: str) -> None:
    assert not looks_personal(column)


def test_a_column_is_accepted_by_its_place_or_a_pattern() -> None:
    assert is_accepted("public.users.email", ("public.users.email",))
    assert is_accepted("public.users.email", ("*.users.*",))
    assert not is_accepted("public.users.email", ("users.email", "public.*.phone"))


def test_a_leak_is_told_by_place_and_count() -> None:
    assert str(Leak(where="public.a.email", rows=1, what="x")) == "public.a.email: 1 row (x)"
    assert str(Leak(where="a", rows=1000, what="x", at_least=True)) == "a: at least 1000 rows (x)"
