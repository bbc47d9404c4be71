"""Which steps keep a new cluster closed, change its passwords and open it. Pure.

The order is the safety: closed before it is born, passwords before masks, masks and leak checks before it is opened. A
run that ends anywhere leaves the cluster in a security group of its own, which lets nobody in but, while SQL is to be
run, the one place that the operator named.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any, Final

from estate.engines import POSTGRESQL
from estate.names import TAG_QUARANTINE, TAG_RUN
from runbooks.engine.plan import MADE_LATER, Call, Step
from runbooks.engine.run import Check
from runbooks.quarantine.seen import Quarantine, QuarantineSeen, quarantine_group
from runbooks.tags import is_ours, taken_by, to_aws

EVERYWHERE: Final[Mapping[str, Any]] = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}


class QuarantineKind(StrEnum):
    """The steps."""

    GROUP = "create-security-group"
    SHUT = "shut-egress"
    MASTER = "rotate-master-password"
    IAM = "let-master-in-by-iam"
    REACH = "let-operator-in"
    ROLES = "rotate-user-passwords"
    NOTE = "note-rotated"
    UNREACH = "let-nobody-in"
    OPEN = "open"
    DROP = "delete-security-group"


def group_reference(cluster_id: str) -> str:
    """Stands in a plan for the id of a security group that is not made yet; the effects put the id in its place."""
    return f"(id of security group {quarantine_group(cluster_id)})"


def closed_group(quarantine: Quarantine, seen: QuarantineSeen) -> str:
    """Id of the group that the cluster is born in, or what stands for it."""
    return group_reference(quarantine.target_id) if seen.group is None else seen.group.group_id


def quarantine_blockers(quarantine: Quarantine, seen: QuarantineSeen) -> tuple[str, ...]:
    """Reasons not to start, all of them; empty when safe."""
    return (
        *_taken(quarantine, seen),
        *_unreachable(quarantine),
        *_no_way_in(quarantine, seen),
        *_cannot_open(quarantine, seen),
    )


def _taken(quarantine: Quarantine, seen: QuarantineSeen) -> Iterable[str]:
    run_id = quarantine.tags[TAG_RUN]
    group, secret = seen.group, seen.secret
    if group is not None and not is_ours(group.tags, run_id):
        yield taken_by(group.tags, f"security group {group.name}")
    if group is not None and is_ours(group.tags, run_id) and (strange := _strange_ingress(quarantine, seen)):
        yield (
            f"security group {group.group_id} must let nobody in, got {strange} rules that this run did not make; take "
            "them away"
        )
    if quarantine.master != "own" or secret is None:
        return
    if secret.deleted:
        yield (
            f"secret {secret.name} must be a name that is free, got one that waits for its deletion; choose another "
            "name for the cluster, or delete the secret without recovery"
        )
    elif not is_ours(secret.tags, run_id):
        yield taken_by(secret.tags, f"secret {secret.name}")


def _unreachable(quarantine: Quarantine) -> Iterable[str]:
    if quarantine.rotate_roles and quarantine.engine != POSTGRESQL:
        yield (
            f"engine must be {POSTGRESQL} to have its users' passwords changed, got {quarantine.engine}: the kit has "
            "no MySQL driver; without --reach-from it stays closed, for ALTER USER by hand; --keep-user-passwords "
            "leaves them as they are"
        )
    if quarantine.master == "iam" and quarantine.engine != POSTGRESQL:
        yield (
            f"engine must be {POSTGRESQL} for a master user that logs in with IAM, got {quarantine.engine}; leave "
            "--iam-master out: its password is changed"
        )


def _no_way_in(quarantine: Quarantine, seen: QuarantineSeen) -> Iterable[str]:
    where = quarantine.reach_from
    if where.startswith("sg-") and where not in {group.group_id for group in seen.opening}:
        yield f"security group {where} must exist, got none; name that of this host, or its address, by --reach-from"


def _cannot_open(quarantine: Quarantine, seen: QuarantineSeen) -> Iterable[str]:
    known = {group.group_id: group for group in seen.opening}
    for wanted in quarantine.open_groups:
        found = known.get(wanted)
        if found is None:
            yield f"security group {wanted} must exist, got none; name one of {quarantine.vpc_id} by --security-group"
        elif found.vpc_id != quarantine.vpc_id:
            yield (
                f"security group {wanted} must be of {quarantine.vpc_id}, where {quarantine.target_id} will be, got "
                f"one of {found.vpc_id}; name one of {quarantine.vpc_id} by --security-group"
            )


def plan_closing(quarantine: Quarantine, seen: QuarantineSeen) -> tuple[Step[QuarantineKind], ...]:
    """What is done before the cluster is made: a security group without any rule."""
    if seen.group is None and seen.has_reached("open"):  # it is open for good
        return ()
    steps: list[Step[QuarantineKind]] = []
    if seen.group is None:
        steps.append(
            _step(
                quarantine,
                QuarantineKind.GROUP,
                f"{quarantine.target_id} is born in it: nobody gets in until it is opened",
                _create_group(quarantine),
            )
        )
    if seen.group is None or seen.group.egress:
        parameters = {"GroupId": closed_group(quarantine, seen), "IpPermissions": [dict(EVERYWHERE)]}
        steps.append(
            _step(
                quarantine,
                QuarantineKind.SHUT,
                "EC2 lets a new group out everywhere; nothing leaves this one",
                Call(service="ec2", operation="RevokeSecurityGroupEgress", parameters=parameters),
            )
        )
    return tuple(steps)


def _create_group(quarantine: Quarantine) -> Call:
    return Call(
        service="ec2",
        operation="CreateSecurityGroup",
        parameters={
            "GroupName": quarantine.group_name,
            "Description": f"Quarantine of {quarantine.target_id}: no ingress",
            "VpcId": quarantine.vpc_id,
            "TagSpecifications": [{"ResourceType": "security-group", "Tags": to_aws(quarantine.tags)}],
        },
    )


def plan_rotation(
    quarantine: Quarantine, seen: QuarantineSeen, *, sql: bool = False
) -> tuple[Step[QuarantineKind], ...]:
    """What is done once the cluster is there: every password that came with production's data is changed.

    A password that RDS manages is new already: to manage it was part of the cluster's birth. A master user that logs in
    with IAM is told so once more: whether the source's does is not shown, and a password would still be production's.

    `sql` says that statements are run at the closed cluster after this, by somebody else: masks, for one.
    """
    steps: list[Step[QuarantineKind]] = []
    rotated = seen.has_reached("rotated")
    if not rotated and quarantine.master == "own":
        steps.append(_rotate_master(quarantine, seen))
    if not rotated and quarantine.master == "iam":
        steps.append(_master_by_iam(quarantine))
    if quarantine.reach_from and (sql or (quarantine.rotate_roles and not rotated)) and not _lets_in(quarantine, seen):
        why = "for the SQL that follows; taken away again before it is opened"
        steps.append(_step(quarantine, QuarantineKind.REACH, why, _reach(quarantine, seen, "Authorize")))
    if not rotated and quarantine.rotate_roles:
        steps.append(_rotate_roles(quarantine))
    if not rotated:
        why = "what was rotated is not rotated again by a second sitting"
        managed = {"managed": True, "not": quarantine.source_secret} if quarantine.master == "managed" else {}
        steps.append(
            Step(
                kind=QuarantineKind.NOTE,
                subject=quarantine.target_id,
                why=why,
                calls=(_note(quarantine),),
                arguments={"cluster": quarantine.target_id, **managed},
            )
        )
    return tuple(steps)


def _rotate_master(quarantine: Quarantine, seen: QuarantineSeen) -> Step[QuarantineKind]:
    modify = Call(
        service="rds",
        operation="ModifyDBCluster",
        parameters={
            "DBClusterIdentifier": quarantine.target_id,
            "MasterUserPassword": MADE_LATER,
            "ApplyImmediately": True,
        },
    )
    return Step(
        kind=QuarantineKind.MASTER,
        subject=quarantine.master_username or quarantine.target_id,
        why=f"production's password came with the data; the new one is in secret {quarantine.secret_name}",
        calls=(modify,) if seen.secret is not None else (_create_secret(quarantine), modify),
        arguments={"cluster": quarantine.target_id, "secret": quarantine.secret_name},
    )


def _master_by_iam(quarantine: Quarantine) -> Step[QuarantineKind]:
    parameters = {
        "DBClusterIdentifier": quarantine.target_id,
        "MasterUserAuthenticationType": "iam-db-auth",
        "ApplyImmediately": True,
    }
    return Step(
        kind=QuarantineKind.IAM,
        subject=quarantine.master_username or quarantine.target_id,
        why="a password that came with production's data lets nobody in any more",
        calls=(Call(service="rds", operation="ModifyDBCluster", parameters=parameters),),
        arguments={"cluster": quarantine.target_id},
    )


def _create_secret(quarantine: Quarantine) -> Call:
    return Call(
        service="secretsmanager",
        operation="CreateSecret",
        parameters={
            "Name": quarantine.secret_name,
            "Description": f"Master user of {quarantine.target_id}",
            "SecretString": MADE_LATER,
            "Tags": to_aws(quarantine.tags),
        },
    )


def _rotate_roles(quarantine: Quarantine) -> Step[QuarantineKind]:
    return Step(
        kind=QuarantineKind.ROLES,
        subject=quarantine.target_id,
        why="every other user who can log in gets a password that nobody knows: ALTER ROLE ... PASSWORD, in one "
        "transaction, as the master user",
        arguments={
            "cluster": quarantine.target_id,
            "secret": quarantine.secret_name if quarantine.master == "own" else "",
        },
    )


def _note(quarantine: Quarantine, stage: str = "rotated") -> Call:
    tags = [{"Key": TAG_QUARANTINE, "Value": stage}]
    parameters = {"ResourceName": quarantine.arn, "Tags": tags}
    return Call(service="rds", operation="AddTagsToResource", parameters=parameters)


def plan_opening(
    quarantine: Quarantine, seen: QuarantineSeen, *, reached: bool = False, reclosed: bool = False
) -> tuple[Step[QuarantineKind], ...]:
    """What is done last.

    `reached` says that a step before this one lets the operator in, `reclosed` that one moves the cluster back into its
    quarantine.
    """
    steps: list[Step[QuarantineKind]] = []
    if reached or _lets_in(quarantine, seen):
        why = "no more SQL is run"
        steps.append(_step(quarantine, QuarantineKind.UNREACH, why, _reach(quarantine, seen, "Revoke")))
    if quarantine.stays_closed or (seen.group is None and seen.has_reached("open")):
        return tuple(steps)
    if calls := _opening(quarantine, seen, reclosed=reclosed):
        steps.append(
            Step(
                kind=QuarantineKind.OPEN,
                subject=quarantine.target_id,
                why="every step before this one is done",
                calls=calls,
                arguments={"cluster": quarantine.target_id, "groups": sorted(quarantine.open_groups)},
            )
        )
    parameters = {"GroupId": closed_group(quarantine, seen)}
    delete = Call(service="ec2", operation="DeleteSecurityGroup", parameters=parameters)
    steps.append(_step(quarantine, QuarantineKind.DROP, "nothing is in it any more", delete))
    return tuple(steps)


def _opening(quarantine: Quarantine, seen: QuarantineSeen, *, reclosed: bool) -> tuple[Call, ...]:
    parameters = {
        "DBClusterIdentifier": quarantine.target_id,
        "VpcSecurityGroupIds": list(quarantine.open_groups),
        "ApplyImmediately": True,
    }
    modify = Call(service="rds", operation="ModifyDBCluster", parameters=parameters)
    is_open = sorted(seen.groups) == sorted(quarantine.open_groups) and not reclosed
    noted = seen.has_reached("open")
    return (*(() if is_open else (modify,)), *(() if noted else (_note(quarantine, "open"),)))


def _step(quarantine: Quarantine, kind: QuarantineKind, why: str, call: Call) -> Step[QuarantineKind]:
    """A step on the security group."""
    arguments = {"cluster": quarantine.target_id}
    return Step(kind=kind, subject=quarantine.group_name, why=why, calls=(call,), arguments=arguments)


def _reach(quarantine: Quarantine, seen: QuarantineSeen, verb: str) -> Call:
    parameters = {"GroupId": closed_group(quarantine, seen), "IpPermissions": [reach_rule(quarantine)]}
    return Call(service="ec2", operation=f"{verb}SecurityGroupIngress", parameters=parameters)


def reach_rule(quarantine: Quarantine) -> dict[str, Any]:
    """The one rule that lets the operator's place in, at the cluster's port."""
    where = quarantine.reach_from
    if where.startswith("sg-"):
        source: dict[str, Any] = {"UserIdGroupPairs": [{"GroupId": where}]}
    elif ":" in where:
        source = {"Ipv6Ranges": [{"CidrIpv6": where}]}
    else:
        source = {"IpRanges": [{"CidrIp": where}]}
    return {"IpProtocol": "tcp", "FromPort": quarantine.port, "ToPort": quarantine.port, **source}


def _sources(rule: Mapping[str, Any]) -> set[str]:
    return {
        *(each["CidrIp"] for each in rule.get("IpRanges", ())),
        *(each["CidrIpv6"] for each in rule.get("Ipv6Ranges", ())),
        *(each["GroupId"] for each in rule.get("UserIdGroupPairs", ())),
        *(each["PrefixListId"] for each in rule.get("PrefixListIds", ())),
    }


def _lets_in(quarantine: Quarantine, seen: QuarantineSeen) -> bool:
    """The operator's rule is there."""
    rules = seen.group.ingress if seen.group is not None else ()
    return any(quarantine.reach_from and quarantine.reach_from in _sources(rule) for rule in rules)


def _strange_ingress(quarantine: Quarantine, seen: QuarantineSeen) -> int:
    rules = seen.group.ingress if seen.group is not None else ()
    return sum(len(_sources(rule) - {quarantine.reach_from}) for rule in rules)


def quarantine_checks(quarantine: Quarantine, seen: QuarantineSeen) -> tuple[Check, ...]:
    """Who gets in at the end, and with which passwords."""
    return (_check_groups(quarantine, seen), *_check_passwords(quarantine, seen))


def _check_groups(quarantine: Quarantine, seen: QuarantineSeen) -> Check:
    shown = ", ".join(seen.groups) or "none"
    if quarantine.stays_closed:
        closed = seen.group is not None and seen.groups == (seen.group.group_id,)
        rules = len(seen.group.ingress) + len(seen.group.egress) if seen.group is not None else 0
        return Check(name="closed", passed=closed and not rules, detail=f"in {shown}, which has {rules} rules")
    is_open = sorted(seen.groups) == sorted(quarantine.open_groups) and seen.group is None
    return Check(
        name="open", passed=is_open, detail=f"in {shown}; its quarantine {'is there' if seen.group else 'is gone'}"
    )


def _check_passwords(quarantine: Quarantine, seen: QuarantineSeen) -> Iterable[Check]:
    rotated = seen.has_reached("rotated")
    where = {
        "managed": seen.managed_secret or "no secret of RDS's",
        "own": quarantine.secret_name,
        "iam": "none: it logs in with IAM",
    }[quarantine.master]
    kept = {
        "managed": seen.managed_secret not in {"", quarantine.source_secret},
        "own": seen.secret is not None,
        "iam": True,
    }[quarantine.master]
    by_iam = quarantine.master == "iam"
    yield Check(
        name="master password", passed=rotated and kept, detail=where if by_iam or not kept else f"new, in {where}"
    )
    yield Check(name="user passwords", passed=True, detail=said_of_roles(quarantine))


def said_of_roles(quarantine: Quarantine) -> str:
    """What became of the passwords of all users but the master."""
    if quarantine.rotate_roles:
        return "of nobody's knowledge: set one with ALTER ROLE for who is to get in"
    return "production's, of every user who has one: which those are was not looked at"
