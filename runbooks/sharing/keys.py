"""Whether a KMS key lets another account clone what it encrypts, and the statement that would. Pure.

Aurora User Guide, "Cross-account cloning with AWS RAM and Amazon Aurora": "the account that owns the encryption key
must grant permission to use the key to the destination account by using a key policy"; its example policy has the
actions that are asked for here. KMS considers grants along with policies, so grants to the account count as well.
Nothing here changes a policy: keys belong to stacks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Final

from runbooks.aws.kms import Grant
from runbooks.engine.plain import is_array, is_mapping

NEEDED: Final = (
    "kms:CreateGrant",
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
)
_AS_WRITTEN: Final = (
    "kms:CreateGrant",
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:Encrypt",
    "kms:GenerateDataKey*",
    "kms:ReEncrypt*",
)
_FOR_GRANTS: Final = "kms:GrantIsForAWSResource"
_OPERATORS: Final = ("StringEquals", "StringLike", "Bool")


@dataclass(frozen=True, kw_only=True, slots=True)
class Judgement:
    """`missing` are actions that the account may not use; `notes` say what cannot be judged from here."""

    missing: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def statement_for(account: str, partition: str = "aws") -> dict[str, Any]:
    """What to add to the key's policy."""
    return {
        "Sid": f"CloneFrom{account}",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:{partition}:iam::{account}:root"},
        "Action": list(_AS_WRITTEN),
        "Resource": "*",
    }


def judge_key(policy: Mapping[str, Any], grants: Sequence[Grant], account: str, region: str) -> Judgement:
    """What a policy and the grants let the account do."""
    raw = policy.get("Statement", [])
    statements: list[Mapping[str, Any]] = [each for each in (raw if is_array(raw) else [raw]) if is_mapping(each)]
    granted = {f"kms:{name}" for each in grants if _is_account(each) == account for name in each.operations}
    missing: list[str] = []
    notes: dict[str, None] = {}
    for action in NEEDED:
        allowed, unsure = _answer(statements, action, account, region)
        if unsure:
            notes[unsure] = None
        elif not allowed and action not in granted:
            missing.append(action)
    return Judgement(missing=tuple(missing), notes=tuple(notes))


def _is_account(grant: Grant) -> str:
    """The account that an unconstrained grant is for as a whole; empty for roles, users and services."""
    if grant.constrained:
        return ""
    return grant.grantee.split(":")[4] if grant.grantee.endswith(":root") else grant.grantee


def _answer(statements: Sequence[Mapping[str, Any]], action: str, account: str, region: str) -> tuple[bool, str]:
    """Whether an action is allowed, or why that cannot be said."""
    relevant = [each for each in statements if _acts(each, action)]
    for effect in ("Deny", "Allow"):
        for each in relevant:
            if each.get("Effect") != effect:
                continue
            sure = _applies(each, account, region, action)
            if sure is True:
                return effect == "Allow", ""
            if sure is None and effect == "Deny":
                return False, _note(each, "may deny it")
    for each in relevant:
        if each.get("Effect") == "Allow" and _applies(each, account, region, action) is None:
            return False, _note(each, "allows it only under that condition or to that role")
    return False, ""


def _note(statement: Mapping[str, Any], what: str) -> str:
    name = statement.get("Sid") or "without Sid"
    return f"statement {name} of the key's policy {what}: not judged here"


def _acts(statement: Mapping[str, Any], action: str) -> bool:
    wanted = list(_listed(statement.get("Action")))
    if wanted:
        return any(fnmatchcase(action.lower(), each.lower()) for each in wanted)
    return not any(fnmatchcase(action.lower(), each.lower()) for each in _listed(statement.get("NotAction")))


def _applies(statement: Mapping[str, Any], account: str, region: str, action: str) -> bool | None:
    """Whether it is about the account; None where that depends on what only AWS knows."""
    if "NotPrincipal" in statement:
        return None
    principal = _principal(statement.get("Principal"), account)
    if principal is False:
        return False
    holds = _holds(statement.get("Condition"), account, region, action)
    if holds is False:
        return False
    return True if principal and holds else None


def _principal(principal: Any, account: str) -> bool | None:
    """The account as a whole; None for a role or a user of it alone."""
    listed = list(_listed(principal.get("AWS") if is_mapping(principal) else principal))
    if any(each in {"*", account} or each.endswith(f":iam::{account}:root") for each in listed):
        return True
    return None if any(f"::{account}:" in each for each in listed) else False


def _holds(condition: Any, account: str, region: str, action: str) -> bool | None:
    """Whether a condition holds when RDS uses the key for the account; None when that is not known."""
    answers = [
        _one(operator, str(key), list(_listed(wanted)), account=account, region=region, action=action)
        for operator, pairs in (condition.items() if is_mapping(condition) else ())
        for key, wanted in (pairs.items() if is_mapping(pairs) else ())
    ]
    if False in answers:
        return False
    return None if None in answers else True


def _one(operator: str, key: str, wanted: list[str], *, account: str, region: str, action: str) -> bool | None:
    known = {"kms:ViaService": f"rds.{region}.amazonaws.com", "kms:CallerAccount": account, _FOR_GRANTS: "true"}
    if key == _FOR_GRANTS and action != "kms:CreateGrant":
        return False
    if operator not in _OPERATORS or key not in known:
        return None
    return any(fnmatchcase(known[key], each.lower()) for each in wanted)


def _listed(value: Any) -> Iterable[str]:
    if value is None:
        return ()
    return [str(each) for each in value] if is_array(value) else [str(value)]
