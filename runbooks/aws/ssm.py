"""Parameters with their versions: enough to build a lock on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from botocore.exceptions import ClientError

from runbooks.aws.rds import error_code

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient

ACTIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "find_parameter": ("ssm:GetParameter",),
    "find_parameters": ("ssm:GetParameters",),
    "create_parameter": ("ssm:PutParameter",),
    "overwrite_parameter": ("ssm:PutParameter",),
    "delete_parameter": ("ssm:DeleteParameter",),
}

NAMES_PER_CALL: Final = 10  # API reference, GetParameters: "Array Members: ... Maximum number of 10 items"


@dataclass(frozen=True, kw_only=True, slots=True)
class Parameter:
    """A parameter's value, and the version that Parameter Store counts up with each write."""

    name: str
    value: str
    version: int


class Ssm:
    """Parameter Store of one Region."""

    def __init__(self, client: SSMClient) -> None:
        self._client = client

    def find_parameter(self, name: str, version: int | None = None) -> Parameter | None:
        """A parameter, now or as one of its earlier versions; None when there is none."""
        try:
            raw = self._client.get_parameter(Name=name if version is None else f"{name}:{version}")["Parameter"]
        except ClientError as error:
            if error_code(error) in {"ParameterNotFound", "ParameterVersionNotFound"}:
                return None
            raise
        return Parameter(name=name, value=raw.get("Value", ""), version=raw.get("Version", 0))

    def find_parameters(self, names: Sequence[str]) -> dict[str, Parameter]:
        """Those of these parameters that exist, by name, in as few calls as ten names each allow."""
        found: dict[str, Parameter] = {}
        for first in range(0, len(names), NAMES_PER_CALL):
            for raw in self._client.get_parameters(Names=list(names[first : first + NAMES_PER_CALL]))["Parameters"]:
                name = raw.get("Name", "")
                found[name] = Parameter(name=name, value=raw.get("Value", ""), version=raw.get("Version", 0))
        return found

    def create_parameter(self, name: str, value: str, description: str) -> int | None:
        """Create a parameter and return its version; None when there already is one. Atomic: one caller wins."""
        try:
            answer = self._client.put_parameter(
                Name=name, Value=value, Description=description, Type="String", Overwrite=False
            )
        except ClientError as error:
            if error_code(error) == "ParameterAlreadyExists":
                return None
            raise
        return answer["Version"]

    def overwrite_parameter(self, name: str, value: str) -> int:
        """Write a new version and return its number, which tells whether somebody else wrote in between."""
        return self._client.put_parameter(Name=name, Value=value, Type="String", Overwrite=True)["Version"]

    def delete_parameter(self, name: str) -> None:
        """Delete a parameter; one that is gone already is as good."""
        try:
            self._client.delete_parameter(Name=name)
        except ClientError as error:
            if error_code(error) != "ParameterNotFound":
                raise
