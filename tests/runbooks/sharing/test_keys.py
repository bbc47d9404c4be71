"""Who may use a key, as far as its policy and grants tell."""

from __future__ import annotations

from typing import Any

import pytest

from runbooks.aws.kms import Grant
from runbooks.sharing.keys import NEEDED, judge_key, statement_for

OTHER, REGION = "222222222222", "eu-west-1"
OWN: dict[str, Any] = {
    "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::123456789012:root"}, "Action": "kms:*", "Resource": "*",
}  # fmt: skip


def allow(**changes: Any) -> dict[str, Any]:
    return {**statement_for(OTHER), **changes}


ALLOWED = (
    pytest.param(allow(), id="the statement that is offered"),
    pytest.param(allow(Principal={"AWS": OTHER}), id="account id"),
    pytest.param(allow(Principal="*", Condition={"StringEquals": {"kms:CallerAccount": OTHER}}), id="caller account"),
    pytest.param(allow(Action="kms:*"), id="all actions"),
    pytest.param(allow(Action=["KMS:*"]), id="case of actions"),
    pytest.param(
        allow(Condition={"StringLike": {"kms:ViaService": "rds.*.amazonaws.com"}}), id="through RDS of any Region"
    ),
)
REFUSED = (
    pytest.param([], NEEDED, id="nothing"),
    pytest.param([allow(Action="kms:Decrypt")], [each for each in NEEDED if each != "kms:Decrypt"], id="one action"),
    pytest.param(
        [allow(Condition={"StringEquals": {"kms:ViaService": "s3.eu-west-1.amazonaws.com"}})], NEEDED, id="S3"
    ),
    pytest.param([allow(Condition={"StringEquals": {"kms:CallerAccount": "3" * 12}})], NEEDED, id="another account"),
    pytest.param(
        [allow(Condition={"Bool": {"kms:GrantIsForAWSResource": True}})],
        [each for each in NEEDED if each != "kms:CreateGrant"],
        id="grants only",
    ),
    pytest.param(
        [allow(), {"Effect": "Deny", "Principal": "*", "Action": "kms:Decrypt", "Resource": "*"}],
        ["kms:Decrypt"],
        id="denied to all",
    ),
)
UNSURE = (
    pytest.param(allow(Principal={"AWS": f"arn:aws:iam::{OTHER}:role/ops"}), id="one role"),
    pytest.param(allow(Condition={"StringEquals": {"aws:PrincipalOrgID": "o-1"}}), id="an organization"),
)


@pytest.mark.parametrize("statement", ALLOWED)
def test_allowed(statement: dict[str, Any]) -> None:
    judged = judge_key({"Statement": [OWN, statement]}, (), OTHER, REGION)
    assert (judged.missing, judged.notes) == ((), ())


@pytest.mark.parametrize(("statements", "missing"), REFUSED)
def test_missing(statements: list[dict[str, Any]], missing: list[str]) -> None:
    judged = judge_key({"Statement": [OWN, *statements]}, (), OTHER, REGION)
    assert judged.missing == tuple(missing)


@pytest.mark.parametrize("statement", UNSURE)
def test_what_only_aws_knows_is_said_and_not_guessed(statement: dict[str, Any]) -> None:
    judged = judge_key({"Statement": [OWN, statement]}, (), OTHER, REGION)
    assert judged.missing == ()
    (note,) = judged.notes
    assert f"CloneFrom{OTHER}" in note


def test_a_single_statement_need_not_be_a_list() -> None:
    assert judge_key({"Statement": allow()}, (), OTHER, REGION).missing == ()


def test_grants_to_the_account_count() -> None:
    names = tuple(each.removeprefix("kms:") for each in NEEDED)
    whole = Grant(grantee=f"arn:aws:iam::{OTHER}:root", operations=names, constrained=False)
    assert judge_key({"Statement": [OWN]}, [whole], OTHER, REGION).missing == ()
    role = Grant(grantee=f"arn:aws:iam::{OTHER}:role/ops", operations=names, constrained=False)
    bound = Grant(grantee=f"arn:aws:iam::{OTHER}:root", operations=names, constrained=True)
    assert judge_key({"Statement": [OWN]}, [role, bound], OTHER, REGION).missing == NEEDED
