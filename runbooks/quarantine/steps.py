"""The effects of a quarantine. Each can be done again; what it needs is in its step."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from botocore.exceptions import ClientError

from estate.names import TAG_QUARANTINE
from runbooks import waits
from runbooks.aws import ec2 as ec2_adapter
from runbooks.aws import secrets as secrets_adapter
from runbooks.aws.ec2 import NO_GROUP, SecurityGroup, list_groups
from runbooks.aws.rds import error_code
from runbooks.aws.secrets import NO_SECRET, find_secret, read_login
from runbooks.engine.plan import Call, Step
from runbooks.engine.run import Context, Effect
from runbooks.quarantine import roles
from runbooks.quarantine.plan import QuarantineKind, group_reference
from runbooks.quarantine.seen import quarantine_group
from runbooks.tags import from_aws, is_ours
from runbooks.tools import Tools

Ctx = Context[Tools]
Kind = QuarantineKind
MODIFY_USUAL: Final = "half a minute"
GROUP_WAIT_S: Final = 60.0
SECRET_WAIT_S: Final = 900.0
DROP_WAIT_S: Final = 900.0  # EC2 lets a group go when the last network interface has left it
DONE_ALREADY: Final[Mapping[str, frozenset[str]]] = {
    "AuthorizeSecurityGroupIngress": frozenset({"InvalidPermission.Duplicate"}),
    "RevokeSecurityGroupIngress": frozenset({"InvalidPermission.NotFound"}),
    "RevokeSecurityGroupEgress": frozenset({"InvalidPermission.NotFound"}),
}
"""What EC2 answers when a rule is there already, or gone already: an earlier sitting did it."""


def own_group(context: Ctx, cluster_id: str) -> SecurityGroup | None:
    """The security group that this run made for a cluster; another run's of that name is not meant."""
    found = list_groups(context.tools.session.client("ec2"), group_name=quarantine_group(cluster_id))
    return next((group for group in found if is_ours(group.tags, context.run_id)), None)


def await_group(context: Ctx, cluster_id: str) -> SecurityGroup:
    """The same; EC2 may take some seconds to show it.

    Raises:
        WaitTimedOutError: there is none.
    """
    if (known := own_group(context, cluster_id)) is not None:
        return known
    found: list[SecurityGroup] = []

    def look() -> str | None:
        group = own_group(context, cluster_id)
        found[:] = [group] if group is not None else []
        return "available" if group is not None else None

    waits.until_status(context, f"security group {quarantine_group(cluster_id)}", look, timeout_s=GROUP_WAIT_S)
    return found[0]


def with_group(call: Call, reference: str, group_id: str) -> Call:
    """A call of a plan that was made before the security group was, with its id."""
    return replace(call, parameters=_replaced(call.parameters, reference, group_id))


def _replaced(value: Any, reference: str, group_id: str) -> Any:
    if isinstance(value, Mapping):
        return {name: _replaced(each, reference, group_id) for name, each in value.items()}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    if isinstance(value, (list, tuple)):
        return [_replaced(each, reference, group_id) for each in value]  # pyright: ignore[reportUnknownVariableType]
    return group_id if value == reference else value


def in_quarantine(
    effect: Callable[[Step[Any], Ctx], Mapping[str, Any] | None], cluster_of: Callable[[Step[Any]], str]
) -> Callable[[Step[Any], Ctx], Mapping[str, Any] | None]:
    """Somebody else's effect, whose calls may name the security group before it has an id."""

    def run(step: Step[Any], context: Ctx) -> Mapping[str, Any] | None:
        cluster_id = cluster_of(step)
        reference = group_reference(cluster_id)
        if not any(reference in str(call.parameters) for call in step.calls):
            return effect(step, context)
        group = await_group(context, cluster_id)
        return effect(
            replace(step, calls=tuple(with_group(call, reference, group.group_id) for call in step.calls)), context
        )

    return run


def create_group(step: Step[Kind], context: Ctx) -> Mapping[str, Any]:
    """Make the security group, unless this run made it before."""
    cluster_id = str(step.arguments["cluster"])
    if own_group(context, cluster_id) is None:
        _perform(step.calls[0], context, frozenset({"InvalidGroup.Duplicate"}))
    return {"group": await_group(context, cluster_id).group_id}


def change_rules(step: Step[Kind], context: Ctx) -> Mapping[str, Any]:
    """Add a rule to the security group, or take one away."""
    cluster_id = str(step.arguments["cluster"])
    group = await_group(context, cluster_id)
    for call in step.calls:
        known = DONE_ALREADY[call.operation]
        _perform(with_group(call, group_reference(cluster_id), group.group_id), context, known)
    return {"group": group.group_id}


def shut_egress(step: Step[Kind], context: Ctx) -> Mapping[str, Any]:
    """Take every outgoing rule away: the one the plan shows, and what else EC2 gave a group in this VPC."""
    outcome = change_rules(step, context)
    group = await_group(context, str(step.arguments["cluster"]))
    rules = [
        {"IpProtocol": rule["IpProtocol"], "Ipv6Ranges": rule["Ipv6Ranges"]}
        for rule in group.egress
        if rule.get("Ipv6Ranges")
    ]
    if rules:
        parameters = {"GroupId": group.group_id, "IpPermissions": rules}
        _perform(replace(step.calls[0], parameters=parameters), context, DONE_ALREADY["RevokeSecurityGroupEgress"])
    return outcome


def rotate_master(step: Step[Kind], context: Ctx) -> Mapping[str, Any]:
    """Put a new password into the cluster's own secret, then give it to RDS."""
    tools, cluster_id, name = context.tools, str(step.arguments["cluster"]), str(step.arguments["secret"])
    cluster = _cluster(context, cluster_id)
    secret = find_secret(tools.session.secrets, name)
    if secret is None:
        login = {
            "username": cluster.get("MasterUsername") or step.subject,
            "password": roles.new_password(roles.MASTER_LENGTH),
        }
        place = {"host": cluster.get("Endpoint", ""), "port": cluster.get("Port", 0)}
        with_secret = {"SecretString": json.dumps({**login, **place})}
        _perform(step.calls[0], context, frozenset({"ResourceExistsException"}), with_secret)
        secret = find_secret(tools.session.secrets, name)
    if secret is not None and not is_ours(secret.tags, context.run_id):
        raise LookupError(f"secret {name} was made by somebody else meanwhile")
    password = _password(context, name)
    _until_settled(context, cluster_id)
    tools.perform(step.calls[-1], {"MasterUserPassword": password})
    _until_settled(context, cluster_id)
    return {"secret": name}


def _password(context: Ctx, name: str) -> str:
    """What the secret says; a secret that was just made may take a moment to be readable."""
    found: list[str] = []

    def look() -> str | None:
        try:
            found[:] = [read_login(context.tools.session.secrets, name).password]
        except ClientError as error:
            if error_code(error) not in NO_SECRET:
                raise
            return None
        return "available"

    waits.until_status(context, f"secret {name}", look, timeout_s=GROUP_WAIT_S)
    return found[0]


def rotate_roles(step: Step[Kind], context: Ctx) -> Mapping[str, Any]:
    """Change the passwords of all users but the master, at the writer."""
    tools = context.tools
    cluster = _cluster(context, str(step.arguments["cluster"]))
    with roles.connect(cluster, roles.master_login(tools, cluster, str(step.arguments["secret"]))) as connection:
        return {"users": list(roles.rotate_users(connection))}


def master_by_iam(step: Step[Kind], context: Ctx) -> None:
    """Let the master user log in with IAM and nothing else; doing so twice changes nothing."""
    cluster_id = str(step.arguments["cluster"])
    _until_settled(context, cluster_id)
    for call in step.calls:
        context.tools.perform(call)
    _until_settled(context, cluster_id)


def note(step: Step[Kind], context: Ctx) -> None:
    """Set the tag that says how far it has come; with a password that RDS manages, not before that is a new one."""
    if step.arguments.get("managed"):
        _until_managed(context, str(step.arguments["cluster"]), str(step.arguments["not"]))
    for call in step.calls:
        context.tools.perform(call)


def open_cluster(step: Step[Kind], context: Ctx) -> Mapping[str, Any]:
    """Move the cluster into its own groups, wait until it is there, then say so by its tag."""
    cluster_id, wanted = str(step.arguments["cluster"]), tuple(step.arguments["groups"])
    for call in step.calls:
        if call.operation == "ModifyDBCluster":
            _until_settled(context, cluster_id)
            if _groups(_cluster(context, cluster_id)) != wanted:
                context.tools.perform(call)
            _until_in(context, cluster_id, wanted)
        else:
            context.tools.perform(call)
    return {"groups": list(wanted)}


def drop_group(step: Step[Kind], context: Ctx) -> Mapping[str, Any]:
    """Delete the security group once nothing is in it."""
    cluster_id = str(step.arguments["cluster"])

    def look() -> str | None:
        return None if _is_dropped(step, context, cluster_id) else "in use"

    waits.until_gone(context, f"security group {step.subject}", look, usual="half a minute", timeout_s=DROP_WAIT_S)
    return {"deleted": step.subject}


def _is_dropped(step: Step[Kind], context: Ctx, cluster_id: str) -> bool:
    """Try to delete it, and look; what is still in use cannot be deleted yet."""
    group = own_group(context, cluster_id)
    if group is None:
        return True
    known = frozenset({*NO_GROUP, "DependencyViolation"})
    _perform(with_group(step.calls[0], group_reference(cluster_id), group.group_id), context, known)
    return own_group(context, cluster_id) is None


def _perform(call: Call, context: Ctx, fine: frozenset[str], secrets: Mapping[str, Any] | None = None) -> None:
    try:
        context.tools.perform(call, secrets)
    except ClientError as error:
        if error_code(error) not in fine:
            raise


def _cluster(context: Ctx, cluster_id: str) -> Any:
    """The cluster, if it is this run's: its passwords and its groups are changed by its name, which others may take.

    Raises:
        LookupError: it is somebody else's by now.
    """
    found = context.tools.session.rds.describe_db_clusters(DBClusterIdentifier=cluster_id)["DBClusters"][0]
    if not is_ours(from_aws(found.get("TagList", [])), context.run_id):
        raise LookupError(f"{cluster_id} is not the cluster that run {context.run_id} made any more; look at it")
    return found


def _groups(cluster: Any) -> tuple[str, ...]:
    return tuple(sorted(each["VpcSecurityGroupId"] for each in cluster.get("VpcSecurityGroups", [])))


def _until_settled(context: Ctx, cluster_id: str) -> None:
    """Available, with no password that waits to be set: the status alone may lag behind a change."""

    def look() -> str:
        cluster = _cluster(context, cluster_id)
        waits_for = cluster.get("PendingModifiedValues", {}).get("MasterUserPassword")
        return "setting the password" if waits_for else str(cluster["Status"])

    waits.until_status(context, f"cluster {cluster_id}", look, usual=MODIFY_USUAL)


def _until_managed(context: Ctx, cluster_id: str, old: str) -> None:
    """RDS has its own secret of the cluster, and the password in it is set."""

    def look() -> str:
        cluster = _cluster(context, cluster_id)
        secret = cluster.get("MasterUserSecret", {})
        if secret.get("SecretArn", "") in {"", old}:
            return "without a secret of its own"
        if cluster.get("PendingModifiedValues", {}).get("MasterUserPassword"):
            return "setting the password"
        return str(secret.get("SecretStatus", "active"))

    waits.until_status(
        context, f"password of {cluster_id}", look, wanted=("active",), usual=MODIFY_USUAL, timeout_s=SECRET_WAIT_S
    )


def _until_in(context: Ctx, cluster_id: str, wanted: tuple[str, ...]) -> None:
    def look() -> str:
        cluster = _cluster(context, cluster_id)
        return str(cluster["Status"]) if _groups(cluster) == wanted else "changing security groups"

    waits.until_status(context, f"cluster {cluster_id}", look, usual=MODIFY_USUAL)


def quarantine_tags(cluster: Mapping[str, Any]) -> dict[str, str]:
    """How far a cluster has come, as a tag of it; nothing when it has not begun."""
    tags = from_aws(cluster.get("TagList", []))
    return {name: value for name, value in tags.items() if name == TAG_QUARANTINE}


_LOOK: Final = ("rds:DescribeDBClusters",)
_GROUPS: Final = ec2_adapter.ACTIONS["list_groups"]
_READ_SECRET: Final = secrets_adapter.ACTIONS["read_login"]
_RULES: Final = (*_GROUPS, "ec2:AuthorizeSecurityGroupIngress", "ec2:RevokeSecurityGroupIngress")
QUARANTINE_EFFECTS: Final[Mapping[QuarantineKind, Effect[Any, Tools]]] = {
    Kind.GROUP: Effect(create_group, actions=(*_GROUPS, "ec2:CreateSecurityGroup", "ec2:CreateTags")),
    Kind.SHUT: Effect(shut_egress, actions=(*_GROUPS, "ec2:RevokeSecurityGroupEgress")),
    Kind.MASTER: Effect(
        rotate_master,
        actions=(
            *_LOOK,
            *_READ_SECRET,
            *secrets_adapter.ACTIONS["find_secret"],
            "secretsmanager:CreateSecret",
            "secretsmanager:TagResource",
            "rds:ModifyDBCluster",
        ),
    ),
    Kind.IAM: Effect(master_by_iam, actions=(*_LOOK, "rds:ModifyDBCluster")),
    Kind.REACH: Effect(change_rules, actions=_RULES),
    Kind.ROLES: Effect(rotate_roles, actions=(*_LOOK, *_READ_SECRET, "rds-db:connect")),
    Kind.NOTE: Effect(note, actions=(*_LOOK, "rds:AddTagsToResource")),
    Kind.UNREACH: Effect(change_rules, actions=_RULES),
    Kind.OPEN: Effect(open_cluster, actions=(*_LOOK, "rds:ModifyDBCluster", "rds:AddTagsToResource")),
    Kind.DROP: Effect(drop_group, actions=(*_GROUPS, "ec2:DeleteSecurityGroup")),
}
