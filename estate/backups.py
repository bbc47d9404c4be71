"""Backups beyond Aurora's own: plans of AWS Backup."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from estate.spec import Integer, Rule, Spec, Switch

if TYPE_CHECKING:
    from estate.aurora import AuroraSpec


class VaultLockSpec(Spec):
    """Vault Lock: recovery points that nobody deletes before their time."""

    min_retention_days: Annotated[Integer, Field(ge=1)] = Field(description="Least days that a recovery point is kept")
    max_retention_days: Annotated[Integer, Field(ge=1)] | None = Field(
        default=None, description="Most days that a recovery point is kept"
    )
    changeable_days: Annotated[Integer, Field(ge=3)] | None = Field(
        default=None, description="Days until nobody can lift the lock any more; governance mode when left out"
    )


class RestoreTestSpec(Spec):
    """A restore-testing plan: AWS Backup restores a recovery point on schedule and deletes it again."""

    schedule: str = Field(default="cron(0 6 ? * SUN *)", description="When, as a `cron(...)` expression")
    timezone: str = Field(default="Etc/UTC", description="Time zone of the schedule, an IANA name")


class BackupPlanSpec(Spec):
    """An AWS Backup plan for the cluster, into a vault of its own."""

    schedule: str = Field(default="cron(0 4 ? * * *)", description="When, as a `cron(...)` expression, UTC")
    retention_days: Annotated[Integer, Field(ge=1)] = Field(
        default=35, description="Days that a recovery point is kept"
    )
    continuous: Switch = Field(
        default=False, description="Point-in-time recovery kept by AWS Backup instead of snapshots, 35 days at most"
    )
    copy_to_region: str | None = Field(
        default=None, description="One of `regions`: each recovery point is copied to a vault there"
    )
    copy_to_vault: str | None = Field(
        default=None, description="ARN of a vault that exists: each recovery point is copied to it"
    )
    copy_retention_days: Annotated[Integer, Field(ge=1)] = Field(default=35, description="Days that a copy is kept")
    lock: VaultLockSpec | None = Field(default=None, description="Vault Lock")
    restore_test: RestoreTestSpec | None = Field(default=None, description="A restore-testing plan")


RULES: tuple[Rule[AuroraSpec], ...] = ()
