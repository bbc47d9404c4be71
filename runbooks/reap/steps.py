"""The effects. Each looks first, and what is gone already is as good as deleted."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from botocore.exceptions import ClientError

from estate.names import TAG_RUN, master_secret
from runbooks.aws.rds import error_code
from runbooks.engine.plan import Call, Step
from runbooks.engine.run import Context, Effect, HeldCheck
from runbooks.engine.wait import PENDING, READY, wait_for
from runbooks.reap.observe import READS, list_tagged_secrets, observe
from runbooks.reap.plan import Kind, rulings
from runbooks.reap.proof import GONE_SOON, still_reasons
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
Run = Callable[[Step[Kind], Ctx], Mapping[str, Any] | None]


class NotProvenError(RuntimeError):
    """What was to go is not what was planned any more, or somebody has begun to use it: it stays."""


def proven(run: Run) -> Run:
    """The effect, after a look at all that the plan looked at: hours may lie between the first copy and the last."""

    def checked(step: Step[Kind], context: Ctx) -> Mapping[str, Any] | None:
        if step.calls:
            _prove(step.arguments, context)
        return run(step, context)

    return checked


def _prove(planned: Mapping[str, Any], context: Ctx) -> None:
    """Look again.

    Raises:
        NotProvenError: with every reason why it stays.
    """
    request = ReapRequest(at=str(planned["at"]), ids=(str(planned["cluster"]),))
    seen = observe(request, context)
    if reasons := still_reasons(request.ids[0], str(planned["resource"]), seen, request.moment):
        raise NotProvenError("; ".join(reasons))


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


def delete_left_secret(step: Step[Kind], context: Ctx) -> None:
    """Delete a secret for good, unless a cluster of its run or of its name is there by now.

    Raises:
        NotProvenError: one is, or the secret is of another run.
    """
    found = next((each for each in list_tagged_secrets(context.tools) if each.name == step.subject), None)
    if found is None or found.deleted:
        return
    run = step.arguments["run"]
    users = [
        each.cluster_id
        for each in context.tools.rds.list_clusters()
        if each.tags.get(TAG_RUN) == run or master_secret(each.cluster_id) == step.subject
    ]
    if users or found.tags.get(TAG_RUN) != run:
        what = f"cluster {users[0]}" if users else f"tag {TAG_RUN}={found.tags.get(TAG_RUN)}"
        raise NotProvenError(f"secret {step.subject} must be of run {run}, whose cluster is gone, got {what}; it stays")
    make_calls(step, context)


def delete_group(step: Step[Kind], context: Ctx) -> None:
    """Delete the security group, as soon as the network interfaces of the deleted instances are gone.

    Its id is never used again, and EC2 refuses while anything is in it or another group's rule names it.
    """

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
    Kind.SCALING: Effect(proven(deregister), actions=("application-autoscaling:DeregisterScalableTarget", *READS)),
    Kind.ENDPOINT: Effect(proven(delete_endpoint), actions=("rds:DeleteDBClusterEndpoint", *READS)),
    Kind.INSTANCES: Effect(proven(delete_instances), actions=("rds:DeleteDBInstance", *READS)),
    Kind.CLUSTER: Effect(proven(delete_cluster), actions=("rds:DeleteDBCluster", *READS)),
    Kind.SNAPSHOT: Effect(make_calls, actions=("rds:AddTagsToResource", "rds:RemoveTagsFromResource")),
    Kind.SECRET: Effect(
        delete_left_secret,
        actions=("secretsmanager:DeleteSecret", "secretsmanager:ListSecrets", "rds:DescribeDBClusters"),
    ),
    Kind.GROUP: Effect(delete_group, actions=("ec2:DeleteSecurityGroup",)),
}
