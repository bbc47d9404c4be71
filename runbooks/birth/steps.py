"""The effects. Each looks first, makes the call of its step if it is still needed, and waits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from botocore.exceptions import ClientError

from runbooks.aws.rds import error_code
from runbooks.birth.plan import BirthKind, BirthStep
from runbooks.birth.settle import AVAILABLE, cluster_state
from runbooks.engine.plan import Call
from runbooks.engine.run import Context, Effect
from runbooks.parity.observe import find_raw_cluster, find_raw_instance
from runbooks.parity.portrait import Raw
from runbooks.parity.settings import CLUSTER, POINT_IN_TIME, Setting
from runbooks.tags import from_aws, is_ours, taken_by
from runbooks.tools import Tools
from runbooks.waits import EVERY_S, until_status

Ctx = Context[Tools]
USUAL_CLUSTER: Final = "5 to 15 minutes; a full copy of a large volume takes hours"
USUAL_INSTANCE: Final = "5 to 10 minutes"
USUAL_CHANGE: Final = "a minute or two"
BUSY: Final = frozenset(
    {
        "InvalidDBClusterStateFault",
        "InvalidDBInstanceState",
        "InvalidResourceStateFault",
        "ConcurrentUpdateException",  # of Application Auto Scaling
    }
)
TRIES: Final = 30
APPLIED: Final = "as asked"
PATIENCE: Final = 120  # looks, a second apart: AWS accepts a change some time before it shows


class TakenError(RuntimeError):
    """Somebody else made a thing of this name meanwhile."""


# --- what all of them do


def make_once(context: Ctx, call: Call, look: Callable[[], Raw | None], taken: str, subject: str) -> None:
    """Make something unless this run has made it already.

    Raises:
        TakenError: there is one of that name, and it is not this run's.
    """
    found = look()
    if found is None:
        try:
            perform(context, call)
        except ClientError as error:
            if error_code(error) != taken:
                raise
            found = look()  # an earlier try was done although its answer was lost, or somebody was faster
    if found is not None:
        _must_be_ours(found, context, subject)


def _must_be_ours(found: Raw, context: Ctx, subject: str) -> None:
    tags = from_aws(found.get("TagList", []))
    if not is_ours(tags, context.run_id):
        raise TakenError(taken_by(tags, subject))


def perform(context: Ctx, call: Call) -> None:
    """Make a call; while the cluster is busy with something else, a second later again, for half a minute."""
    for left in reversed(range(TRIES)):
        try:
            context.tools.perform(call)
        except ClientError as error:
            if error_code(error) not in BUSY or not left:
                raise
            context.clock.sleep(EVERY_S)
        else:
            return


def _rds(context: Ctx, call: Call) -> Any:
    return context.tools.session_in(call.region).rds


def _await_cluster(context: Ctx, rds: Any, cluster_id: str, usual: str = USUAL_CHANGE) -> None:
    def state() -> str | None:
        found = find_raw_cluster(rds, cluster_id)
        return cluster_state(found) if found is not None else None

    if state() != AVAILABLE:
        until_status(context, f"cluster {cluster_id}", state, usual=usual)


# --- the cluster


def restore_cluster(step: BirthStep, context: Ctx) -> Mapping[str, Any]:
    """Have the cluster made, unless it is there; then wait until it is at rest and can be backed up."""
    target = step.subject
    region = step.calls[0].region if step.calls else str(step.arguments.get("region", ""))
    rds: Any = context.tools.session_in(region).rds
    for call in step.calls:
        make_once(context, call, lambda: find_raw_cluster(rds, target), "DBClusterAlreadyExistsFault", target)
    _await_cluster(context, rds, target, USUAL_CLUSTER)
    found = find_raw_cluster(rds, target)
    if found is None:  # an answer from before
        return {"cluster": target}
    _must_be_ours(found, context, target)
    return {"cluster": target, "resource": str(found["DbClusterResourceId"])}


def create_instance(step: BirthStep, context: Ctx) -> Mapping[str, Any]:
    """Have an instance made, unless it is there; wait for those that the step names."""
    (call,) = step.calls
    rds = _rds(context, call)
    name = step.subject
    make_once(context, call, lambda: find_raw_instance(rds, name), "DBInstanceAlreadyExists", name)
    for each in step.arguments["wait_for"]:
        await_instance(context, rds, str(each))
    return {"instance": name}


def await_instance(context: Ctx, rds: Any, name: str) -> None:
    """Wait until an instance is available."""

    def state() -> str | None:
        found = find_raw_instance(rds, name)
        return str(found["DBInstanceStatus"]) if found is not None else None

    until_status(context, f"instance {name}", state, usual=USUAL_INSTANCE)


# --- afterwards


def modify_cluster(step: BirthStep, context: Ctx) -> None:
    """Change what is to be changed, and wait until it shows."""
    (call,) = step.calls
    rds = _rds(context, call)
    _await_cluster(context, rds, step.subject)
    if _pending(find_raw_cluster(rds, step.subject), call):
        perform(context, call)
    idle = 0  # looks at a cluster that is at rest and does not show them: the verdict will say which

    def state() -> str | None:
        nonlocal idle
        raw = find_raw_cluster(rds, step.subject)
        if raw is None or cluster_state(raw) != AVAILABLE:
            return None if raw is None else cluster_state(raw)
        pending = _pending(raw, call)
        idle += 1
        return APPLIED if not pending or idle > PATIENCE else f"waiting for {', '.join(pending)}"

    until_status(context, f"settings of {step.subject}", state, wanted=(APPLIED,), usual=USUAL_CHANGE)


def _pending(raw: Raw | None, call: Call) -> list[str]:
    """Parameters of the call that the cluster does not show yet."""
    found = [(each, call.parameters[each.name]) for each in CLUSTER if each.name in call.parameters]
    odd = [each.name for each, value in found if raw is None or not _has(raw, each, value)]
    change = call.parameters.get("CloudwatchLogsExportConfiguration")
    if change is None:
        return odd
    there = set((raw or {}).get("EnabledCloudwatchLogsExports", []))
    done = set(change.get("EnableLogTypes", [])) <= there and not set(change.get("DisableLogTypes", [])) & there
    return odd if done else [*odd, "EnableCloudwatchLogsExports"]


def _has(raw: Raw, setting: Setting, value: Any) -> bool:
    return bool(setting.value(raw) == value)


def enable_data_api(step: BirthStep, context: Ctx) -> None:
    """Turn the Data API on; doing so twice changes nothing."""
    (call,) = step.calls
    _await_cluster(context, _rds(context, call), step.subject)
    perform(context, call)


def create_endpoint(step: BirthStep, context: Ctx) -> None:
    """Make a custom endpoint of the cluster, unless it has it; wait until it answers."""
    (call,) = step.calls
    rds, cluster = _rds(context, call), str(call.parameters["DBClusterIdentifier"])
    _await_cluster(context, rds, cluster)
    if _find_endpoint(rds, step.subject) is None:
        try:
            perform(context, call)
        except ClientError as error:
            if error_code(error) != "DBClusterEndpointAlreadyExistsFault":
                raise
    found = _find_endpoint(rds, step.subject)
    if found is not None and found["DBClusterIdentifier"] != cluster:
        raise TakenError(f"custom endpoint {step.subject} must be a name that is free, got one of another cluster")

    def state() -> str | None:
        seen = _find_endpoint(rds, step.subject)
        return str(seen["Status"]) if seen is not None else None

    at_rest = (AVAILABLE, "inactive")  # inactive: none of its members is of the kind that it leads to
    until_status(context, f"endpoint {step.subject}", state, wanted=at_rest, usual=USUAL_CHANGE)


def _find_endpoint(rds: Any, name: str) -> Raw | None:
    try:
        found = rds.describe_db_cluster_endpoints(DBClusterEndpointIdentifier=name)["DBClusterEndpoints"]
    except ClientError as error:
        if error_code(error) == "DBClusterEndpointNotFoundFault":
            return None
        raise
    return next(iter(found), None)


def add_role(step: BirthStep, context: Ctx) -> None:
    """Associate a role; one that the cluster has stays."""
    (call,) = step.calls
    _await_cluster(context, _rds(context, call), str(call.parameters["DBClusterIdentifier"]))
    try:
        perform(context, call)
    except ClientError as error:
        if error_code(error) != "DBClusterRoleAlreadyExists":
            raise


def scale_readers(step: BirthStep, context: Ctx) -> None:
    """Register targets, put policies and schedules: each call may be made again."""
    for call in step.calls:
        perform(context, call)


_LOOK: Final = ("rds:DescribeDBClusters", "rds:DescribeDBInstances", "rds:DescribeDBClusterEndpoints")
_KEYS: Final = ("kms:CreateGrant", "kms:DescribeKey")
_OWN_SECRET: Final = (
    "secretsmanager:CreateSecret",
    "secretsmanager:TagResource",
    "kms:Decrypt",
    "kms:GenerateDataKey",
)
"""To have RDS manage the password: in a secret under a key of the model's."""


def birth_effects(*operations: str) -> Mapping[BirthKind, Effect[BirthKind, Tools]]:
    """The effects of a verb that makes clusters by these operations, and no other."""
    make = tuple(f"rds:{operation}" for operation in operations)
    return {
        BirthKind.RESTORE: Effect(
            restore_cluster, actions=(*_LOOK, *make, "rds:AddTagsToResource", "iam:PassRole", *_KEYS)
        ),
        BirthKind.INSTANCE: Effect(
            create_instance, actions=(*_LOOK, "rds:CreateDBInstance", "rds:AddTagsToResource", "iam:PassRole", *_KEYS)
        ),
        BirthKind.MODIFY: Effect(
            modify_cluster, actions=(*_LOOK, "rds:ModifyDBCluster", "iam:PassRole", *_KEYS, *_OWN_SECRET)
        ),
        BirthKind.DATA_API: Effect(enable_data_api, actions=(*_LOOK, "rds:EnableHttpEndpoint")),
        BirthKind.ENDPOINT: Effect(
            create_endpoint, actions=(*_LOOK, "rds:CreateDBClusterEndpoint", "rds:AddTagsToResource")
        ),
        BirthKind.ROLE: Effect(add_role, actions=(*_LOOK, "rds:AddRoleToDBCluster", "iam:PassRole")),
        BirthKind.SCALE: Effect(
            scale_readers,
            actions=(
                "application-autoscaling:RegisterScalableTarget",
                "application-autoscaling:TagResource",
                "application-autoscaling:PutScalingPolicy",
                "application-autoscaling:PutScheduledAction",
            ),
        ),
    }


BIRTH_EFFECTS: Final = birth_effects(POINT_IN_TIME)
"""Of clones and restores to a point in time."""
