"""Which steps a clone still needs, from what AWS shows; and every reason not to begin."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from runbooks.aws.secrets import Secret
from runbooks.birth.observe import Around
from runbooks.clone.plan import blockers, plan_clone
from runbooks.clone.request import CloneRequest
from runbooks.clone.seen import KeySeen, Observed
from runbooks.engine.plan import MADE_LATER, PlanRefusedError, Step, render_plan
from runbooks.masking.plan import MaskFile, MaskRequest
from runbooks.parity.observe import Place
from runbooks.parity.portrait import Portrait
from tests.runbooks.clone.builders import (
    ACCOUNT,
    ASKED,
    CLOSED_COPY,
    EXPIRES,
    GROUP,
    MADE,
    OTHER,
    QUARANTINE,
    SOURCE,
    TARGET,
    VPC,
    ask,
    cluster,
    copy,
    group,
    member,
    observed,
    portrait,
)

MASK = MaskRequest(files=(MaskFile(path="/x/mask.sql", sha256="a" * 64),))
REACHED = ask(reach_from="10.0.1.7/32")
MASKED = ask(reach_from="10.0.1.7/32", mask=MASK)
KEPT = ask(keep_logins=True)
CLOSED = group()


def kinds(request: CloneRequest, seen: Observed) -> list[str]:
    return [step.kind.value for step in plan_clone(request, seen)]


def parameters(steps: tuple[Step[Any], ...], operation: str) -> list[Any]:
    return [call.parameters for step in steps for call in step.calls if call.operation == operation]


IAM = {"source": portrait(cluster(IAMDatabaseAuthenticationEnabled=True))}
BIRTH = ["create-security-group", "shut-egress", "restore-cluster", "create-instance", "modify-cluster"]
WHOLE = [*BIRTH, "rotate-master-password", "let-operator-in", "rotate-user-passwords", "note-rotated"]
MASKS = ["mask-by-file", "look-for-leaks"]
OPENING = ["let-nobody-in", "open", "delete-security-group"]


@pytest.mark.parametrize(
    ("request_", "steps"),
    [
        pytest.param(ASKED, [*BIRTH, "rotate-master-password", "note-rotated"], id="nobody gets in: it stays closed"),
        pytest.param(REACHED, [*WHOLE, *OPENING], id="passwords of users changed"),
        pytest.param(MASKED, [*WHOLE, *MASKS, *OPENING], id="masked"),
        pytest.param(
            KEPT, [*BIRTH, "rotate-master-password", "note-rotated", "open", "delete-security-group"], id="IAM only"
        ),
        pytest.param(
            replace(MASKED, stay_closed=True), [*WHOLE, *MASKS, "let-nobody-in"], id="masked and never opened"
        ),
    ],
)
def test_a_new_clone_has_every_step_in_the_order_that_keeps_it_closed(request_: CloneRequest, steps: list[str]) -> None:
    assert kinds(request_, observed(request_)) == steps


def test_a_master_user_by_iam_has_no_password_of_production_left() -> None:
    """It came with the data; that the source's master user logs in with IAM is not shown."""
    request = replace(KEPT, iam_master=True)
    steps = plan_clone(request, observed(request, **IAM))
    kinds = [step.kind.value for step in steps]
    assert kinds[-4:] == ["let-master-in-by-iam", "note-rotated", *OPENING[1:]]
    (call,) = [each for each in parameters(steps, "ModifyDBCluster") if "MasterUserAuthenticationType" in each]
    assert (call["DBClusterIdentifier"], call["MasterUserAuthenticationType"]) == (TARGET, "iam-db-auth")


def test_a_master_user_by_iam_has_no_secret_of_rds() -> None:
    """ "You can't specify a master password when the master user authenticates with IAM", a managed one neither."""
    source = portrait(cluster(IAMDatabaseAuthenticationEnabled=True, MasterUserSecret={"SecretArn": "arn:production"}))
    request = replace(KEPT, iam_master=True)
    steps = plan_clone(request, observed(request, source=source))
    assert not any(each.get("ManageMasterUserPassword") for each in parameters(steps, "ModifyDBCluster"))


def test_opened_by_hand_before_its_passwords_are_changed_it_is_closed_again() -> None:
    """Whoever moved it into its last groups meanwhile: nothing more is done while it is open."""
    for tags in ({}, {"aurora-estate:quarantine": "rotated"}):
        raw = {**CLOSED_COPY, "VpcSecurityGroups": [{"VpcSecurityGroupId": GROUP}]}
        raw["TagList"] = [*CLOSED_COPY["TagList"], *({"Key": key, "Value": value} for key, value in tags.items())]
        steps = plan_clone(MASKED, observed(MASKED, copy=copy(raw=raw), closing={"group": CLOSED}))
        back, *_, opened = [each["VpcSecurityGroupIds"] for each in parameters(steps, "ModifyDBCluster")
                            if "VpcSecurityGroupIds" in each]  # fmt: skip
        assert (back, opened) == ([QUARANTINE], [GROUP])
        assert [step.kind.value for step in steps].index("modify-cluster") == 0


def test_groups_that_somebody_gave_it_after_the_end_are_put_right_without_a_quarantine() -> None:
    raw = {**CLOSED_COPY, "VpcSecurityGroups": [{"VpcSecurityGroupId": "sg-by-hand"}]}
    steps = plan_clone(REACHED, observed(REACHED, copy=copy("open", raw)))
    assert parameters(steps, "CreateSecurityGroup") == []
    assert next(each["VpcSecurityGroupIds"] for each in parameters(steps, "ModifyDBCluster")) == [GROUP]


def test_the_call_is_a_clone_never_silently_a_full_copy() -> None:
    """RestoreType defaults to full-copy (facts C1); RestoreToTime and EngineMode are never given."""
    (call,) = parameters(plan_clone(ASKED, observed()), "RestoreDBClusterToPointInTime")
    assert (call["RestoreType"], call["UseLatestRestorableTime"]) == ("copy-on-write", True)
    assert not {"RestoreToTime", "EngineMode"} & set(call)
    (full,) = parameters(plan_clone(ask(full_copy=True), observed()), "RestoreDBClusterToPointInTime")
    assert full["RestoreType"] == "full-copy"


def test_it_is_born_in_its_own_group_with_its_own_tags() -> None:
    steps = plan_clone(MASKED, observed(MASKED))
    (call,) = parameters(steps, "RestoreDBClusterToPointInTime")
    assert call["VpcSecurityGroupIds"] == [f"(id of security group {TARGET}-quarantine)"]
    assert {tag["Key"]: tag["Value"] for tag in call["Tags"]} == MADE  # none of the source's (facts C10)
    assert call["DBClusterParameterGroupName"] == "orders"  # blacklocus/aurora-echo left it out
    for made in parameters(steps, "CreateDBInstance"):
        assert made["PubliclyAccessible"] is False
        assert made["DBParameterGroupName"] == "orders-instance"


def test_no_step_before_the_last_masks_names_a_group_to_open_with() -> None:
    steps = plan_clone(MASKED, observed(MASKED))
    at = [step.kind.value for step in steps].index("open")
    assert GROUP not in str([call.parameters for step in steps[:at] for call in step.calls])
    assert parameters(steps[at:], "ModifyDBCluster")[0]["VpcSecurityGroupIds"] == [GROUP]


def test_no_secret_is_in_a_plan() -> None:
    steps = plan_clone(ASKED, observed())
    assert parameters(steps, "CreateSecret")[0]["SecretString"] == MADE_LATER
    assert [each["MasterUserPassword"] for each in parameters(steps, "ModifyDBCluster")[1:]] == [MADE_LATER]


def test_a_password_that_rds_manages_is_managed_anew() -> None:
    secret: Any = {
        "MasterUserSecret": {"SecretArn": "arn:aws:secretsmanager:x", "KmsKeyId": "k", "SecretStatus": "active"}
    }
    seen = observed(source=portrait(cluster(**secret)))
    steps = plan_clone(ASKED, seen)
    assert parameters(steps, "ModifyDBCluster")[0]["ManageMasterUserPassword"] is True
    assert not parameters(steps, "CreateSecret")


def test_the_slots_are_said_first() -> None:
    steps = plan_clone(ASKED, observed(members=tuple(member(f"dev-{n}") for n in range(3))))
    (restore,) = [step for step in steps if step.kind.value == "restore-cluster"]
    assert "3 of 15 copy-on-write clones" in restore.why


def instances(request: CloneRequest) -> list[tuple[str, str, int]]:
    made = parameters(plan_clone(request, observed(request)), "CreateDBInstance")
    return [(each["DBInstanceIdentifier"], each["DBInstanceClass"], each.get("PromotionTier", 1)) for each in made]


def test_instances_are_as_asked() -> None:
    assert instances(ASKED) == [(f"{TARGET}-1", "db.r8g.large", 0)]
    assert instances(ask(instances=2, instance_class="db.t4g.medium")) == [
        (f"{TARGET}-1", "db.t4g.medium", 0),
        (f"{TARGET}-2", "db.t4g.medium", 1),
    ]
    assert instances(ask(like_source=True)) == [
        (f"{TARGET}-a", "db.r8g.large", 0),
        (f"{TARGET}-b", "db.r8g.large", 1),
    ]


TAILS: tuple[tuple[str, CloneRequest, dict[str, Any], list[str]], ...] = (
    ("group made", ASKED, {"closing": {"group": CLOSED}}, [*BIRTH[2:], "rotate-master-password", "note-rotated"]),
    (
        "group made, not shut",
        ASKED,
        {"closing": {"group": replace(CLOSED, egress=({"IpProtocol": "-1"},))}},
        [*BIRTH[1:], "rotate-master-password", "note-rotated"],
    ),
    (
        "born",
        MASKED,
        {"copy": copy(), "closing": {"group": CLOSED}},
        [*WHOLE[5:], *MASKS, *OPENING],
    ),
    (
        "secret made",
        ASKED,
        {
            "copy": copy(),
            "closing": {"group": CLOSED, "secret": Secret(name=f"aurora-estate/{TARGET}/master", tags=MADE)},
        },
        ["rotate-master-password", "note-rotated"],
    ),
    ("rotated", MASKED, {"copy": copy("rotated"), "closing": {"group": CLOSED}}, ["let-operator-in", *MASKS, *OPENING]),
    (
        "rotated, operator in",
        MASKED,
        {
            "copy": copy("rotated"),
            "closing": {"group": replace(CLOSED, ingress=({"IpRanges": [{"CidrIp": "10.0.1.7/32"}]},))},
        },
        [*MASKS, *OPENING],
    ),
    ("closed for good", ASKED, {"copy": copy("rotated"), "closing": {"group": CLOSED}}, []),
    ("rotated, to open", KEPT, {"copy": copy("rotated"), "closing": {"group": CLOSED}}, OPENING[1:]),
    (
        "open, not said",
        KEPT,
        {
            "copy": copy("rotated", {**CLOSED_COPY, "VpcSecurityGroups": [{"VpcSecurityGroupId": GROUP}]}),
            "closing": {"group": CLOSED},
        },
        OPENING[1:],
    ),
    (
        "open, group left",
        KEPT,
        {
            "copy": copy("open", {**CLOSED_COPY, "VpcSecurityGroups": [{"VpcSecurityGroupId": GROUP}]}),
            "closing": {"group": CLOSED},
        },
        ["delete-security-group"],
    ),
    (
        "done",
        KEPT,
        {"copy": copy("open", {**CLOSED_COPY, "VpcSecurityGroups": [{"VpcSecurityGroupId": GROUP}]})},
        [],
    ),
)


@pytest.mark.parametrize(("request_", "what", "left"), [row[1:] for row in TAILS], ids=[row[0] for row in TAILS])
def test_resuming_plans_the_tail(request_: CloneRequest, what: dict[str, Any], left: list[str]) -> None:
    assert kinds(request_, observed(request_, **what)) == left


def test_opened_but_not_said_it_is_not_modified_again() -> None:
    shown = copy("rotated", {**CLOSED_COPY, "VpcSecurityGroups": [{"VpcSecurityGroupId": GROUP}]})
    steps = plan_clone(KEPT, observed(KEPT, copy=shown, closing={"group": CLOSED}))
    assert [call.operation for call in steps[0].calls] == ["AddTagsToResource"]


def test_a_lost_journal_keeps_the_expiry_that_the_clone_has() -> None:
    seen = observed(ask(expires="2027-01-01T00:00:00Z"), copy=copy())
    assert seen.quarantine is not None
    assert seen.quarantine.tags["aurora-estate:expires"] == EXPIRES


FIFTEEN = tuple(member(f"dev-{n:02}") for n in range(15))
SHARED = Portrait(
    cluster={
        "DBClusterIdentifier": SOURCE, "DBClusterArn": f"arn:aws:rds:eu-west-1:{OTHER}:cluster:{SOURCE}",
        "Engine": "aurora-postgresql", "EngineVersion": "17.7", "StorageEncrypted": True,
    },
    partial=True,
)  # fmt: skip
GOOD_KEY = KeySeen(arn="k")
FROM_OTHERS = ask(
    source=f"arn:aws:rds:eu-west-1:{OTHER}:cluster:{SOURCE}",
    instance_class="db.r8g.large",
    subnet_group="dev",
    key="k",
)
PLACE = Around(place=Place(name="dev", vpc_id=VPC, zones=("a", "b", "c")))
ELSEWHERE = Around(place=Place(name="dev", vpc_id=VPC, zones=("a", "b")))
THEIRS = {"aurora-estate:run": "another"}
REFUSED: tuple[tuple[str, CloneRequest, dict[str, Any], str], ...] = (
    ("the source itself", ask(target=SOURCE), {}, f"must have a name of its own, got its source's, {SOURCE}"),
    ("a name that RDS does not take", ask(target="Dev_1"), {}, "got 'Dev_1'"),
    (
        "a cluster that is there",
        ASKED,
        {"copy": portrait(cluster(TARGET, TagList=[]))},
        "that no run of a runbook made",
    ),
    (
        "another run's clone",
        ASKED,
        {"copy": copy(raw={**CLOSED_COPY, "TagList": [{"Key": "aurora-estate:run", "Value": "another"}]})},
        "run another made",
    ),
    ("busy", ASKED, {"source": portrait(cluster(Status="modifying"))}, "must be available to be cloned, got modifying"),
    ("no instance", ASKED, {"source": portrait(cluster(DBClusterMembers=[]))}, "must have an instance to be cloned"),
    (
        "no backup yet",
        ASKED,
        {"source": portrait(cluster(LatestRestorableTime=None))},
        "latest restorable time, got none",
    ),
    (
        "nothing to open it with",
        KEPT,
        {"source": portrait(cluster(VpcSecurityGroups=[]))},
        "must have security groups to open the clone with, got none",
    ),
    ("Serverless v1", ASKED, {"source": portrait(cluster(EngineMode="serverless"))}, "got Serverless v1"),
    ("the sixteenth", ASKED, {"members": FIFTEEN}, "must have a slot left of its 15 copy-on-write clones, got 15"),
    (
        "no such parameter group",
        ask(parameter_group="nope"),
        {"parameter_group": ""},
        "cluster parameter group nope must exist, got none",
    ),
    ("no such subnet group", ask(subnet_group="dev"), {}, "DB subnet group dev must exist"),
    ("zones that do not match", ask(subnet_group="dev"), {"around": ELSEWHERE}, "got none in c"),
    (
        "a group of another network",
        ask(keep_logins=True, security_groups=("sg-x",)),
        {"closing": {"opening": (group("x", "sg-x", vpc_id="vpc-2"),)}},
        f"security group sg-x must be of {VPC}, where {TARGET} will be, got one of vpc-2",
    ),
    (
        "a group that is not there",
        ask(keep_logins=True, security_groups=("sg-x",)),
        {"closing": {"opening": ()}},
        "security group sg-x must exist, got none",
    ),
    (
        "somebody's quarantine",
        ASKED,
        {"closing": {"group": group(tags=THEIRS)}},
        f"security group {TARGET}-quarantine must be a name that is free",
    ),
    (
        "a quarantine with a door",
        ASKED,
        {"closing": {"group": group(ingress=({"IpRanges": [{"CidrIp": "0.0.0.0/0"}]},))}},
        "must let nobody in, got 1 rules",
    ),
    (
        "somebody's secret",
        ASKED,
        {"closing": {"secret": Secret(name="s", tags=THEIRS)}},
        "secret s must be a name that is free, got one that run another made",
    ),
    (
        "a secret that is being deleted",
        ASKED,
        {"closing": {"secret": Secret(name="s", tags=MADE, deleted=True)}},
        "waits for its deletion",
    ),
    (
        "users of MySQL",
        REACHED,
        {"source": portrait(cluster(Engine="aurora-mysql", EngineVersion="8.0.mysql_aurora.3.10.0"))},
        "engine must be aurora-postgresql to have its users' passwords changed, got aurora-mysql",
    ),
    (
        "a fenced source",
        ASKED,
        {"source": portrait(cluster(TagList=[{"Key": "aurora-estate:runbooks", "Value": "none"}]))},
        "must let `clone` touch it",
    ),
    ("locked", ASKED, {"locked": (f"{SOURCE} is locked by run x",)}, "locked by run x"),
    *(
        ("a tag that the kit goes by", ask(tags={f"aurora-estate:{name}": "open"}), {}, f"got aurora-estate:{name}")
        for name in ("quarantine", "masked", "run")
    ),
    (
        "a host's group that is not there",
        ask(reach_from="sg-nope"),
        {},
        "security group sg-nope must exist, got none; name that of this host",
    ),
    (
        "a master user by IAM without IAM",
        replace(KEPT, iam_master=True),
        {},
        f"{SOURCE} must have IAM database authentication for a master user",
    ),
    (
        "a master user of MySQL by IAM",
        replace(KEPT, iam_master=True),
        {"source": portrait(cluster(Engine="aurora-mysql", IAMDatabaseAuthenticationEnabled=True))},
        "engine must be aurora-postgresql for a master user that logs in with IAM, got aurora-mysql",
    ),
    (
        "open already, and a mask asked for",
        MASKED,
        {"copy": copy("open")},
        f"{TARGET} must still be closed for what is asked, got one that this run has opened already",
    ),
    ("open already, and to stay closed", ASKED, {"copy": copy("open")}, f"{TARGET} must still be closed"),
    ("a tag of AWS's", ask(tags={"aws:x": "1"}), {}, "tags must not begin with aws:"),
    (
        "a key that is not shared",
        FROM_OTHERS,
        {"source": SHARED, "around": PLACE, "key": KeySeen(arn="k", refused="AccessDeniedException")},
        f"key k must be one that account {ACCOUNT} may use, got AccessDeniedException",
    ),
    (
        "the default key of another account",
        FROM_OTHERS,
        {"source": SHARED, "around": PLACE, "key": KeySeen(arn="k", aws_managed=True)},
        "got AWS's own key of RDS",
    ),
    (
        "a second clone of another account's",
        FROM_OTHERS,
        {"source": SHARED, "around": PLACE, "members": (member("dev-1"),), "key": GOOD_KEY},
        f"must have no other clone in account {ACCOUNT}, got dev-1",
    ),
    (
        "no subnet group of ours",
        replace(FROM_OTHERS, subnet_group=""),
        {"source": SHARED, "key": GOOD_KEY},
        "must have a subnet group of this account, got none",
    ),
    (
        "no groups of ours to open with",
        replace(FROM_OTHERS, keep_logins=True),
        {"source": SHARED, "around": PLACE, "key": GOOD_KEY},
        "must have security groups of this account, got none",
    ),
    (
        "no key for another account's encrypted cluster",
        replace(FROM_OTHERS, key=""),
        {"source": SHARED, "around": PLACE},
        f"the clone of {OTHER}'s encrypted {SOURCE} must have a key, got none",
    ),
    ("a key for one's own", ask(key="k"), {"key": GOOD_KEY}, "--key must not be given for a cluster of this account"),
    ("broken masks", MASKED, {"mask_problems": ("/x/mask.sql must be readable",)}, "must be readable"),
)


@pytest.mark.parametrize(("request_", "what", "said"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_refuses(request_: CloneRequest, what: dict[str, Any], said: str) -> None:
    seen = observed(request_, **what)
    reasons = blockers(request_, seen)
    assert any(said in reason for reason in reasons)
    assert len(reasons) <= 2, reasons  # one thing can be wrong for two
    with pytest.raises(PlanRefusedError):
        plan_clone(request_, seen)


def test_no_source_is_a_reason_by_itself() -> None:
    (reason,) = blockers(ASKED, Observed(account=ACCOUNT, run_id="r"))
    assert f"cluster {SOURCE} must exist in eu-west-1, got none" in reason


def test_what_else_is_wrong_is_said_with_a_source_that_is_missing() -> None:
    request = ask(target="Dev_1", parameter_group="nope", tags={"aurora-estate:run": "x"})
    seen = Observed(account=ACCOUNT, run_id="r", parameter_group="", mask_problems=("masks",), locked=("locked",))
    said = " | ".join(blockers(request, seen))
    for part in ("must exist in eu-west-1", "'Dev_1'", "group nope must exist", "aurora-estate:run", "masks", "locked"):
        assert part in said


def test_the_sixteenth_is_a_full_copy_when_that_is_asked_for() -> None:
    full = ask(full_copy=True)
    steps = plan_clone(full, observed(full, members=FIFTEEN))
    (restore,) = [step for step in steps if step.kind.value == "restore-cluster"]
    assert restore.why.startswith("a full copy, as asked")


def test_all_reasons_come_at_once() -> None:
    source = portrait(cluster(Status="stopped", DBClusterMembers=[]))
    seen = observed(ask(target="Dev_1"), source=source, members=FIFTEEN, locked=("locked",))
    assert len(blockers(ask(target="Dev_1"), seen)) >= 5


def test_a_shared_cluster_is_cloned_by_its_arn() -> None:
    seen = observed(FROM_OTHERS, source=SHARED, around=PLACE, key=GOOD_KEY)
    (call,) = parameters(plan_clone(FROM_OTHERS, seen), "RestoreDBClusterToPointInTime")
    assert call["SourceDBClusterIdentifier"] == FROM_OTHERS.source
    assert seen.quarantine is not None
    assert seen.quarantine.arn == f"arn:aws:rds:eu-west-1:{ACCOUNT}:cluster:{TARGET}"


def test_nothing_in_any_plan_deletes_a_cluster_or_an_instance() -> None:
    """aws-stepfunctions-aurora-clone deletes its target by name: a typo deletes production."""
    for request in (ASKED, MASKED, KEPT, ask(like_source=True)):
        for step in plan_clone(request, observed(request)):
            for call in step.calls:
                assert not call.operation.startswith("Delete") or call.operation == "DeleteSecurityGroup"


def test_no_call_of_any_plan_changes_the_source() -> None:
    for request in (ASKED, MASKED, KEPT, ask(like_source=True)):
        for step in plan_clone(request, observed(request)):
            for call in step.calls:
                named = {name for name, value in call.parameters.items() if value in (SOURCE, portrait().arn)}
                assert named <= {"SourceDBClusterIdentifier"}


def test_a_request_survives_its_journal() -> None:
    request = replace(MASKED, security_groups=("sg-1",), tags={"team": "orders"})
    assert CloneRequest.from_plain(request.to_plain()) == request


def test_the_page_shows_the_plan() -> None:
    page = (Path(__file__).parents[3] / "docs" / "runbooks" / "clone.md").read_text(encoding="utf-8")
    shown = re.findall(r"```text\nplan for shop-orders-dev:\n(.*?)\n```", page, re.DOTALL)
    assert shown == [render_plan(plan_clone(REACHED, observed(REACHED)))]


def test_the_group_is_known_once_it_is_made() -> None:
    (call,) = parameters(plan_clone(ASKED, observed(closing={"group": CLOSED})), "RestoreDBClusterToPointInTime")
    assert call["VpcSecurityGroupIds"] == [QUARANTINE]
