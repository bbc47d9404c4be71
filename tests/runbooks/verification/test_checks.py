"""Files of checks, and what answers are right."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from runbooks.verification.checks import DEFAULT_CHECKS, DataCheck, failed, judge, parse_checks
from runbooks.verification.proof import Proof, parse_proof

FILE = """\
-- Orders of the shop.

-- check: orders
-- expect: >= 1
SELECT count(*)
FROM orders;  -- all of them

--check: customers
--  compare: 1.5 %
SELECT count(*) FROM customers
"""


def test_a_file_has_checks_with_their_statements() -> None:
    orders, customers = parse_checks(FILE.replace(";  -- all of them", ";"))
    assert orders == DataCheck(name="orders", sql="SELECT count(*)\nFROM orders", expect=">= 1")
    assert customers == DataCheck(name="customers", sql="SELECT count(*) FROM customers", compare="1.5 %")


WRONG: tuple[tuple[str, str, str], ...] = (
    ("empty", "", "a file of checks must have one, got none"),
    ("no name", "-- check:\n-- expect: = 1\nSELECT 1", "line 1: a check must have a name, got none"),
    ("no statement", "-- check: a\n-- expect: = 1\n", "line 1: check 'a' must have a statement, got none"),
    ("two statements", "-- check: a\n-- expect: = 1\nSELECT 1; DROP TABLE b;", "must be one statement, got more"),
    ("nothing is right", "-- check: a\nSELECT 1", "must have one of `-- expect:` and `-- compare:`, got neither"),
    ("both", "-- check: a\n-- expect: = 1\n-- compare: 1%\nSELECT 1", "got both"),
    ("no operator", "-- check: a\n-- expect: 1\nSELECT 1", "must be an operator and a value such as `>= 1`, got '1'"),
    ("no percent", "-- check: a\n-- compare: 1\nSELECT 1", "must be a tolerance in percent such as `1%`, got '1'"),
    ("twice", "-- check: a\n-- expect: = 1\nSELECT 1\n" * 2, "check 'a' must be there once, got it twice"),
    ("loose", "SELECT 1;\n-- check: a\n-- expect: = 1\nSELECT 1", "must stand under `-- check: NAME`, got 'SELECT 1;'"),
)


@pytest.mark.parametrize(("text", "said"), [row[1:] for row in WRONG], ids=[row[0] for row in WRONG])
def test_a_wrong_file_says_where(text: str, said: str) -> None:
    with pytest.raises(ValueError, match="must") as refused:
        parse_checks(text)
    assert said in str(refused.value)


def test_everything_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(ValueError, match=r"line 1: .*; line 3: ") as refused:
        parse_checks("-- check: a\nSELECT 1\n-- check: b\n-- expect: 1\nSELECT 1")
    assert str(refused.value).count("line ") == 2


ANSWERS: tuple[tuple[str, Any, bool], ...] = (
    (">= 1", 1, True),
    (">= 1", 0, False),
    (">= 1", None, False),
    ("> 0.5", Decimal("0.75"), True),
    ("= 3", 3, True),
    ("= ok", "ok", True),
    ("!= ok", "not ok", True),
    ("< 10", 10, False),
    ("> a", "b", False),  # words have no order that anybody would expect
)


@pytest.mark.parametrize(("expect", "value", "right"), ANSWERS)
def test_expected(expect: str, value: Any, right: bool) -> None:
    answer = judge(DataCheck(name="a", sql="s", expect=expect), value)
    assert answer.passed is right
    assert answer.detail == f"got {value}, expected {expect}"


COMPARED: tuple[tuple[str, Any, Any, bool], ...] = (
    ("0%", 100, 100, True),
    ("0%", 100, 101, False),
    ("1%", 99, 100, True),
    ("1%", 98, 100, False),
    ("1%", 101, 100, True),
    ("1%", 1, 0, False),
    ("1%", None, 100, False),
    ("1%", 100, None, False),
    ("1%", "seven", "seven", True),
    ("1%", None, None, False),
)


@pytest.mark.parametrize(("tolerance", "copied", "there", "right"), COMPARED)
def test_compared_with_the_source(tolerance: str, copied: Any, there: Any, right: bool) -> None:
    answer = judge(DataCheck(name="a", sql="s", compare=tolerance), copied, there)
    assert answer.passed is right
    assert f"the source has {there}, {tolerance} allowed" in answer.detail


def test_what_could_not_be_run_is_not_right() -> None:
    assert failed(DEFAULT_CHECKS[0], "UndefinedTable: no").detail == "could not be run: UndefinedTable: no"
    assert not failed(DEFAULT_CHECKS[0], "x").passed


def test_a_proof_comes_back_from_its_parameter() -> None:
    proof = Proof(
        run="one", at="2026-11-21T12:00:00+00:00", passed=False, backup="b", queries="1 of 2 passed",
        failed=("orders",), took_s={"restore": 1.5},
    )  # fmt: skip
    assert parse_proof(proof.to_text()) == proof


def test_a_proof_fits_into_a_standard_parameter() -> None:
    names = tuple(f"{number}-{'x' * 200}" for number in range(100))
    proof = Proof(run="r" * 63, at="a", passed=False, backup="b" * 300, queries="q", failed=names)
    assert len(proof.to_text().encode()) < 4096


@pytest.mark.parametrize("value", ["", "[]", "{}", '{"run": 1}', "null", '"word"'])
def test_what_nobody_can_read_proves_nothing(value: str) -> None:
    assert parse_proof(value) is None
