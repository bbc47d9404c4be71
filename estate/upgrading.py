"""Blue/green deployments: a green copy that runs the next version.

Sources: [B] rds CreateBlueGreenDeployment (botocore 1.44.5); [BG] Aurora user guide, blue-green-deployments-overview
and -considerations, read November 2026: they copy an own secret, a proxy (since 9 April 2026) and a Global Database,
and still no password that RDS manages. A Global Database is copied whole, from its global cluster, by the API.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from pydantic import Field

from estate import engines, limits, resources
from estate.spec import Hit, Rule, Spec

if TYPE_CHECKING:
    from estate.aurora import AuroraSpec
    from estate.model import Estate

NAME = re.compile(r"[a-zA-Z](?:-?[a-zA-Z0-9]+)*")
LOGICAL_REPLICATION = "rds.logical_replication"
BINLOG = "binlog_format"
BINLOG_FORMATS = frozenset({"ROW", "MIXED", "STATEMENT"})
ON = frozenset({"1", "on", "true"})


class BlueGreenSpec(Spec):
    """A green copy of the cluster under `AWS::RDS::Deployment`; switching over is an operation, never a template's."""

    name: str = Field(description="Name of the deployment; another one with every change, which makes a new green copy")
    target_version: str = Field(description="Engine version of the green cluster, quoted")
    parameters: dict[str, str] = Field(
        default={}, description="Cluster parameters of the green cluster, beside the cluster's own"
    )


def _malformed_name(spec: AuroraSpec) -> Iterator[Hit]:
    green = spec.blue_green
    if green and not (NAME.fullmatch(green.name) and len(green.name) <= limits.BLUE_GREEN_NAME_LENGTH):
        yield Hit(("blue_green", "name"), green.name)


def _malformed_target(spec: AuroraSpec) -> Iterator[Hit]:
    green = spec.blue_green
    if green and not engines.is_well_formed(spec.engine, green.target_version):
        fix = f'write it as in "{engines.VERSION_EXAMPLES[spec.engine]}"'
        yield Hit(("blue_green", "target_version"), green.target_version, fix=fix)


def _unknown_target(spec: AuroraSpec) -> Iterator[Hit]:
    if not (green := spec.blue_green) or not engines.is_well_formed(spec.engine, green.target_version):
        return
    known = engines.known_versions(spec.engine) - engines.retired_versions(spec.engine)
    if green.target_version not in known or not engines.names_minor(spec.engine, green.target_version):
        must = f"be a whole version in the data of {engines.data_date()}"
        yield Hit(("blue_green", "target_version"), green.target_version, must=must)


def _older_target(spec: AuroraSpec) -> Iterator[Hit]:
    green = spec.blue_green
    if not green or not engines.is_well_formed(spec.engine, green.target_version):
        return
    now, then = (engines.parsed(spec.engine, version) for version in (spec.version, green.target_version))
    if then < now or (then == now and not green.parameters):
        yield Hit(("blue_green", "target_version"), green.target_version, must=f"be newer than {spec.version}")


def _managed_secret(spec: AuroraSpec) -> Iterator[Hit]:
    if spec.blue_green and spec.master_authentication == "managed-secret":
        yield Hit(("master_authentication",), spec.master_authentication)


def _no_replication(spec: AuroraSpec) -> Iterator[Hit]:
    if not spec.blue_green:
        return
    if spec.engine == engines.MYSQL and spec.parameters.get(BINLOG, "OFF").upper() not in BINLOG_FORMATS:
        given, fix = spec.parameters.get(BINLOG), f'add `{BINLOG}: "ROW"`; the writer takes it when it reboots'
        yield Hit(("parameters", BINLOG), given, must="be ROW, MIXED or STATEMENT beside blue_green", fix=fix)
    elif spec.engine == engines.POSTGRESQL and spec.parameters.get(LOGICAL_REPLICATION, "0").lower() not in ON:
        given, fix = spec.parameters.get(LOGICAL_REPLICATION), f'add `{LOGICAL_REPLICATION}: "1"`'
        fix += "; instances take it when they reboot"
        yield Hit(("parameters", LOGICAL_REPLICATION), given, must='be "1" beside blue_green', fix=fix)


def _old_source(spec: AuroraSpec) -> Iterator[Hit]:
    well_formed = engines.is_well_formed(spec.engine, spec.version)
    if spec.blue_green and well_formed and not engines.can_be_blue(spec.engine, spec.version):
        yield Hit(("blue_green",), f"a blue cluster of version {spec.version}")


def _own_parameters(spec: AuroraSpec) -> Iterator[Hit]:
    for name, instance in spec.instances.items() if spec.blue_green else ():
        if instance.parameters:
            yield Hit(("instances", name, "parameters"), ", ".join(instance.parameters))


def _events(spec: AuroraSpec) -> Iterator[Hit]:
    if spec.blue_green and spec.engine == engines.MYSQL:
        given = {**spec.parameters, **spec.blue_green.parameters}.get("event_scheduler", "OFF")
        if given.lower() in ON:
            yield Hit(("blue_green", "parameters", "event_scheduler"), given)


def _insecure_green(spec: AuroraSpec) -> Iterator[Hit]:
    for name in ("rds.force_ssl", "require_secure_transport"):
        given = spec.blue_green.parameters.get(name) if spec.blue_green else None
        if given is not None and given.lower() not in ON:
            yield Hit(("blue_green", "parameters", name), given)


def _left_behind(spec: AuroraSpec) -> Iterator[Hit]:
    if spec.blue_green and spec.autoscaling:
        yield Hit(("autoscaling",), "a scaling policy", must="be declared again after the switchover")


def _wound_back(spec: AuroraSpec) -> Iterator[Hit]:
    if spec.blue_green and spec.effective_backtrack_hours:
        yield Hit(("backtrack_hours",), spec.effective_backtrack_hours)


def _region(spec: AuroraSpec) -> Iterator[Hit]:
    if spec.blue_green and spec.region in engines.regions_without(resources.BLUE_GREEN):
        yield Hit(("blue_green",), f"a deployment in {spec.region}")


RULES: tuple[Rule[AuroraSpec], ...] = (
    Rule(
        id="aurora/blue-green-name",
        reads=("blue_green.name",),
        broken=_malformed_name,
        must=f"be 1-{limits.BLUE_GREEN_NAME_LENGTH} letters, digits and single hyphens, a letter first",
        fix="rename it",
    ),
    Rule(
        id="aurora/blue-green-target-form",
        reads=("engine", "blue_green.target_version"),
        broken=_malformed_target,
        must="be a version of the engine",
        fix="see docs/estate.md",
    ),
    Rule(
        id="aurora/blue-green-target-unknown",
        reads=("engine", "blue_green.target_version"),
        broken=_unknown_target,
        must="be known",
        fix="check the spelling; if it is newer, add `acknowledge: [aurora/blue-green-target-unknown]`",
        level="warning",
    ),
    Rule(
        id="aurora/blue-green-target-older",
        reads=("engine", "version", "blue_green.target_version"),
        broken=_older_target,
        must="be newer than the cluster's",
        fix="raise it; the same version makes sense only with `parameters:` of its own",
    ),
    Rule(
        id="aurora/blue-green-secret",
        reads=("master_authentication",),
        broken=_managed_secret,
        must="be own-secret or iam beside blue_green",
        fix="a blue/green deployment doesn't copy a password that RDS manages: set "
        "`master_authentication: own-secret`, deploy, then add `blue_green`",
    ),
    Rule(
        id="aurora/blue-green-replication",
        reads=("engine", "parameters"),
        broken=_no_replication,
        must="be on beside blue_green",
        fix="green follows blue by logical replication: turn it on",
    ),
    Rule(
        id="aurora/blue-green-source",
        reads=("engine", "version"),
        broken=_old_source,
        must="start from PostgreSQL 15.4, 14.9, 13.12 or newer",
        fix="upgrade in place to the newest minor version first",
    ),
    Rule(
        id="aurora/blue-green-events",
        reads=("engine", "parameters", "blue_green.parameters"),
        broken=_events,
        must="be OFF in the green cluster",
        fix='events would run in both: add `event_scheduler: "OFF"` to `blue_green.parameters` until the switchover',
    ),
    Rule(
        id="aurora/blue-green-instances",
        reads=("blue_green", "instances.*.parameters"),
        broken=_own_parameters,
        must="be left out beside blue_green: green instances have one parameter group for all",
        fix="put them under `instance_parameters`, or add `acknowledge: [aurora/blue-green-instances]`",
        acknowledge=True,
    ),
    Rule(
        id="aurora/blue-green-tls-off",
        reads=("blue_green.parameters",),
        broken=_insecure_green,
        must="stay on",
        fix="remove it, or add `acknowledge: [aurora/blue-green-tls-off]`",
        acknowledge=True,
    ),
    Rule(
        id="aurora/blue-green-autoscaling",
        reads=("blue_green", "autoscaling"),
        broken=_left_behind,
        must="be declared again after the switchover",
        fix="the green cluster has no scaling policies: deploy again after the switchover, and add "
        "`acknowledge: [aurora/blue-green-autoscaling]`",
        level="warning",
    ),
    Rule(
        id="aurora/blue-green-backtrack",
        reads=("blue_green", "backtrack_hours"),
        broken=_wound_back,
        must="not be used while the green cluster exists",
        fix="winding blue back breaks the deployment, and green starts without a window: set `backtrack_hours: 0`, or "
        "add `acknowledge: [aurora/blue-green-backtrack]`",
        level="warning",
    ),
    Rule(
        id="aurora/blue-green-region",
        reads=("blue_green", "region"),
        broken=_region,
        must="be in a Region whose CloudFormation has blue/green deployments",
        fix="remove it and use `runbook upgrade`, or add `acknowledge: [aurora/blue-green-region]` if it has arrived "
        "there",
        acknowledge=True,
    ),
)


def _replicated_sources(estate: Estate) -> Iterator[Hit]:
    replicated = {cluster.replica_of: name for name, cluster in estate.aurora.items() if cluster.replica_of}
    for name, cluster in estate.aurora.items():
        if cluster.blue_green and name in replicated:
            yield Hit(("aurora", name, "blue_green"), f"the source of {replicated[name]}")


ESTATE_RULES: tuple[Rule[Estate], ...] = (
    Rule(
        id="estate/blue-green-source",
        reads=("aurora.*.replica_of",),
        broken=_replicated_sources,
        must="be left out of a cluster that a replica in another Region follows",
        fix="promote or remove the replica first",
    ),
)
