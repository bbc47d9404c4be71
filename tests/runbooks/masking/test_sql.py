"""Mask files are split as PostgreSQL would, and nothing in them ends the runbook's transaction."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runbooks.masking.sql import MaskFileError, bare, parse_mask, split


@pytest.mark.parametrize(
    ("text", "statements"),
    [
        pytest.param("SELECT 1; SELECT 2", ["SELECT 1", "SELECT 2"], id="two"),
        pytest.param("SELECT ';'; SELECT 'it''s;'", ["SELECT ';'", "SELECT 'it''s;'"], id="quoted-text"),
        pytest.param(r"SELECT E'a\';b'; SELECT 2", [r"SELECT E'a\';b'", "SELECT 2"], id="escaped-quote"),
        pytest.param('UPDATE "a;b" SET c = 1;', ['UPDATE "a;b" SET c = 1'], id="quoted-name"),
        pytest.param(
            "DO $$ BEGIN PERFORM 1; END $$; SELECT 2", ["DO $$ BEGIN PERFORM 1; END $$", "SELECT 2"], id="block"
        ),
        pytest.param("SELECT $a$ $$; $a$", ["SELECT $a$ $$; $a$"], id="named-dollar-quote"),
        pytest.param("SELECT a$1; SELECT 2", ["SELECT a$1", "SELECT 2"], id="a-dollar-in-a-name"),
        pytest.param("-- none; here\nSELECT 1", ["SELECT 1"], id="line-comment"),
        pytest.param("/* a; /* b; */ c; */ SELECT 1", ["SELECT 1"], id="comments-nest"),
        pytest.param("SELECT 1 -- ';\n; SELECT 2", ["SELECT 1 -- ';", "SELECT 2"], id="a-quote-in-a-comment"),
        pytest.param(";;  -- nothing\n;", [], id="nothing"),
    ],
)
def test_splits(text: str, statements: list[str]) -> None:
    assert [statement.text for statement in split(text)] == statements


def test_says_in_which_line_a_statement_begins() -> None:
    assert [statement.line for statement in split("-- one\n\nSELECT 1;\n\n/* x\n*/ SELECT 2;")] == [3, 6]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param("UPDATE a SET b = 1; COMMIT", "`COMMIT` in line 1", id="commit"),
        pytest.param("BEGIN;\nUPDATE a SET b = 1", "`BEGIN` in line 1", id="begin"),
        pytest.param("start  transaction; SELECT 1", "leave its transaction to the runbook", id="start-transaction"),
        pytest.param("SELECT 1;\nROLLBACK", "`ROLLBACK` in line 2", id="rollback"),
        pytest.param("/* sly */ commit", "leave its transaction", id="behind-a-comment"),
        pytest.param("SELECT 1; VACUUM users", "can be part of a transaction", id="vacuum"),
        pytest.param("CREATE INDEX CONCURRENTLY i ON a (b)", "can be part of a transaction", id="concurrently"),
        pytest.param(r"\i other.sql", "without psql's own commands", id="psql"),
        pytest.param("COPY a FROM STDIN", "INSERT statements", id="copy"),
        pytest.param("SELECT 'open", "an open quote ' in line 1", id="open-quote"),
        pytest.param("SELECT 1;\nDO $x$ BEGIN", "an open dollar quote $x$ in line 2", id="open-dollar"),
        pytest.param("/* never", "an open comment /* in line 1", id="open-comment"),
        pytest.param("-- only words", "must have a statement, got none", id="empty"),
    ],
)
def test_refuses_what_cannot_be_one_transaction(text: str, says: str) -> None:
    with pytest.raises(MaskFileError) as caught:
        parse_mask(text)
    assert says in str(caught.value)


def test_savepoints_are_part_of_a_transaction() -> None:
    assert len(parse_mask("SAVEPOINT a; ROLLBACK TO a; ROLLBACK TO SAVEPOINT a")) == 3


_PARTS = ("SELECT 1", "'a;''b'", '"c;d"', "$$e;f$$", "-- g;\n", "/* h; */", "$x$ ' $x$")


@given(st.lists(st.lists(st.sampled_from(_PARTS), min_size=1, max_size=4).map(" ".join), max_size=5))
def test_what_is_put_together_comes_apart_again(parts: list[str]) -> None:
    wanted = [bare(part + " ").strip() for part in parts]
    assert [bare(statement.text) for statement in split(";".join(parts))] == [part for part in wanted if part]
