"""Who is calling."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from mypy_boto3_sts import STSClient

ACTIONS: Final[Mapping[str, tuple[str, ...]]] = {"find_caller": ("sts:GetCallerIdentity",)}


@dataclass(frozen=True, kw_only=True, slots=True)
class Caller:
    """The identity whose credentials are used."""

    arn: str
    account: str


def find_caller(client: STSClient) -> Caller:
    """Ask STS; needs credentials but no permission."""
    answer = client.get_caller_identity()
    return Caller(arn=answer["Arn"], account=answer["Account"])
