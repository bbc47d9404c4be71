"""Backups beyond Aurora's own: plans of AWS Backup, their vaults, copies, locks and restore tests.

Limits are those of botocore's model of AWS Backup (`backup/2018-11-15`, botocore 1.44.5) and its developer guide.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated
from zoneinfo import available_timezones

from pydantic import Field

from estate import engines, limits, names, resources, schedules
from estate.spec import Hit, Integer, Rule, Spec, Switch

if TYPE_CHECKING:
    from estate.aurora import AuroraSpec
    from estate.model import Estate

VAULT_ARN = re.compile(r"arn:aws[a-z-]*:backup:([a-z0-9-]+):(\d{12}):backup-vault:[A-Za-z0-9_-]{2,50}")
TIMEZONE = re.compile(r"[A-Za-z][A-Za-z_+-]*(/[A-Za-z0-9_+-]+){0,2}")
Days = Annotated[Integer, Field(ge=1, le=limits.RECOVERY_POINT_DAYS_MAX)]


class VaultLockSpec(Spec):
    """Vault Lock on the plan's vaults: recovery points that nobody deletes before their time."""

    min_retention_days: Days = Field(description="Least days that a recovery point is kept")
    max_retention_days: Days | None = Field(default=None, description="Most days that a recovery point is kept")
    changeable_days: Annotated[Integer, Field(ge=limits.LOCK_DAYS_MIN, le=limits.RECOVERY_POINT_DAYS_MAX)] | None = (
        Field(
            default=None,
            description="Days until nobody can lift the lock any more; it can always be lifted when left out",
        )
    )


class RestoreTestSpec(Spec):
    """A restore-testing plan: AWS Backup restores the latest recovery point on schedule and deletes it again."""

    schedule: str = Field(default="cron(0 6 ? * SUN *)", description="When, as a `cron(...)` expression")
    timezone: str = Field(default="Etc/UTC", description="Time zone of the schedule, an IANA name")


class BackupPlanSpec(Spec):
    """An AWS Backup plan for the cluster, into a vault of its own under the cluster's key."""

    schedule: str = Field(default="cron(0 4 ? * * *)", description="When, as a `cron(...)` expression, UTC")
    retention_days: Days = Field(default=35, description="Days that a recovery point is kept")
    continuous: Switch = Field(
        default=False, description="Point-in-time recovery kept by AWS Backup instead of snapshots, 35 days at most"
    )
    copy_to_region: str | None = Field(
        default=None, description="One of `regions`: each recovery point is copied to a vault there"
    )
    copy_to_vault: str | None = Field(
        default=None, description="ARN of a vault that exists: each recovery point is copied to it"
    )
    copy_retention_days: Days = Field(default=35, description="Days that a copy is kept")
    lock: VaultLockSpec | None = Field(default=None, description="Vault Lock")
    restore_test: RestoreTestSpec | None = Field(default=None, description="A restore-testing plan")


def copy_account(plan: BackupPlanSpec | None) -> str | None:
    """The account of the vault that `copy_to_vault` names; it has to be let near the cluster's key."""
    match = VAULT_ARN.fullmatch(plan.copy_to_vault or "") if plan else None
    return match[2] if match else None


def _malformed_schedules(spec: AuroraSpec) -> Iterator[Hit]:
    for path, schedule in _schedules(spec):
        if problem := _problem(schedule):
            yield Hit(path, schedule, fix=f"it {problem}: write it as in `cron(0 4 ? * * *)`")


def _problem(text: str) -> str:
    """What is wrong with a schedule of AWS Backup, which takes `cron(...)` alone; empty when nothing is."""
    found = schedules.read_schedule(text)
    if isinstance(found, str):
        return found
    return "" if found.cron else "is no cron(...) expression"


def _schedules(spec: AuroraSpec) -> Iterator[tuple[tuple[str, ...], str]]:
    plan = spec.backup.plan
    if plan:
        yield ("backup", "plan", "schedule"), plan.schedule
    if plan and plan.restore_test:
        yield ("backup", "plan", "restore_test", "schedule"), plan.restore_test.schedule


def _frequent_schedules(spec: AuroraSpec) -> Iterator[Hit]:
    for path, schedule in _schedules(spec):
        found = schedules.read_schedule(schedule)
        if isinstance(found, schedules.Schedule) and found.cron and len(found.cron[0]) > 1:
            yield Hit(path, schedule)


def _is_timezone(text: str) -> bool:
    """Whether it is an IANA name; a machine without the list of them takes whatever is written like one."""
    return TIMEZONE.fullmatch(text) is not None and text in (available_timezones() or {text})


def _unknown_timezone(spec: AuroraSpec) -> Iterator[Hit]:
    test = spec.backup.plan.restore_test if spec.backup.plan else None
    if test and not _is_timezone(test.timezone):
        yield Hit(("backup", "plan", "restore_test", "timezone"), test.timezone)


def _long_continuous(spec: AuroraSpec) -> Iterator[Hit]:
    plan = spec.backup.plan
    if plan and plan.continuous and plan.retention_days > limits.BACKUP_DAYS_MAX:
        yield Hit(("backup", "plan", "retention_days"), plan.retention_days)


def _two_retentions(spec: AuroraSpec) -> Iterator[Hit]:
    """AWS Backup then owns the cluster's automated backups, and RDS refuses every other value from CloudFormation."""
    plan, own = spec.backup.plan, spec.backup.retention_days
    if plan and plan.continuous and plan.retention_days <= limits.BACKUP_DAYS_MAX and plan.retention_days != own:
        yield Hit(("backup", "retention_days"), own, must=f"be backup.plan.retention_days ({plan.retention_days})")


def _two_copies(spec: AuroraSpec) -> Iterator[Hit]:
    plan = spec.backup.plan
    if plan and plan.copy_to_region and plan.copy_to_vault:
        yield Hit(("backup", "plan", "copy_to_vault"), plan.copy_to_vault)


def _malformed_vault(spec: AuroraSpec) -> Iterator[Hit]:
    plan = spec.backup.plan
    if plan and plan.copy_to_vault is not None and not VAULT_ARN.fullmatch(plan.copy_to_vault):
        yield Hit(("backup", "plan", "copy_to_vault"), plan.copy_to_vault)


def _lock_order(spec: AuroraSpec) -> Iterator[Hit]:
    lock = spec.backup.plan.lock if spec.backup.plan else None
    if lock and lock.max_retention_days is not None and lock.max_retention_days < lock.min_retention_days:
        must = f"not be below min_retention_days ({lock.min_retention_days})"
        yield Hit(("backup", "plan", "lock", "max_retention_days"), lock.max_retention_days, must=must)


def _outside_lock(spec: AuroraSpec) -> Iterator[Hit]:
    plan = spec.backup.plan
    lock = plan.lock if plan else None
    if not plan or not lock:
        return
    most = lock.max_retention_days or limits.RECOVERY_POINT_DAYS_MAX
    kept = {"retention_days": plan.retention_days}
    if plan.copy_to_region:
        kept["copy_retention_days"] = plan.copy_retention_days
    for name, days in kept.items():
        if lock.min_retention_days <= most and not lock.min_retention_days <= days <= most:
            must = f"be between {lock.min_retention_days} and {most}, as the lock says"
            yield Hit(("backup", "plan", name), days, must=must)


def _lock_for_good(spec: AuroraSpec) -> Iterator[Hit]:
    lock = spec.backup.plan.lock if spec.backup.plan else None
    if lock and lock.changeable_days is not None:
        yield Hit(("backup", "plan", "lock", "changeable_days"), lock.changeable_days)


def _restore_test_region(spec: AuroraSpec) -> Iterator[Hit]:
    test = spec.backup.plan.restore_test if spec.backup.plan else None
    if test and spec.region in engines.regions_without(resources.RESTORE_TEST):
        yield Hit(("backup", "plan", "restore_test"), f"a restore test in {spec.region}")


RULES: tuple[Rule[AuroraSpec], ...] = (
    Rule(
        id="aurora/backup-schedule",
        reads=("backup.plan.schedule", "backup.plan.restore_test.schedule"),
        broken=_malformed_schedules,
        must="be a cron expression that AWS takes",
        fix="write it as in `cron(0 4 ? * * *)`: minutes, hours, day of month, month, day of week, year",
    ),
    Rule(
        id="aurora/backup-hourly",
        reads=("backup.plan.schedule", "backup.plan.restore_test.schedule"),
        broken=_frequent_schedules,
        must="run once an hour at most",
        fix="name one minute in its first field",
    ),
    Rule(
        id="aurora/backup-timezone",
        reads=("backup.plan.restore_test.timezone",),
        broken=_unknown_timezone,
        must="be the IANA name of a time zone",
        fix="write it as in Europe/Berlin or Etc/UTC",
    ),
    Rule(
        id="aurora/backup-continuous",
        reads=("backup.plan.continuous", "backup.plan.retention_days"),
        broken=_long_continuous,
        must=f"be {limits.BACKUP_DAYS_MAX} at most with `continuous: on`",
        fix="lower it, or leave `continuous` off: snapshots are kept as long as you like",
    ),
    Rule(
        id="aurora/backup-two-retentions",
        reads=("backup.plan.continuous", "backup.plan.retention_days", "backup.retention_days"),
        broken=_two_retentions,
        must="be backup.plan.retention_days",
        fix="with `continuous: on` AWS Backup keeps the cluster's own backups, and RDS refuses any other value: "
        "give both the same",
    ),
    Rule(
        id="aurora/backup-two-copies",
        reads=("backup.plan.copy_to_region", "backup.plan.copy_to_vault"),
        broken=_two_copies,
        must="be left out beside copy_to_region",
        fix="keep one of the two",
    ),
    Rule(
        id="aurora/backup-vault",
        reads=("backup.plan.copy_to_vault",),
        broken=_malformed_vault,
        must="be the ARN of a backup vault",
        fix="write it as in arn:aws:backup:us-east-1:123456789012:backup-vault:copies",
    ),
    Rule(
        id="aurora/backup-lock-order",
        reads=("backup.plan.lock",),
        broken=_lock_order,
        must="not be below min_retention_days",
        fix="raise it, or lower min_retention_days",
    ),
    Rule(
        id="aurora/backup-lock-retention",
        reads=("backup.plan.lock", "backup.plan.retention_days", "backup.plan.copy_retention_days"),
        broken=_outside_lock,
        must="be within the lock",
        fix="the vault fails every backup job outside of it: change the one or the other",
    ),
    Rule(
        id="aurora/backup-lock-for-good",
        reads=("backup.plan.lock.changeable_days",),
        broken=_lock_for_good,
        must="be left out unless it is meant for good",
        fix="after that many days nobody, AWS neither, can lift the lock or delete a recovery point: leave it out, or "
        "add `acknowledge: [aurora/backup-lock-for-good]`",
        level="warning",
    ),
    Rule(
        id="aurora/backup-restore-test-region",
        reads=("backup.plan.restore_test", "region"),
        broken=_restore_test_region,
        must="be in a Region whose CloudFormation has restore testing",
        fix="remove it and restore a snapshot by `runbook restore`, or add "
        "`acknowledge: [aurora/backup-restore-test-region]` if it has arrived there",
        acknowledge=True,
    ),
)


def _copy_regions(estate: Estate) -> Iterator[Hit]:
    for name, cluster in estate.aurora.items():
        to = cluster.backup.plan.copy_to_region if cluster.backup.plan else None
        path = ("aurora", name, "backup", "plan", "copy_to_region")
        if to is not None and to not in estate.regions:
            yield Hit(path, to, fix="add it to `regions` or correct it")
        elif to is not None and to == (cluster.region or estate.regions[0]):
            yield Hit(path, to, must="be another Region than the cluster's", fix="choose another one of `regions`")


def _copies_across_both(estate: Estate) -> Iterator[Hit]:
    for name, cluster in estate.aurora.items():
        plan = cluster.backup.plan
        match = VAULT_ARN.fullmatch(plan.copy_to_vault or "") if plan else None
        if match and estate.account not in {None, match[2]} and match[1] != (cluster.region or estate.regions[0]):
            yield Hit(("aurora", name, "backup", "plan", "copy_to_vault"), match[0])


def _long_names(estate: Estate) -> Iterator[Hit]:
    for name, cluster in estate.aurora.items():
        vault = names.backup_vault(names.cluster_identifier(estate.name, name))
        if cluster.backup.plan and len(vault) > limits.BACKUP_NAME_LENGTH:
            yield Hit(("aurora", name), f"{vault} ({len(vault)})")


ESTATE_RULES: tuple[Rule[Estate], ...] = (
    Rule(
        id="estate/backup-copy-region",
        reads=("regions", "aurora.*.region", "aurora.*.backup.plan.copy_to_region"),
        broken=_copy_regions,
        must="be one of the estate's regions",
        fix="choose another one of `regions`",
    ),
    Rule(
        id="estate/backup-copy-both-ways",
        reads=("account", "regions", "aurora.*.region", "aurora.*.backup.plan.copy_to_vault"),
        broken=_copies_across_both,
        must="be in the cluster's Region when it is in another account",
        fix="AWS Backup copies Aurora's snapshots to another Region or to another account, never both at once: name a "
        "vault of that account in the cluster's Region, and copy on from there",
    ),
    Rule(
        id="estate/backup-name-length",
        reads=("estate",),
        broken=_long_names,
        must=f"make the name of a vault, {limits.BACKUP_NAME_LENGTH} characters at most",
        fix="shorten one of its parts",
    ),
)
