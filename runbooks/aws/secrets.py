"""The master user's name and password, as RDS keeps them in Secrets Manager."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

# Secrets Manager decrypts with the secret's own key on the caller's behalf, hence the second action.
ACTIONS: Final[Mapping[str, tuple[str, ...]]] = {"read_login": ("secretsmanager:GetSecretValue", "kms:Decrypt")}


@dataclass(frozen=True, kw_only=True, slots=True)
class Login:
    """A database user. The password is left out of `repr`, so that no log or error carries it."""

    username: str
    password: str = field(repr=False)


class SecretFormatError(ValueError):
    """The secret is not what RDS writes."""


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
