"""What an estate needs that a Region's CloudFormation may lack: refused before the deploy, with the way round.

Settings that some Region lacks today have rules of their own, with their sections (custom endpoints, proxies, Global
Database, blue/green, restore tests). This table is for all others: the generated data (`engines.regions_without`) may
change with every release of its sources.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from estate import engines
from estate.spec import Hit, Path, Rule

if TYPE_CHECKING:
    from estate.aurora import AuroraSpec


@dataclass(frozen=True, kw_only=True, slots=True)
class Need:
    """A setting that needs resource types, and what to do where CloudFormation lacks one."""

    path: Path
    types: tuple[str, ...]
    holds: Callable[[AuroraSpec], bool]
    way: str


NEEDS: tuple[Need, ...] = (
    Need(
        path=("engine",),
        types=("AWS::RDS::DBCluster", "AWS::RDS::DBInstance", "AWS::RDS::DBClusterParameterGroup"),
        holds=lambda _: True,
        way="choose another Region, or make the cluster there with `aws rds create-db-cluster`",
    ),
    Need(
        path=("autoscaling",),
        types=("AWS::ApplicationAutoScaling::ScalableTarget", "AWS::ApplicationAutoScaling::ScalingPolicy"),
        holds=lambda spec: spec.autoscaling is not None,
        way="remove it and declare the readers, or use `aws application-autoscaling put-scaling-policy`",
    ),
    Need(
        path=("dns",),
        types=("AWS::Route53::RecordSet",),
        holds=lambda spec: spec.dns is not None,
        way="remove it and use `aws route53 change-resource-record-sets`",
    ),
    Need(
        path=("backup", "plan"),
        types=("AWS::Backup::BackupPlan", "AWS::Backup::BackupSelection", "AWS::Backup::BackupVault"),
        holds=lambda spec: spec.backup.plan is not None,
        way="remove it and use `runbook snapshot` on a schedule, or `aws backup create-backup-plan`",
    ),
    Need(
        path=("master_authentication",),
        types=("AWS::SecretsManager::RotationSchedule", "AWS::SecretsManager::SecretTargetAttachment"),
        holds=lambda spec: spec.master_authentication == "own-secret",
        way="choose managed-secret, which RDS rotates itself",
    ),
    Need(
        path=("watch",),
        types=("AWS::CloudWatch::Alarm", "AWS::CloudWatch::Dashboard", "AWS::RDS::EventSubscription"),
        holds=lambda spec: spec.watch is not None,
        way="remove it and use `aws cloudwatch put-metric-alarm` and `aws rds create-event-subscription`",
    ),
    Need(
        path=("instance_parameters",),
        types=("AWS::RDS::DBParameterGroup",),
        holds=lambda spec: bool(spec.instance_parameters) or any(each.parameters for each in spec.instances.values()),
        way="put them into `parameters`, or use `aws rds create-db-parameter-group`",
    ),
)


def _missing(spec: AuroraSpec) -> Iterator[Hit]:
    for need in NEEDS:
        lacking = [name for name in need.types if spec.region in engines.regions_without(name)]
        if lacking and need.holds(spec):
            yield Hit(need.path, f"{lacking[0]} in {spec.region}", fix=f"{need.way}; {ACKNOWLEDGE}")


ACKNOWLEDGE = "if it has arrived there, add `acknowledge: [aurora/type-region]`"
RULES: tuple[Rule[AuroraSpec], ...] = (
    Rule(
        id="aurora/type-region",
        reads=("region",),
        broken=_missing,
        must="be in a Region whose CloudFormation has the resource",
        fix=ACKNOWLEDGE,
        acknowledge=True,
    ),
)
