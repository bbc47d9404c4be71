"""The effects. Each looks first, and what is gone already is as good as deleted."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from botocore.exceptions import ClientError

from runbooks.aws import rds as rds_adapter
from runbooks.aws.rds import error_code
from runbooks.engine.plan import Call, Step
from runbooks.engine.run import Context, Effect, HeldCheck
from runbooks.engine.wait import PENDING, READY, wait_for
from runbooks.reap.observe import observe
from runbooks.reap.plan import Kind, rulings
from runbooks.reap.proof import GONE_SOON
from runbooks.reap.request import ReapRequest
from runbooks.tools import Tools, hold_locks
from runbooks.waits import EVERY_S, until_gone

INSTANCE_USUAL: Final = "3 to 10 minutes"
CLUSTER_USUAL: Final = "a few minutes, longer with a final snapshot of much data"
GROUP_WAIT_S: Final = 900.0  # RDS takes some minutes to give its network interfaces back
GONE: Final = frozenset(
    {
        "DBClusterEndpointNotFoundFault",
        "DBClusterNotFoundFault",
        "DBInstanceNotFound",
        "InvalidGroup.NotFound",
        "ObjectNotFoundException",
        "ResourceNotFoundException",
    }
)
IN_USE: Final = "DependencyViolation"
Ctx = Context[Tools]


@contextmanager
def lock_copies(request: ReapRequest, context: Ctx) -> Generator[HeldCheck]:
    """Hold the lock of each copy that goes, and of those that went in a sitting that was killed with their locks."""
    seen = observe(request, context)
    going = [each.cluster_id for each in rulings(request, seen) if each.goes]
    with hold_locks(context, *going, *(each.cluster_id for each in seen.finals), *request.ids) as check:
        yield check


def _perform(context: Ctx, call: Call, is_done: Callable[[], bool]) -> None:
    """Make a call whose effect may be there already: an answer may have been lost after it.

    Raises:
        ClientError: it was refused, and what it is for has not happened.
    """
    try:
        context.tools.perform(call)
    except ClientError as error:
        if error_code(error) not in GONE and not is_done():
            raise


def deregister(step: Step[Kind], context: Ctx) -> None:
    """Take the scalable target away, with its policies and scheduled actions."""
    for call in step.calls:
        _perform(context, call, lambda: False)


def delete_endpoint(step: Step[Kind], context: Ctx) -> None:
    """Delete a custom endpoint and wait until it is gone."""
    client, name = context.tools.session.rds, step.subject

    def look() -> str | None:
        try:
            found = client.describe_db_cluster_endpoints(DBClusterEndpointIdentifier=name)["DBClusterEndpoints"]
        except ClientError as error:
            if error_code(error) in GONE:
                return None
            raise
        return found[0].get("Status", "") if found else None

    for call in step.calls:
        _perform(context, call, lambda: look() in {None, GONE_SOON})
    until_gone(context, f"endpoint {name}", look)


def delete_instances(step: Step[Kind], context: Ctx) -> Mapping[str, Any]:
    """Delete the instances of a cluster, all at once in the order given, and wait until they are gone."""
    rds = context.tools.rds

    def left() -> dict[str, str]:
        return {each.instance_id: each.status for each in rds.list_instances(step.subject)}

    for call in step.calls:
        name = str(call.parameters["DBInstanceIdentifier"])
        if left().get(name) in {None, GONE_SOON}:
            continue
        _perform(context, call, lambda name=name: left().get(name) in {None, GONE_SOON})  # type: ignore[misc]
    until_gone(
        context, f"instances of {step.subject}", lambda: _words(left()), usual=INSTANCE_USUAL
    )  # fmt: skip
    return {"deleted": [call.parameters["DBInstanceIdentifier"] for call in step.calls]}


def _words(left: Mapping[str, str]) -> str | None:
    return ", ".join(f"{name} {status}" for name, status in sorted(left.items())) or None


def delete_cluster(step: Step[Kind], context: Ctx) -> Mapping[str, Any]:
    """Delete the cluster, unless it is being deleted already, and wait until it is gone."""

    def look() -> str | None:
        found = context.tools.rds.find_cluster(step.subject)
        return None if found is None else found.status

    for call in step.calls:
        if look() not in {None, GONE_SOON}:
            _perform(context, call, lambda: look() in {None, GONE_SOON})
    until_gone(context, f"cluster {step.subject}", look, usual=CLUSTER_USUAL)
    return {"final_snapshot": next((call.parameters.get("FinalDBSnapshotIdentifier") for call in step.calls), None)}


def make_calls(step: Step[Kind], context: Ctx) -> None:
    """Make the calls of a step whose effect is there at once, and can be had again."""
    for call in step.calls:
        _perform(context, call, lambda: False)


def delete_group(step: Step[Kind], context: Ctx) -> None:
    """Delete the security group, as soon as the network interfaces of the deleted instances are gone."""

    def attempt() -> str:
        try:
            context.tools.perform(step.calls[0])
        except ClientError as error:
            code = error_code(error)
            if code == IN_USE:
                return code
            if code not in GONE:
                raise
        return ""

    wait_for(
        f"security group {step.subject} deleted",
        poll=attempt,
        judge=lambda said: PENDING if said else READY,
        timeout_s=GROUP_WAIT_S,
        every_s=10 * EVERY_S,
        clock=context.clock,
    )


EFFECTS: Final[Mapping[Kind, Effect[Kind, Tools]]] = {
    Kind.SCALING: Effect(deregister, actions=("application-autoscaling:DeregisterScalableTarget",)),
    Kind.ENDPOINT: Effect(
        delete_endpoint, actions=("rds:DeleteDBClusterEndpoint", *rds_adapter.ACTIONS["list_custom_endpoints"])
    ),
    Kind.INSTANCES: Effect(delete_instances, actions=("rds:DeleteDBInstance", *rds_adapter.ACTIONS["list_instances"])),
    Kind.CLUSTER: Effect(delete_cluster, actions=("rds:DeleteDBCluster", *rds_adapter.ACTIONS["find_cluster"])),
    Kind.SNAPSHOT: Effect(make_calls, actions=("rds:AddTagsToResource", "rds:RemoveTagsFromResource")),
    Kind.SECRET: Effect(make_calls, actions=("secretsmanager:DeleteSecret",)),
    Kind.GROUP: Effect(delete_group, actions=("ec2:DeleteSecurityGroup",)),
}
