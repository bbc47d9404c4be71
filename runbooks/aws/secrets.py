"""The master user's name and password, as RDS or the cluster's own stack keeps them in Secrets Manager."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from botocore.exceptions import ClientError

from estate.names import master_secret
from runbooks.aws.rds import error_code

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

# Secrets Manager decrypts with the secret's own key on the caller's behalf, hence the second action.
ACTIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "find_own_secret": ("secretsmanager:GetSecretValue", "kms:Decrypt"),
    "read_login": ("secretsmanager:GetSecretValue", "kms:Decrypt"),
}
NO_SECRET: Final = frozenset({"ResourceNotFoundException"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Login:
    """A database user. The password is left out of `repr`, so that no log or error carries it."""

    username: str
    password: str = field(repr=False)


class SecretFormatError(ValueError):
    """The secret is not what RDS writes."""


def find_own_secret(client: SecretsManagerClient, cluster_id: str) -> str:
    """Name of the secret that the kit's stack made for the master user; empty when there is none.

    Nothing that RDS shows of a cluster leads to it; its name follows from the cluster's.
    """
    name = master_secret(cluster_id)
    try:
        client.get_secret_value(SecretId=name)
    except ClientError as error:
        if error_code(error) in NO_SECRET:
            return ""
        raise
    return name


def read_login(client: SecretsManagerClient, secret_arn: str) -> Login:
    """Read a secret that RDS manages: JSON with `username` and `password`.

    Raises:
        SecretFormatError: the secret has another form; its text is not part of the message.
    """
    text = client.get_secret_value(SecretId=secret_arn).get("SecretString", "")
    try:
        values = json.loads(text)
        return Login(username=values["username"], password=values["password"])
    except (ValueError, KeyError, TypeError):
        raise SecretFormatError(
            f"secret {secret_arn} must be JSON with username and password, as RDS writes it"
        ) from None
