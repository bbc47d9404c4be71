"""The master user's secret that RDS manages."""

from __future__ import annotations

import json
import secrets
import string

from moto.rds.models import MasterUserSecret

PASSWORD_LENGTH = 28


class ManagedSecret(MasterUserSecret):  # type: ignore[misc]
    """moto's secret with the cluster's own user name and a random password, as RDS makes it."""

    def __init__(self, resource: object, kms_key_id: str | None) -> None:
        self.password = new_password()
        super().__init__(resource, kms_key_id)

    @property
    def secret_status(self) -> str:
        return "active"

    def _generate_secret_string(self) -> str:
        return json.dumps({"username": self.resource.master_username, "password": self.password})

    def renew(self) -> str:
        """A new password, as after RotateMasterUserPassword."""
        self.password = new_password()
        self.secretsmanager.put_secret_value(
            secret_id=self.secret.arn,
            secret_string=self._generate_secret_string(),
            secret_binary="",
            client_request_token=secrets.token_hex(16),
            version_stages=["AWSCURRENT"],
        )
        return self.password


def new_password() -> str:
    return "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(PASSWORD_LENGTH))
