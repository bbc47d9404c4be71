"""Secrets Manager: moto's, with rotation schedules as they were given and hosted functions that are not run."""

from __future__ import annotations

import json
import logging
import re
import time
from dataclasses import dataclass
from typing import Any

from moto.secretsmanager.models import SecretsManagerBackend

from lab.cloud.awserrors import aws_error

log = logging.getLogger(__name__)

HOSTED = "hosted-rotation-that-the-lab-does-not-run"
"""Name of the function that stands for one which CloudFormation's transform makes on AWS; it says what it is not."""
CREATED = "lab_created_at"
SCHEDULE = re.compile(r"rate\(([1-9]\d*) (hours?|days?)\)|cron\(.+\)")
"""Of RotationRulesType.ScheduleExpression: `rate()` in hours or days, `cron()` of six fields."""


@dataclass(frozen=True, slots=True)
class Rotation:
    """How a secret is rotated, as DescribeSecret shows it."""

    lambda_arn: str
    rules: dict[str, Any]


class _Described:
    """A secret with its rotation: moto shows `AutomaticallyAfterDays` only."""

    def __init__(self, secret: Any, rotation: Rotation) -> None:
        self._secret = secret
        self._rotation = rotation

    def to_dict(self) -> dict[str, Any]:
        return {
            **self._secret.to_dict(),
            "RotationEnabled": True,
            "RotationLambdaARN": self._rotation.lambda_arn,
            "RotationRules": self._rotation.rules,
        }

    def __getattr__(self, name: str) -> Any:
        return getattr(self._secret, name)


class LabSecretsBackend(SecretsManagerBackend):  # type: ignore[misc]
    """One account's secrets in one Region."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.rotations: dict[str, Rotation] = {}  # by ARN of the secret

    def _add_secret(self, *arguments: Any, **named: Any) -> tuple[Any, bool]:
        """Versions are dated to the fraction of a second; moto cuts it off."""
        secret, is_new = super()._add_secret(*arguments, **named)
        for version in secret.versions.values():
            version.setdefault(CREATED, time.time())
        return secret, is_new

    def list_secret_version_ids(self, secret_id: str) -> str:
        """Versions that have a label, each with its own date: ListSecretVersionIds leaves out the others."""
        secret = super().describe_secret(secret_id)
        versions = [
            {"CreatedDate": version[CREATED], "VersionId": name, "VersionStages": list(version["version_stages"])}
            for name, version in secret.versions.items()
            if version["version_stages"]
        ]
        return json.dumps({"ARN": secret.arn, "Name": secret.name, "Versions": versions})

    def update_secret_version_stage(
        self, secret_id: str, version_stage: str, remove_from_version_id: str, move_to_version_id: str
    ) -> tuple[str, str]:
        """GetSecretValue: "If you don't specify either a VersionStage or VersionId, Secrets Manager returns the
        AWSCURRENT version"; moto goes on returning the version that was written last.
        """
        arn, name = super().update_secret_version_stage(
            secret_id, version_stage, remove_from_version_id, move_to_version_id
        )
        if version_stage == "AWSCURRENT" and move_to_version_id:
            super().describe_secret(secret_id).default_version_id = move_to_version_id
        return str(arn), str(name)

    def describe_secret(self, secret_id: str) -> Any:
        secret = super().describe_secret(secret_id)
        rotation = self.rotations.get(secret.arn)
        return secret if rotation is None else _Described(secret, rotation)

    def rotate_secret(
        self,
        secret_id: str,
        client_request_token: str | None = None,
        rotation_lambda_arn: str | None = None,
        rotation_rules: dict[str, Any] | None = None,
        rotate_immediately: bool = True,  # noqa: FBT001, FBT002 (moto's signature)
    ) -> str:
        """Keep the schedule of a hosted function and run nothing; rotating with one at once is refused, by name.

        RotateSecret: "If you don't immediately rotate the secret, Secrets Manager tests the rotation configuration by
        running the testSecret step of the Lambda rotation function". There is no function here to test.
        """
        secret = super().describe_secret(secret_id)
        known = self.rotations.get(secret.arn)
        function = rotation_lambda_arn or (known.lambda_arn if known else "")
        if not function.endswith(f":{HOSTED}"):
            return str(
                super().rotate_secret(
                    secret_id, client_request_token, rotation_lambda_arn, rotation_rules, rotate_immediately
                )
            )
        if rotate_immediately:
            raise aws_error(
                "secretsmanager",
                "InvalidRequestException",
                f"The embedded AWS does not run hosted rotation functions: {secret.name} keeps its password. Write the "
                "new one with PutSecretValue and ModifyDBCluster.",
            )
        self.rotations[secret.arn] = Rotation(function, _checked(rotation_rules or (known.rules if known else {})))
        log.info("rotation.accepted %s: its hosted function is not run", secret.name)
        return str(secret.to_short_dict())

    def cancel_rotate_secret(self, secret_id: str) -> str:
        secret = super().describe_secret(secret_id)
        if self.rotations.pop(secret.arn, None) is None:
            return str(super().cancel_rotate_secret(secret_id))
        return str(secret.to_short_dict())


def _checked(rules: dict[str, Any]) -> dict[str, Any]:
    schedule = rules.get("ScheduleExpression")
    if schedule is not None and "AutomaticallyAfterDays" in rules:
        message = "You can specify either AutomaticallyAfterDays or ScheduleExpression, but not both."
        raise aws_error("secretsmanager", "InvalidParameterException", message)
    if schedule is not None and not SCHEDULE.fullmatch(schedule):
        message = f"Invalid ScheduleExpression: {schedule}"
        raise aws_error("secretsmanager", "InvalidParameterException", message)
    return rules
