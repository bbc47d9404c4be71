"""The whole command against the embedded AWS: done, refused, closed wherever it ends, finished after kill -9."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lab.cloud.delays import NONE, Delays
from lab.cloud.install import install, reset_backends
from lab.cloud.runtime import RUNTIME
from lab.cloud.server import CloudServer
from runbooks.cli.main import main
from runbooks.engine.journal import read
from tests.runbooks.clone.scenario import (
    PASSWORD,
    SCENARIOS,
    SOURCE,
    TARGET,
    check_clone,
    cluster_of,
    group_of,
    make_source,
    own_password,
    tags_of,
)
from tests.runbooks.sharing.accounts import ARN, OTHER, accept_by_hand, make_cluster, share_by_hand
from tests.support.call_crash import CrashError, counted_calls, is_reading
from tests.support.crash import CrashPoint, run_until
from tests.support.scenario import Cloud
from tests.support.transport import Keys, no_wire

pytestmark = pytest.mark.lab

OWNED = ("--owner", "team-orders")
OPEN = ("clone", SOURCE, "--as", TARGET, "--keep-user-passwords", *OWNED)
CLONE = "runbooks.clone.runbook:clone_runbook"
ESTATE = """\
estate: shop
defaults: "2026-11"
regions: [eu-west-1]
aurora:
  orders:
    engine: aurora-postgresql
    version: "17.7"
    instances: {a: {class: db.r8g.large}, b: {class: db.r8g.large}}
"""


class Shop(Cloud):
    """Production in an account of its own, and the runbook in this process."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        super().__init__(folder)
        self._capsys = capsys

    def runbook(self, *words: str, code: int = 0) -> Any:
        """One command's JSON."""
        ended = main([*words, "--output", "json"])
        said = self._capsys.readouterr()
        assert ended == code, said.out + said.err
        assert PASSWORD not in said.out + said.err
        self.said = said.out + said.err
        return json.loads(said.out)

    def refused(self, *words: str) -> list[str]:
        reasons: list[str] = self.runbook(*words, code=3)["error"]["reasons"]
        return reasons

    def groups(self, name: str = TARGET) -> list[str]:
        """Names of the security groups that a cluster is in; none when there is no such cluster."""
        rds, ec2 = self.client("rds"), self.client("ec2")
        found = rds.describe_db_clusters(Filters=[{"Name": "db-cluster-id", "Values": [name]}])["DBClusters"]
        ids = [each["VpcSecurityGroupId"] for shown in found for each in shown["VpcSecurityGroups"]]
        return (
            [each["GroupName"] for each in ec2.describe_security_groups(GroupIds=ids)["SecurityGroups"]] if ids else []
        )


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Shop]:
    shop = Shop(tmp_path, capsys)
    for name, value in {**shop.environment, "RUNBOOK_HOME": str(tmp_path / "home")}.items():
        monkeypatch.setenv(name, value)
    with no_wire():
        new_account(shop)
        yield shop


def new_account(shop: Cloud) -> None:
    install(delays=NONE)
    reset_backends()
    make_source(shop)


def test_a_dry_run_shows_every_call_and_makes_none(shop: Shop) -> None:
    with counted_calls() as calls:
        shown = shop.runbook(*OPEN)
    assert calls.changing == 0
    made = [f"{call['service']} {call['operation']}" for step in shown["steps"] for call in step["calls"]]
    assert made[:3] == ["ec2 CreateSecurityGroup", "ec2 RevokeSecurityGroupEgress", "rds RestoreDBClusterToPointInTime"]
    assert made[-1] == "ec2 DeleteSecurityGroup"


def test_what_is_done_is_what_was_shown(shop: Shop) -> None:
    with counted_calls() as calls:
        done = shop.runbook(*OPEN, "--execute")
    shown = [(call["service"], call["operation"]) for step in done["steps"] for call in step["calls"]]
    made = [(service, operation) for service, operation, _ in calls.made if not is_reading(operation)]
    left = iter(shown)  # a setting that turns out to be there already is not modified
    assert all(each in left for each in made if each[0] != "ssm")
    assert len(shown) - len([each for each in made if each[0] != "ssm"]) <= 1
    check_clone(shop, instances=[f"{TARGET}-1"])


def test_the_result_says_where_it_is_whose_it_is_and_what_nobody_looked_at(shop: Shop) -> None:
    done = shop.runbook(*OPEN, "--execute", "--run-id", "one")
    result = done["result"]
    assert (result["cluster_id"], result["restore_type"], result["is_open"]) == (TARGET, "copy-on-write", True)
    assert (result["owner"], result["secret"]) == ("team-orders", f"aurora-estate/{TARGET}/master")
    assert result["endpoint"].startswith(f"{TARGET}.")
    assert "production's" in result["user_passwords"]
    journal = json.dumps(read(shop.folder / "home" / "runs" / "one"))
    assert own_password(shop) not in shop.said + journal
    assert PASSWORD not in journal


def test_no_call_changes_the_source(shop: Shop) -> None:
    before = cluster_of(shop, SOURCE)
    with counted_calls() as calls:
        shop.runbook(*OPEN, "--like-source", "--execute")
    for service, operation, parameters in calls.made:
        if not is_reading(operation):
            named = [name for name, value in parameters.items() if value in (SOURCE, before["DBClusterArn"])]
            assert named in ([], ["SourceDBClusterIdentifier"], ["DBClusterParameterGroupName"]) or (
                operation == "RestoreDBClusterToPointInTime"
            ), (service, operation, named)
    after = cluster_of(shop, SOURCE)
    moving = {"CloneGroupId", "LatestRestorableTime", "EarliestRestorableTime"}
    assert {k: v for k, v in after.items() if k not in moving} == {k: v for k, v in before.items() if k not in moving}


def test_wherever_it_ends_it_is_closed_until_the_last_step(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    """rds-snapshot-sanitizer leaves an unmasked copy of production running in production's group when it fails."""
    with counted_calls() as clean:
        shop.runbook(*OPEN, "--execute", "--run-id", "whole")
    made = [operation for _, operation, _ in clean.made if not is_reading(operation)]
    opening = len(made) - 1 - made[::-1].index("ModifyDBCluster") + 1  # its number, from 1
    for number in range(1, opening):
        new_account(shop)
        with pytest.raises(CrashError), counted_calls(number, "after"):
            main([*OPEN, "--execute", "--run-id", f"r{number}"])
        capsys.readouterr()
        assert shop.groups() in ([], [f"{TARGET}-quarantine"]), made[number - 1]
        group = group_of(shop, f"{TARGET}-quarantine")
        assert group is None or not group["IpPermissions"]


def test_without_a_way_in_it_stays_closed_and_says_why(shop: Shop) -> None:
    done = shop.runbook("clone", SOURCE, "--as", TARGET, *OWNED, "--execute")
    assert "it is closed: its users have production's passwords" in done["verdict"]["summary"]
    assert shop.groups() == [f"{TARGET}-quarantine"]
    assert done["result"]["is_open"] is False


def test_a_password_of_rds_is_new(shop: Shop) -> None:
    install(delays=NONE)
    reset_backends()
    make_source(shop, ManageMasterUserPassword=True)
    done = shop.runbook(*OPEN, "--execute")
    source, clone = cluster_of(shop, SOURCE), cluster_of(shop, TARGET)
    assert done["result"]["secret"] == clone["MasterUserSecret"]["SecretArn"] != source["MasterUserSecret"]["SecretArn"]
    values = [
        json.loads(shop.client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"])["password"]
        for arn in (source["MasterUserSecret"]["SecretArn"], clone["MasterUserSecret"]["SecretArn"])
    ]
    assert len(set(values)) == 2


def test_a_master_user_by_iam_is_no_difference_that_nobody_asked_for(shop: Shop) -> None:
    install(delays=NONE)
    reset_backends()
    make_source(shop, ManageMasterUserPassword=True)
    done = shop.runbook(*OPEN, "--iam-master", "--execute")
    assert done["result"]["secret"] == ""
    assert "MasterUserSecret" not in cluster_of(shop, TARGET)


def test_it_waits_while_aws_is_at_work(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """aurora-echo asks for the instance at once, without waiting for the cluster (facts C5)."""
    monkeypatch.setattr(RUNTIME, "delays", Delays(creating_s=0.05, modifying_s=0.05))
    assert shop.runbook(*OPEN, "--execute")["verdict"]["passed"]
    monkeypatch.setattr(RUNTIME, "delays", NONE)
    check_clone(shop, instances=[f"{TARGET}-1"])


def test_a_clone_can_be_cloned_and_both_count(shop: Shop) -> None:
    shop.runbook(*OPEN, "--execute")
    second = shop.runbook("clone", TARGET, "--as", "shop-orders-two", "--keep-user-passwords", *OWNED)
    assert "1 of 15 copy-on-write clones" in str(second["steps"])


def test_the_sixteenth_is_refused_unless_it_is_asked_for(shop: Shop) -> None:
    rds = shop.client("rds")
    for number in range(15):
        rds.restore_db_cluster_to_point_in_time(
            DBClusterIdentifier=f"dev-{number}", SourceDBClusterIdentifier=SOURCE, RestoreType="copy-on-write",
            UseLatestRestorableTime=True, Tags=[{"Key": "a", "Value": "b"}],
        )  # fmt: skip
    (reason,) = shop.refused(*OPEN, "--execute")
    assert "must have a slot left of its 15 copy-on-write clones, got 15 other clusters" in reason
    done = shop.runbook(*OPEN, "--full-copy", "--execute")
    assert done["result"]["restore_type"] == "full-copy"


def test_a_slot_that_was_taken_meanwhile_is_not_passed_over(shop: Shop) -> None:
    """Two clones of the last slot at once: the later is a full copy, and AWS does not say so."""
    shop.runbook(*OPEN, "--execute", "--run-id", "one", "--stay-closed", code=0)
    rds = shop.client("rds")
    for number in range(15):
        rds.restore_db_cluster_to_point_in_time(
            DBClusterIdentifier=f"dev-{number}", SourceDBClusterIdentifier=SOURCE, RestoreType="copy-on-write",
            UseLatestRestorableTime=True, Tags=[{"Key": "a", "Value": "b"}],
        )  # fmt: skip
    (shop.folder / "home" / "runs" / "one" / "journal.jsonl").unlink()
    again = shop.runbook(*OPEN, "--execute", "--run-id", "one", "--stay-closed", code=4)
    failed = [check["name"] for check in again["verdict"]["checks"] if not check["passed"]]
    assert failed == ["copy-on-write"]


def test_an_unexplained_difference_is_exit_code_4(shop: Shop) -> None:
    shop.runbook(*OPEN, "--execute", "--run-id", "one")
    shop.client("rds").add_role_to_db_cluster(
        DBClusterIdentifier=TARGET, RoleArn="arn:aws:iam::123456789012:role/by-hand", FeatureName="s3Export"
    )
    (shop.folder / "home" / "runs" / "one" / "journal.jsonl").unlink()
    again = shop.runbook(*OPEN, "--execute", "--run-id", "one", code=4)
    assert any("AssociatedRoles" in check["name"] for check in again["verdict"]["checks"] if not check["passed"])


def test_somebody_elses_cluster_of_that_name_is_left_alone(shop: Shop) -> None:
    """aws-stepfunctions-aurora-clone deletes whatever has the target's name."""
    make_source(shop, TARGET)
    before = cluster_of(shop, TARGET)
    with counted_calls() as calls:
        reasons = shop.refused(*OPEN, "--execute")
    assert any("that no run of a runbook made" in reason for reason in reasons)
    assert calls.changing == 0
    assert cluster_of(shop, TARGET)["DbClusterResourceId"] == before["DbClusterResourceId"]


def test_the_source_as_its_own_clone_is_refused(shop: Shop) -> None:
    (reason,) = shop.refused("clone", SOURCE, "--as", SOURCE, *OWNED, "--execute")
    assert "must have a name of its own" in reason


def test_two_at_once_on_one_name(shop: Shop) -> None:
    with pytest.raises(CrashError), counted_calls(5, "after"):
        main([*OPEN, "--execute", "--run-id", "first"])
    reasons = shop.refused(*OPEN, "--execute", "--run-id", "second")
    assert any("locked by run first" in reason and "`runbook resume first`" in reason for reason in reasons)


def test_a_run_of_other_arguments_is_refused(shop: Shop) -> None:
    with pytest.raises(CrashError), counted_calls(4, "after"):
        main([*OPEN, "--execute", "--run-id", "one"])
    assert main([*OPEN, "--instances", "2", "--execute", "--run-id", "one"]) == 3


def test_the_same_command_keeps_the_first_expiry(shop: Shop) -> None:
    with pytest.raises(CrashError), counted_calls(4, "after"):
        main([*OPEN, "--execute", "--run-id", "one"])
    first = tags_of(cluster_of(shop, TARGET)["TagList"])["aurora-estate:expires"]
    done = shop.runbook(*OPEN, "--execute", "--run-id", "one")
    assert done["result"]["expires"] == first


def test_an_estate_gives_names_and_region(shop: Shop) -> None:
    file = shop.folder / "shop.yaml"
    file.write_text(ESTATE, encoding="utf-8")
    shown = shop.runbook("clone", "orders", "--estate", str(file), "--as", TARGET, *OWNED)
    assert shown["target"] == TARGET
    assert SOURCE in str(shown["steps"])


def test_another_network_needs_its_own_groups_and_the_volumes_zones(shop: Shop) -> None:
    ec2, rds = shop.client("ec2"), shop.client("rds")
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    zones = [each["ZoneName"] for each in ec2.describe_availability_zones()["AvailabilityZones"]]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.9.{number}.0/24", AvailabilityZone=zone)["Subnet"]["SubnetId"]
        for number, zone in enumerate(zones)
    ]
    for name, members in (("two", subnets[:2]), ("all", subnets)):
        rds.create_db_subnet_group(DBSubnetGroupName=name, DBSubnetGroupDescription=name, SubnetIds=members)
    group = ec2.create_security_group(GroupName="dev", Description="dev", VpcId=vpc)["GroupId"]
    reasons = shop.refused(*OPEN, "--subnet-group", "two", "--security-group", group)
    assert any("must have a subnet in each zone of the volume" in reason for reason in reasons)
    reasons = shop.refused(*OPEN, "--subnet-group", "all")
    assert any(f"must be of {vpc}" in reason for reason in reasons)
    assert shop.runbook(*OPEN, "--subnet-group", "all", "--security-group", group, "--execute")["verdict"]["passed"]
    assert shop.groups() == ["dev"]
    assert cluster_of(shop, TARGET)["DBSubnetGroup"] == "all"


def test_another_accounts_cluster_is_cloned_once_by_its_arn(shop: Shop) -> None:
    """From share to clone: its own key, subnet group and security group, since the owner's are not shown (facts C4)."""
    install(delays=NONE)
    reset_backends()
    policy = {"Statement": [{"Effect": "Allow", "Principal": {"AWS": ["*"]}, "Action": "kms:*", "Resource": "*"}]}
    key = shop.client("kms").create_key(Policy=json.dumps({"Version": "2012-10-17", **policy}))["KeyMetadata"]["Arn"]
    make_cluster(shop, StorageEncrypted=True, KmsKeyId=key)
    share_by_hand(shop, allowExternalPrincipals=True)
    accept_by_hand(shop)
    theirs = {service: shop.client(service, account=OTHER) for service in ("rds", "ec2")}
    subnets = theirs["ec2"].describe_subnets()["Subnets"]
    theirs["rds"].create_db_subnet_group(
        DBSubnetGroupName="dev", DBSubnetGroupDescription="dev", SubnetIds=[each["SubnetId"] for each in subnets]
    )
    group = theirs["ec2"].create_security_group(GroupName="d", Description="d", VpcId=subnets[0]["VpcId"])["GroupId"]
    words = ["clone", ARN, "--as", TARGET, "--class", "db.r8g.large", "--keep-user-passwords", *OWNED]
    own = shop.client("kms", account=OTHER).create_key()["KeyMetadata"]["Arn"]
    with no_wire(Keys(account=OTHER)):
        assert len(shop.refused(*words)) == 3  # key, subnet group, security group
        words += ["--subnet-group", "dev", "--security-group", group, "--key", own]
        done = shop.runbook(*words, "--execute")
        again = shop.refused(*words[:3], "second", *words[4:])
    assert done["verdict"]["passed"], done["verdict"]["checks"]
    (made,) = theirs["rds"].describe_db_clusters(DBClusterIdentifier=TARGET)["DBClusters"]
    assert made["CrossAccountClone"] is True
    assert any("there is one per account" in reason for reason in again)


WRONG = (
    (("--expires-in", "soon"), "--expires-in must be hours or days, got 'soon'"),
    (("--tag", "team"), "--tag must be KEY=VALUE, got 'team'"),
    (("--reach-from", "10.0.0.5/24"), "--reach-from must be a security group or a CIDR"),
    (("--reach-from", "0.0.0.0/0"), "--reach-from must be a network of hosts of yours"),
    (("--mask", "mask.sql"), "must come with --reach-from"),
    (("--security-group", "sg-1"), "--security-group must come with what lets the clone be opened"),
    (("--like-source", "--instances", "2"), "--like-source must not be given with --instances"),
    (("--reach-from", "10.0.0.5/32", "--mask", "/nowhere.sql"), "/nowhere.sql must be readable"),
)


@pytest.mark.parametrize(("more", "said"), WRONG, ids=[" ".join(row[0]) for row in WRONG])
def test_wrong_arguments_say_what_is_wrong(
    more: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["clone", SOURCE, "--as", TARGET, *OWNED, *more]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("point", [CrashPoint(3, "after"), CrashPoint(8, "torn")], ids=str)
def test_killed_it_is_finished_by_the_second_run(
    point: CrashPoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    cloud = Cloud(tmp_path)
    log = tmp_path / "calls.jsonl"
    server = CloudServer(log_path=log, delays=NONE)
    server.start()
    try:
        new_account(cloud)
        environment = {
            **cloud.environment, "AWS_ENDPOINT_URL": server.endpoint, "RUNBOOK_HOME": str(tmp_path / "home"),
        }  # fmt: skip
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        request = {"source": SOURCE, "target": TARGET, "owner": "team", "expires": "2030-01-01T00:00:00Z"}
        more = {"region": "eu-west-1", "like_source": True, "keep_logins": True}
        assert run_until(point, CLONE, {**request, **more}, "one", environment) == -signal.SIGKILL
        assert main(["resume", "one", "--output", "json"]) == 0
    finally:
        server.stop()
    assert json.loads(capsys.readouterr().out)["verdict"]["passed"]
    SCENARIOS[0].done(cloud)
    ours = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    restores = [each for each in ours if each["operation"] == "RestoreDBClusterToPointInTime"]
    assert len(restores) == 1
