"""Which steps a new cluster still needs until it is like its model. Pure.

The same for a clone, a restore of a snapshot, of a moment, of a deleted cluster and from S3: the verb gives the call
that brings the data (`origin`), this module adds what else that call takes, and plans what it does not take.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Any, Final

from runbooks.birth.parts import endpoint_calls, missing_roles, scaling_calls
from runbooks.birth.refusals import others_instances, refusals
from runbooks.birth.settle import busy_with
from runbooks.birth.wanted import wanted, wanted_of
from runbooks.birth.wish import InstanceWish, Wish
from runbooks.engine.plan import Call, Step
from runbooks.engine.run import Check
from runbooks.parity.compare import compare
from runbooks.parity.observe import Place
from runbooks.parity.portrait import Portrait
from runbooks.parity.settings import (
    CLUSTER,
    DATA_API,
    ENABLE_DATA_API,
    INSTANCE,
    MODIFY,
    SAID_ALWAYS,
    UNKNOWN,
    Setting,
    Way,
    accepted,
    way_of,
)
from runbooks.tags import to_aws


class BirthKind(StrEnum):
    """The steps."""

    RESTORE = "restore-cluster"
    INSTANCE = "create-instance"
    MODIFY = "modify-cluster"
    DATA_API = "enable-data-api"
    ENDPOINT = "create-endpoint"
    ROLE = "add-role"
    SCALE = "scale-readers"


BirthStep = Step[BirthKind]
_NOTHING: Final[tuple[Any, ...]] = (None, "", [])


def birth_blockers(
    wish: Wish, model: Portrait, copy: Portrait | None, place: Place | None = None, taken: tuple[str, ...] = ()
) -> tuple[str, ...]:
    """Reasons not to start, all of them: a name that is taken, zones that do not match, what cannot be carried.

    Args:
        wish: what the new cluster is to be.
        model: the cluster that it is to be like.
        copy: what is there of the new one.
        place: the wish's subnet group, when it names one (`runbooks.birth.observe.look_around`).
        taken: names of instances and endpoints that other clusters have (the same).
    """
    return tuple(refusals(wish, model, copy, place, taken))


def plan_birth(wish: Wish, origin: Call, model: Portrait, copy: Portrait | None) -> tuple[BirthStep, ...]:
    """Steps still missing; `copy` is what there is of the new cluster already (None: nothing).

    Args:
        wish: what the new cluster is to be.
        origin: the call that brings the data, with the parameters that say where from; this function adds the rest.
        model: the cluster that it is to be like.
        copy: what is there of the new one.
    """
    return (
        *_restore(wish, origin, model, copy),
        *_create(wish, model, copy),
        *_modify(wish, origin, model, copy),
        *_data_api(wish, model, copy),
        *_endpoints(wish, model, copy),
        *_add_roles(wish, model, copy),
        *_scale(wish, model, copy),
    )


def birth_checks(wish: Wish, model: Portrait, copy: Portrait | None) -> tuple[Check, ...]:
    """Every setting of the parity table, compared: an unexplained difference does not pass (exit code 4)."""
    if copy is None:
        return (Check(name=wish.target_id, passed=False, detail="there is no such cluster"),)
    rows = compare(model, copy, wish)
    odd = [row for row in rows if not row.ok]
    settled = busy_with(copy, tuple(each.instance_id for each in wish.instances))
    state = Check(name=f"{wish.target_id} available", passed=not settled, detail=settled or "with its instances")
    others = tuple(
        Check(name=name, passed=False, detail="this run did not make it") for name in others_instances(wish, copy)
    )
    if not odd:
        same, asked = (sum(row.differs is differs for row in rows) for differs in (False, True))
        said = f"{same} settings as in {model.cluster_id}, {asked} different for a reason"
        return (state, *others, Check(name="parity", passed=True, detail=said))
    return (state, *others, *(Check(name=f"parity: {row.name}", passed=False, detail=row.detail) for row in odd))


# --- the call that brings the data


def _restore(wish: Wish, origin: Call, model: Portrait, copy: Portrait | None) -> Iterable[BirthStep]:
    if copy is None:
        call = Call(
            service=origin.service,
            operation=origin.operation,
            parameters=_birth_parameters(wish, origin, model),
            region=origin.region,
            account=origin.account,
        )
        why = f"a new cluster with the data; all that {origin.operation} takes is said, since it keeps little by itself"
        yield Step(kind=BirthKind.RESTORE, subject=wish.target_id, calls=(call,), why=why)
    elif state := busy_with(copy):
        why = f"it was asked for already: wait, it is {state}"
        yield Step(kind=BirthKind.RESTORE, subject=wish.target_id, arguments={"region": wish.region}, why=why)


def _birth_parameters(wish: Wish, origin: Call, model: Portrait) -> dict[str, Any]:
    """The origin's own, then every setting that the operation takes and would make otherwise."""
    found: dict[str, Any] = {"DBClusterIdentifier": wish.target_id, **origin.parameters}
    for setting in CLUSTER:
        if setting.name in found or not _is_passed(setting, wish, origin.operation):
            continue
        value = wanted(setting, wish, model)
        if value is UNKNOWN or (setting.default is SAID_ALWAYS and value in _NOTHING):
            continue
        if setting.default is SAID_ALWAYS or value != setting.default:
            found[setting.name] = value
    if not found.get("ManageMasterUserPassword"):
        found.pop("MasterUserSecretKmsKeyId", None)
    return {**found, "Tags": to_aws(wish.tags)}


def _is_passed(setting: Setting, wish: Wish, operation: str) -> bool:
    """A setting that comes with the data is said only when it is to be another one."""
    if setting.name not in accepted(operation):
        return False
    way = way_of(setting.name, operation)
    return way is Way.PASSED or (way is Way.CARRIED and setting.name in wish.settings)


# --- instances


def _create(wish: Wish, model: Portrait, copy: Portrait | None) -> Iterable[BirthStep]:
    """The first one becomes the writer and is waited for; the others are made together, the last waits for all."""
    there = {each["DBInstanceIdentifier"] for each in copy.instances} if copy is not None else set[str]()
    missing = [each for each in wish.instances if each.instance_id not in there]
    rest = [each.instance_id for each in (missing if there else missing[1:])]
    for number, instance in enumerate(missing):
        first = not there and number == 0
        wait = [instance.instance_id] if first else rest if instance is missing[-1] else []
        tier = f"of tier {instance.promotion_tier}"
        why = f"the writer, {tier}: a restored cluster starts with no instance" if first else f"a reader, {tier}"
        yield Step(
            kind=BirthKind.INSTANCE,
            subject=instance.instance_id,
            calls=(_instance_call(instance, wish, model),),
            arguments={"cluster": wish.target_id, "wait_for": wait},
            why=why,
        )


def _instance_call(instance: InstanceWish, wish: Wish, model: Portrait) -> Call:
    parameters: dict[str, Any] = {
        "DBInstanceIdentifier": instance.instance_id,
        "DBClusterIdentifier": wish.target_id,
        "Engine": str(model.cluster["Engine"]),
    }
    for setting in INSTANCE:
        value = wanted_of(setting, instance, wish, model)
        if value is UNKNOWN or (value in _NOTHING and setting.default in (SAID_ALWAYS, value)):
            continue
        if setting.default is SAID_ALWAYS or value != setting.default:
            parameters[setting.name] = value
    return Call(
        service="rds", operation="CreateDBInstance", parameters={**parameters, "Tags": to_aws(wish.tags)},
        region=wish.region,
    )  # fmt: skip


# --- afterwards


def _modify(wish: Wish, origin: Call, model: Portrait, copy: Portrait | None) -> Iterable[BirthStep]:
    names = [each.name for each in CLUSTER if _is_to_modify(each, wish, origin, model, copy)]
    parameters = _modify_parameters(names, wish, model, copy)
    if not parameters:
        return
    call = Call(
        service="rds",
        operation=MODIFY,
        parameters={"DBClusterIdentifier": wish.target_id, **parameters, "ApplyImmediately": True},
        region=wish.region,
    )
    why = f"what {origin.operation} does not take" if copy is None else "what is not yet as it should be"
    yield Step(kind=BirthKind.MODIFY, subject=wish.target_id, calls=(call,), why=why)


def _is_to_modify(setting: Setting, wish: Wish, origin: Call, model: Portrait, copy: Portrait | None) -> bool:
    if _parameter(setting) not in accepted(MODIFY) or setting.name in _NOT_BY_MODIFY:
        return False
    value = wanted(setting, wish, model)
    if value is UNKNOWN or (setting.default is SAID_ALWAYS and value in _NOTHING):
        return False
    if copy is not None:
        return bool(setting.value(copy.cluster) != value)
    passed = setting.name in origin.parameters or _is_passed(setting, wish, origin.operation)
    return not passed and way_of(setting.name, origin.operation) is Way.MODIFIED and value != setting.default


_LOGS: Final = "EnableCloudwatchLogsExports"
_NOT_BY_MODIFY: Final = frozenset(
    {
        "EngineVersion",  # an upgrade, not a setting
        "EngineMode",  # the same
        DATA_API,  # "to enable or disable the HTTP endpoint for an Aurora Serverless v2 or provisioned DB cluster, use
        # the EnableHttpEndpoint and DisableHttpEndpoint operations" (ModifyDBCluster.EnableHttpEndpoint)
    }
)


def _parameter(setting: Setting) -> str:
    """What ModifyDBCluster calls it."""
    return "CloudwatchLogsExportConfiguration" if setting.name == _LOGS else setting.name


def _modify_parameters(names: list[str], wish: Wish, model: Portrait, copy: Portrait | None) -> dict[str, Any]:
    """Settings that ModifyDBCluster wants together are all said when one of them differs."""
    groups = {each.together for each in CLUSTER if each.name in names} - {""}
    found: dict[str, Any] = {}
    for setting in CLUSTER:
        if setting.name not in names and setting.together not in groups:
            continue
        value = wanted(setting, wish, model)
        if setting.name == _LOGS:
            found[_parameter(setting)] = _log_change(value, copy)
        elif value is not UNKNOWN and (value not in ("", None) and (value or setting.name in names)):
            found[setting.name] = value
    if not found.get("ManageMasterUserPassword"):  # turning it off takes a new password: no part of a birth
        found = {name: value for name, value in found.items() if not name.startswith(("ManageMaster", "MasterUser"))}
    return found


def _log_change(value: list[str], copy: Portrait | None) -> dict[str, list[str]]:
    there = set(copy.cluster.get("EnabledCloudwatchLogsExports", [])) if copy is not None else set[str]()
    change = {"EnableLogTypes": sorted(set(value) - there), "DisableLogTypes": sorted(there - set(value))}
    return {name: types for name, types in change.items() if types}


def _data_api(wish: Wish, model: Portrait, copy: Portrait | None) -> Iterable[BirthStep]:
    setting = next(each for each in CLUSTER if each.name == DATA_API)
    is_on = copy is not None and setting.value(copy.cluster)
    if wanted(setting, wish, model) is True and not is_on:
        call = Call(
            service="rds", operation=ENABLE_DATA_API, parameters={"ResourceArn": arn_of(wish, model, copy)},
            region=wish.region,
        )  # fmt: skip
        why = "the Data API is on in the model; no call that makes a cluster takes it"
        yield Step(kind=BirthKind.DATA_API, subject=wish.target_id, calls=(call,), why=why)


def arn_of(wish: Wish, model: Portrait, copy: Portrait | None) -> str:
    """ARN of the new cluster, before it is there, too."""
    if copy is not None:
        return copy.arn
    partition, service, region, account = model.arn.split(":")[1:5]
    return f"arn:{partition}:{service}:{wish.region or region}:{wish.account or account}:cluster:{wish.target_id}"


def _endpoints(wish: Wish, model: Portrait, copy: Portrait | None) -> Iterable[BirthStep]:
    for name, call in endpoint_calls(wish, model, copy):
        why = f"custom endpoints are never copied, and their names are taken: it stands for {name}"
        subject = str(call.parameters["DBClusterEndpointIdentifier"])
        yield Step(kind=BirthKind.ENDPOINT, subject=subject, calls=(call,), why=why)


def _add_roles(wish: Wish, model: Portrait, copy: Portrait | None) -> Iterable[BirthStep]:
    """Only what is still missing: the call that brings the data takes roles, too."""
    for role in missing_roles(wish, model, copy):
        call = Call(
            service="rds", operation="AddRoleToDBCluster",
            parameters={"DBClusterIdentifier": wish.target_id, **role}, region=wish.region,
        )  # fmt: skip
        name = role["RoleArn"].rsplit("/", 1)[-1]
        yield Step(
            kind=BirthKind.ROLE, subject=name, calls=(call,), why="the model's, for what it calls other services for"
        )


def _scale(wish: Wish, model: Portrait, copy: Portrait | None) -> Iterable[BirthStep]:
    if calls := tuple(scaling_calls(wish, model, copy)):
        why = "replica auto scaling belongs to a cluster's name: its targets, policies and schedules are made anew"
        yield Step(kind=BirthKind.SCALE, subject=wish.target_id, calls=calls, why=why)
