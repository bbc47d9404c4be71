"""Two accounts of the embedded AWS: shared, accepted, cloned, ended; refused with reasons; finished after kill -9."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest

from estate.names import TAG_MASKED, TAG_PURPOSE, TAG_QUARANTINE, TAG_RUN, TAG_RUNBOOKS, TAG_SOURCE
from lab.cloud.delays import NONE
from lab.cloud.install import install, reset_backends
from lab.cloud.server import CloudServer
from runbooks.cli.main import main
from runbooks.sharing.request import ShareRequest
from tests.runbooks.sharing.accounts import (
    ARN,
    NAME,
    OTHER,
    THIRD,
    accept_by_hand,
    invitations,
    locks,
    make_clone,
    make_cluster,
    share_by_hand,
    shares,
    tags_of,
    visible,
)
from tests.support.crash import CrashPoint, run_until
from tests.support.scenario import ACCOUNT, REGION, Cloud
from tests.support.transport import Keys, no_wire

pytestmark = pytest.mark.lab

DO = ("--execute", "--confirm", NAME)
MASKED = [{"Key": key, "Value": value} for key, value in ((TAG_RUN, "r"), (TAG_MASKED, "a"), (TAG_QUARANTINE, "open"))]


@pytest.fixture
def cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cloud:
    install(delays=NONE)
    reset_backends()
    for name, value in {**Cloud.environment, "RUNBOOK_HOME": str(tmp_path / "home")}.items():
        monkeypatch.setenv(name, value)
    return Cloud(tmp_path)


def run(*words: str, account: str = "") -> int:
    """As an operator of this account, or of another."""
    if not account:
        with no_wire():
            return main([*words, "--output", "json"])
    with no_wire(Keys(account=account)):
        return main([*words, "--output", "json"])


def share(*words: str) -> int:
    return run("cluster", "share", NAME, "--with", OTHER, *words)


def shown(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(capsys.readouterr().out)
    return answer


def reasons(capsys: pytest.CaptureFixture[str]) -> list[str]:
    found: list[str] = shown(capsys)["error"]["reasons"]
    return found


def test_a_dry_run_shows_the_share_and_makes_none(cloud: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
    make_cluster(cloud)
    assert share("--outside-organization") == 0
    create, settle = shown(capsys)["steps"]
    (call,) = create["calls"]
    assert call["operation"] == "CreateResourceShare"
    assert call["parameters"]["resourceArns"] == [ARN]
    assert call["parameters"]["principals"] == [OTHER]
    assert call["parameters"]["allowExternalPrincipals"] is True
    assert settle["calls"] == []
    assert not shares(cloud)


def test_from_one_account_to_a_clone_in_another_and_back(cloud: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
    make_cluster(cloud)
    assert share("--outside-organization", *DO, "--run-id", "one") == 0
    result = shown(capsys)["result"]
    assert result["invited"] is True
    assert result["there"] == f"runbook cluster accept {ARN}"
    (made,) = shares(cloud)
    assert {tags_of(made)[tag] for tag in (TAG_RUN, TAG_PURPOSE, TAG_SOURCE)} == {"one", "cluster share", ARN}
    assert visible(cloud) == []

    assert run("cluster", "accept", ARN, account=OTHER) == 0
    steps = [step["step"] for step in shown(capsys)["steps"]]
    assert steps == ["accept-invitation shop-orders", "wait-for-cluster shop-orders"]
    assert visible(cloud) == []
    assert run("cluster", "accept", ARN, "--execute", account=OTHER) == 0
    assert shown(capsys)["result"]["next"] == f"runbook clone {ARN} --as NAME"
    assert visible(cloud) == [ARN]
    assert run("cluster", "accept", ARN, "--execute", account=OTHER) == 0
    assert shown(capsys)["steps"] == []

    assert make_clone(cloud, ARN, "copy", account=OTHER)["CrossAccountClone"] is True
    assert run("cluster", "unshare", NAME, "--with", OTHER, "--execute") == 0
    answer = shown(capsys)
    assert [step["step"] for step in answer["steps"]] == ["delete-share shop-orders-to-222222222222"]
    assert "a clone that the account has made stays" in answer["verdict"]["summary"]
    assert visible(cloud) == []
    assert cloud.client("rds", account=OTHER).describe_db_clusters(DBClusterIdentifier="copy")["DBClusters"]
    assert run("cluster", "unshare", NAME, "--with", OTHER, "--execute") == 0
    assert shown(capsys)["steps"] == []
    assert not locks(cloud)
    assert not locks(cloud, OTHER)


def test_inside_an_organization_nobody_is_invited(cloud: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
    make_cluster(cloud)
    organizations = cloud.client("organizations")
    organizations.create_organization(FeatureSet="ALL")
    colleague = organizations.create_account(Email="a@example.com", AccountName="b")["CreateAccountStatus"]["AccountId"]
    cloud.client("ram").enable_sharing_with_aws_organization()
    assert run("cluster", "share", NAME, "--with", colleague, *DO) == 0
    result = shown(capsys)["result"]
    assert result["invited"] is False
    assert result["there"] == f"runbook clone {ARN} --as NAME"
    assert not invitations(cloud, colleague)
    assert run("cluster", "accept", ARN, "--execute", account=colleague) == 0
    assert shown(capsys)["steps"] == []


def test_outside_the_organization_must_be_asked_for(cloud: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
    make_cluster(cloud)
    assert share(*DO) == 1
    assert "can only be shared within your AWS Organization" in json.dumps(shown(capsys))
    assert not shares(cloud)


def test_production_is_shared_only_by_its_name(cloud: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
    make_cluster(cloud)
    assert share("--outside-organization", "--execute") == 3
    assert "may copy every row of it" in json.dumps(shown(capsys))
    cloud.client("rds").add_tags_to_resource(ResourceName=ARN, Tags=MASKED)
    assert share("--outside-organization", "--execute") == 0
    capsys.readouterr()


def plain(cloud: Cloud) -> None:
    make_cluster(cloud)


def with_default_key(cloud: Cloud) -> None:
    make_cluster(cloud, StorageEncrypted=True)


def with_a_closed_key(cloud: Cloud) -> None:
    key = cloud.client("kms").create_key()["KeyMetadata"]["Arn"]
    make_cluster(cloud, StorageEncrypted=True, KmsKeyId=key)


def without_instances(cloud: Cloud) -> None:
    make_cluster(cloud)
    cloud.client("rds").delete_db_instance(DBInstanceIdentifier=f"{NAME}-a")


def shared_already(cloud: Cloud) -> None:
    make_cluster(cloud)
    share_by_hand(cloud)


def whose_clone_is_shared(cloud: Cloud) -> None:
    make_cluster(cloud)
    make_clone(cloud, NAME, "dev")
    share_by_hand(cloud, arn=ARN.replace(NAME, "dev"))


def shared_with_fifteen(cloud: Cloud) -> None:
    make_cluster(cloud)
    make_clone(cloud, NAME, "dev")
    for number in range(8):
        share_by_hand(cloud, account=f"4000000000{number:02}")
    for number in range(7):
        share_by_hand(cloud, arn=ARN.replace(NAME, "dev"), account=f"5000000000{number:02}")


def that_its_owner_keeps(cloud: Cloud) -> None:
    make_cluster(cloud, Tags=[{"Key": TAG_RUNBOOKS, "Value": "drill:*"}])


def of_a_name_that_none_has(_cloud: Cloud) -> None:
    pass


def locked(cloud: Cloud) -> None:
    make_cluster(cloud)
    lease = {
        "owner": "ada", "host": "h", "run": "other", "acquired": "2026-11-21T00:00:00+00:00",
        "expires": "2099-01-01T00:00:00+00:00",
    }  # fmt: skip
    cloud.client("ssm").put_parameter(Name=f"/aurora-estate/locks/{NAME}", Value=json.dumps(lease), Type="String")


REFUSED: tuple[tuple[Callable[[Cloud], None], str], ...] = (
    (with_default_key, "must be encrypted with a key of your own, got AWS's default key for RDS"),
    (with_a_closed_key, "must let account 222222222222 use it, got no kms:CreateGrant"),
    (without_instances, "shop-orders must have an instance to be cloned, got none"),
    (shared_already, "must not be shared with 222222222222 yet, got share by-hand"),
    (whose_clone_is_shared, "must clone one of a cluster and its clones only, got dev shared with it"),
    (shared_with_fifteen, "must be shared with 15 accounts at most, got 15 already"),
    (that_its_owner_keeps, "shop-orders must let `cluster share` touch it"),
    (of_a_name_that_none_has, "shop-orders must be an existing cluster, got none of that name"),
    (locked, "shop-orders is locked by run other of ada"),
)


@pytest.mark.parametrize(("prepare", "said"), REFUSED, ids=[row[0].__name__ for row in REFUSED])
def test_a_cluster_that_cannot_be_shared(
    cloud: Cloud, prepare: Callable[[Cloud], None], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    prepare(cloud)
    before = len(shares(cloud))
    assert share("--outside-organization", *DO) == 3
    assert any(said in reason for reason in reasons(capsys))
    assert len(shares(cloud)) == before


def test_a_closed_key_is_opened_by_the_statement_that_is_said(cloud: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
    with_a_closed_key(cloud)
    assert share("--outside-organization") == 3
    (reason,) = reasons(capsys)
    statement = json.loads(reason[reason.index("{") :])
    kms = cloud.client("kms")
    key = cloud.client("rds").describe_db_clusters()["DBClusters"][0]["KmsKeyId"]
    policy = json.loads(kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"])
    policy["Statement"].append(statement)
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=json.dumps(policy))
    assert share("--outside-organization", *DO) == 0
    accept_by_hand(cloud)
    own = cloud.client("kms", account=OTHER).create_key()["KeyMetadata"]["Arn"]
    assert make_clone(cloud, ARN, "copy", account=OTHER, KmsKeyId=own)["KmsKeyId"] == own
    capsys.readouterr()


def test_the_kits_own_clone_in_the_other_account(cloud: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
    make_cluster(cloud)
    assert share("--outside-organization", *DO) == 0
    assert run("cluster", "accept", ARN, "--execute", account=OTHER) == 0
    subnets = [each["SubnetId"] for each in cloud.client("ec2", account=OTHER).describe_subnets()["Subnets"]]
    rds = cloud.client("rds", account=OTHER)
    rds.create_db_subnet_group(DBSubnetGroupName="own", DBSubnetGroupDescription="d", SubnetIds=subnets)
    words = ("clone", ARN, "--class", "db.r7g.large", "--subnet-group", "own", "--stay-closed", "--execute")
    assert run(*words, "--as", "copy", account=OTHER) == 0
    (copy,) = rds.describe_db_clusters(DBClusterIdentifier="copy")["DBClusters"]
    assert copy["CrossAccountClone"] is True
    assert {tag["Key"]: tag["Value"] for tag in copy["TagList"]}[TAG_SOURCE] == ARN
    capsys.readouterr()
    assert run(*words, "--as", "second", account=OTHER) == 3
    assert any("one per account" in reason for reason in reasons(capsys))


def test_what_is_shared_with_us_is_not_shared_on(cloud: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
    theirs = ARN.replace(ACCOUNT, OTHER)
    make_cluster(cloud, account=OTHER)
    share_by_hand(cloud, arn=theirs, account=ACCOUNT, owner=OTHER)
    accept_by_hand(cloud, ACCOUNT)
    assert run("cluster", "share", theirs, "--with", THIRD, "--execute") == 3
    assert "one that is shared with it cannot be shared on" in reasons(capsys)[0]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("cluster", "share", NAME, "--with", "12"), "--with must be an account id of 12 digits, got '12'"),
        (("cluster", "accept", "shop-orders"), "ARN must be that of a DB cluster, got 'shop-orders'"),
    ],
)
def test_wrong_arguments(words: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*words, "--output", "json"]) == 2
    assert said in shown(capsys)["error"]["message"]


def test_this_account_needs_no_share(cloud: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
    make_cluster(cloud)
    assert run("cluster", "share", NAME, "--with", ACCOUNT, *DO) == 3
    assert "--with must be another account, got this one" in reasons(capsys)[0]
    assert run("cluster", "accept", ARN, "--execute") == 3
    assert "must be of another account, got this one" in reasons(capsys)[0]


def test_what_nobody_offers_cannot_be_accepted(cloud: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
    make_cluster(cloud)
    assert run("cluster", "accept", ARN, "--execute", account=OTHER) == 3
    assert f"runbook cluster share {NAME} --with {OTHER}" in reasons(capsys)[0]
    make_cluster(cloud, "shop-other")
    share_by_hand(cloud, arn=ARN.replace(NAME, "shop-other"))
    assert run("cluster", "accept", ARN, "--execute", account=OTHER) == 3
    assert f"got only {ARN.replace(NAME, 'shop-other')}" in reasons(capsys)[0]


def test_somebody_elses_share_is_not_ended_here(cloud: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
    shared_already(cloud)
    assert run("cluster", "unshare", NAME, "--with", OTHER, "--execute") == 3
    assert "must be made by `runbook cluster share` to be ended here" in reasons(capsys)[0]
    assert len(shares(cloud)) == 1


def test_what_was_put_into_our_share_stays_in_it(cloud: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
    make_cluster(cloud)
    tags = [
        {"key": TAG_RUN, "value": "r"}, {"key": TAG_PURPOSE, "value": "cluster share"},
        {"key": TAG_SOURCE, "value": ARN},
    ]  # fmt: skip
    cloud.client("ram").create_resource_share(name="s", resourceArns=[ARN], principals=[OTHER, THIRD], tags=tags)
    assert run("cluster", "unshare", NAME, "--with", OTHER, "--execute") == 0
    assert [step["step"] for step in shown(capsys)["steps"]] == ["take-out-of-share s"]
    accept_by_hand(cloud, THIRD)
    assert visible(cloud, THIRD) == [ARN]


@pytest.mark.parametrize("point", [CrashPoint(1, "after"), CrashPoint(2, "before")], ids=str)
def test_killed_for_real_the_second_run_finishes_and_real_keys_tell_accounts_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, point: CrashPoint, capsys: pytest.CaptureFixture[str]
) -> None:
    server = CloudServer(delays=NONE)
    server.start()
    environment = {**Cloud.environment, "AWS_ENDPOINT_URL": server.endpoint, "RUNBOOK_HOME": str(tmp_path / "home")}
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    reset_backends()
    cloud = Cloud(tmp_path)
    make_cluster(cloud)
    cloud.client("rds").add_tags_to_resource(ResourceName=ARN, Tags=MASKED)
    request = ShareRequest(cluster_id=NAME, account=OTHER, region=REGION, outside=True)
    try:
        runbook = "runbooks.sharing.runbook:share_runbook"
        assert run_until(point, runbook, request.to_plain(), "one", environment) == -signal.SIGKILL
        assert main(["resume", "one", "--output", "json"]) == 0
        assert len(shares(cloud)) == 1
        assert not locks(cloud)
        for name, value in keys_of(OTHER, server.endpoint).items():
            monkeypatch.setenv(name, value)
        assert main(["cluster", "accept", ARN, "--execute", "--output", "json"]) == 0
    finally:
        server.stop()
    assert visible(cloud) == [ARN]
    capsys.readouterr()


def keys_of(account: str, endpoint: str) -> dict[str, str]:
    """What `aws sts assume-role` gives for a role of another account."""
    session: Any = boto3.session.Session()
    sts = session.client(
        "sts", endpoint_url=endpoint, region_name=REGION, aws_access_key_id="test", aws_secret_access_key="test"
    )
    keys = sts.assume_role(RoleArn=f"arn:aws:iam::{account}:role/operator", RoleSessionName="test")["Credentials"]
    return {
        "AWS_ACCESS_KEY_ID": keys["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"],
        "AWS_SESSION_TOKEN": keys["SessionToken"],
    }
