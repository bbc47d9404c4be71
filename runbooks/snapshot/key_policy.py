"""What a key's policy says of another account. Pure; no more than RDS needs to be told apart from nothing at all."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any, Final, cast

# What an account needs to copy a snapshot that is encrypted with the key (Aurora User Guide, "Copying a DB cluster
# snapshot across accounts": "allow the kms:CreateGrant action"; KMS, "Allowing users in other accounts").
NEEDED: Final = ("kms:CreateGrant", "kms:DescribeKey")


def lets_in(policy: str, account: str) -> bool:
    """Whether a policy allows an account, or somebody of it, what a copy needs.

    Conditions are not weighed, and a grant is not seen: an account that is let in another way is not known here.
    """
    document: Mapping[str, Any] = json.loads(policy)
    actions = [action for statement in _allowing(document, account) for action in _list(statement.get("Action", []))]
    return all(any(fnmatchcase(needed.lower(), action.lower()) for action in actions) for needed in NEEDED)


def _allowing(document: Mapping[str, Any], account: str) -> Iterator[Mapping[str, Any]]:
    for statement in cast("list[Mapping[str, Any]]", _list(document.get("Statement", []))):
        if statement.get("Effect") == "Allow" and any(_is_of(each, account) for each in _principals(statement)):
            yield statement


def _principals(statement: Mapping[str, Any]) -> list[str]:
    principal = statement.get("Principal", {})
    return [principal] if isinstance(principal, str) else _list(principal.get("AWS", []))


def _is_of(principal: str, account: str) -> bool:
    return principal in {"*", account} or principal.split(":")[4:5] == [account]


def _list(value: Any) -> list[Any]:
    return cast("list[Any]", value) if isinstance(value, list) else [value]
