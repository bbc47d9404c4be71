"""Names and passwords in Secrets Manager: of a cluster's master user, of a cache's users; versions and their labels."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from botocore.exceptions import ClientError

from estate.names import master_secret
from runbooks.aws.rds import error_code

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_secretsmanager.type_defs import ListSecretVersionIdsRequestTypeDef, SecretVersionsListEntryTypeDef

# Secrets Manager decrypts with the secret's own key on the caller's behalf, hence the second action.
ACTIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "find_own_secret": ("secretsmanager:GetSecretValue", "kms:Decrypt"),
    "read_login": ("secretsmanager:GetSecretValue", "kms:Decrypt"),
    "find_secret": ("secretsmanager:DescribeSecret",),
    "list_versions": ("secretsmanager:ListSecretVersionIds",),
    "add_version": (
        "secretsmanager:GetSecretValue",
        "secretsmanager:PutSecretValue",
        "kms:Decrypt",
        "kms:GenerateDataKey",
    ),
    "move_label": ("secretsmanager:UpdateSecretVersionStage",),
}
CURRENT: Final = "AWSCURRENT"
PENDING: Final = "AWSPENDING"
PREVIOUS: Final = "AWSPREVIOUS"
UNDATED: Final = datetime.min.replace(tzinfo=UTC)  # never seen: Secrets Manager dates its versions
NO_SECRET: Final = frozenset({"ResourceNotFoundException"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Login:
    """A database user. The password is left out of `repr`, so that no log or error carries it."""

    username: str
    password: str = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Version:
    """One version of a secret that has a label; never its value."""

    version_id: str
    labels: tuple[str, ...]
    created_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Secret:
    """A secret, never its value. `deleted` says that it waits for its deletion, and keeps its name until then."""

    name: str
    tags: Mapping[str, str] = field(default_factory=dict[str, str])
    deleted: bool = False


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


def find_secret(client: SecretsManagerClient, name: str) -> Secret | None:
    """A secret by its name, without its value; None when there is none."""
    try:
        raw = client.describe_secret(SecretId=name)
    except ClientError as error:
        if error_code(error) in NO_SECRET:
            return None
        raise
    tags = {tag.get("Key", ""): tag.get("Value", "") for tag in raw.get("Tags", [])}
    return Secret(name=name, tags=tags, deleted="DeletedDate" in raw)


def list_versions(client: SecretsManagerClient, name: str) -> tuple[Version, ...] | None:
    """Versions of a secret that have a label; None when there is no such secret."""
    found: list[Version] = []
    token = ""
    while True:
        more: ListSecretVersionIdsRequestTypeDef = {"SecretId": name}
        if token:
            more["NextToken"] = token
        try:
            page = client.list_secret_version_ids(**more)
        except ClientError as error:
            if error_code(error) in NO_SECRET:
                return None
            raise
        found += [_version(each) for each in page["Versions"]]
        token = page.get("NextToken", "")
        if not token:
            return tuple(found)


def _version(entry: SecretVersionsListEntryTypeDef) -> Version:
    return Version(
        version_id=entry.get("VersionId", ""),
        labels=tuple(sorted(entry.get("VersionStages", ()))),
        created_at=entry.get("CreatedDate", UNDATED),
    )


def add_version(client: SecretsManagerClient, name: str, *, version_id: str, password: str) -> None:
    """Keep a new password beside the current one, under the label AWSPENDING; what else the secret says stays.

    Repeating it with the same `version_id` changes nothing, as long as the version is there.
    """
    values = json.loads(client.get_secret_value(SecretId=name).get("SecretString", "{}"))
    text = json.dumps({**values, "password": password})
    client.put_secret_value(SecretId=name, ClientRequestToken=version_id, SecretString=text, VersionStages=[PENDING])


def move_label(client: SecretsManagerClient, name: str, label: str, *, away_from: str, to: str | None = None) -> None:
    """Move a label to another version, or take it away; AWSPREVIOUS follows AWSCURRENT by itself."""
    moved = {"MoveToVersionId": to} if to is not None else {}
    client.update_secret_version_stage(SecretId=name, VersionStage=label, RemoveFromVersionId=away_from, **moved)


def read_login(client: SecretsManagerClient, secret_arn: str, version_id: str | None = None) -> Login:
    """Read a secret as RDS and the kit write it, JSON with `username` and `password`; the current version, or another.

    Raises:
        SecretFormatError: the secret has another form; its text is not part of the message.
    """
    which = {"VersionId": version_id} if version_id is not None else {}
    text = client.get_secret_value(SecretId=secret_arn, **which).get("SecretString", "")
    try:
        values = json.loads(text)
        return Login(username=values["username"], password=values["password"])
    except (ValueError, KeyError, TypeError):
        raise SecretFormatError(
            f"secret {secret_arn} must be JSON with username and password, as RDS writes it"
        ) from None
