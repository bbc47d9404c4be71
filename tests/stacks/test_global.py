"""Estates of several Regions: what each stack holds, in which order they go, and what a switchover leaves as it was."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from estate import names
from estate.load import load_estate, load_text
from estate.model import Estate
from lab.cloud.client import client
from stacks.compose import compose
from tests.estate.rows_replication import EAST, GLOBAL, LARGE, MYSQL_WORLD, REPLICA, WORLD, O
from tests.lab.cloud.conftest import Aws
from tests.support.assembly import AssembledStack, delete, deploy, read_assembly
from tests.support.estate_files import changed
from tests.support.synthesis import ROOT, Template, only, resources, synthesize

WORLD_OF_ATLAS = ROOT / "examples" / "estates" / "global.yaml"
REPLICATED = ROOT / "examples" / "estates" / "cross-region-replica.yaml"
MEMBERS = ("atlas-aurora-orders", "atlas-aurora-orders-us-east-1", "atlas-aurora-orders-ap-south-1")
DATABASE = "atlas-aurora-orders-global"
OF_EVERY_MEMBER = {
    "AuroraEncryptionKey3E769288": "AWS::KMS::Key",
    "AuroraLogPostgresql041A7D8F": "AWS::Logs::LogGroup",
    "AuroraCluster2778A36C": "AWS::RDS::DBCluster",
}
INSTANCES = {"AuroraInstanceA00AFE162": "AWS::RDS::DBInstance", "AuroraInstanceB066D9AC8": "AWS::RDS::DBInstance"}
PINNED = {
    DATABASE: {"GlobalClusterF469BFCB": "AWS::RDS::GlobalCluster"},
    MEMBERS[0]: OF_EVERY_MEMBER | INSTANCES,
    MEMBERS[1]: OF_EVERY_MEMBER | INSTANCES,
    MEMBERS[2]: OF_EVERY_MEMBER,
}
"""Whatever holds data or is referred to by what does. If this fails, you are about to replace a database."""
STATEFUL = {kind for pinned in PINNED.values() for kind in pinned.values()}
MASTER = ("MasterUsername", "MasterUserPassword", "MasterUserSecret", "ManageMasterUserPassword")


@pytest.fixture(scope="module")
def atlas() -> Estate:
    return load_estate(WORLD_OF_ATLAS)


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory, atlas: Estate) -> Path:
    folder = tmp_path_factory.mktemp("atlas")
    synthesize(folder, lambda app: compose(app, atlas))
    return folder


@pytest.fixture(scope="module")
def composed(out: Path) -> dict[str, AssembledStack]:
    return {stack.name: stack for stack in read_assembly(out) if stack.name != "atlas-network"}


def templates_of(tmp_path: Path, changes: Mapping[str, Any]) -> dict[str, Template]:
    estate = load_text(changed(dict(changes))).estate
    return synthesize(tmp_path, lambda app: compose(app, estate))


def cluster_in(template: Template) -> dict[str, Any]:
    return only(template, "AWS::RDS::DBCluster")


def test_there_is_a_stack_for_each_region_and_one_for_what_they_join(composed: dict[str, AssembledStack]) -> None:
    assert {name: stack.region for name, stack in composed.items()} == {
        DATABASE: "eu-west-1",
        MEMBERS[0]: "eu-west-1",
        MEMBERS[1]: "us-east-1",
        MEMBERS[2]: "ap-south-1",
    }


def test_members_are_deployed_one_after_another_and_after_their_network(out: Path) -> None:
    """And so deleted the other way round: the secondaries, the primary, what they joined."""
    manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))["artifacts"]
    order = (DATABASE, *MEMBERS)
    waits = {name: set(manifest[name]["dependencies"]) - {f"{name}.assets"} for name in order}
    assert waits == {
        DATABASE: set(),
        MEMBERS[0]: {"atlas-network", DATABASE},
        MEMBERS[1]: {"atlas-network-us-east-1", MEMBERS[0]},
        MEMBERS[2]: {"atlas-network-ap-south-1", MEMBERS[1]},
    }


@pytest.mark.parametrize("stack", PINNED)
def test_logical_ids_of_stateful_resources_are_pinned(composed: dict[str, AssembledStack], stack: str) -> None:
    made = composed[stack].template["Resources"]
    assert {key: r["Type"] for key, r in made.items() if r["Type"] in STATEFUL} == PINNED[stack]


def test_what_they_join_has_no_source_and_is_protected(composed: dict[str, AssembledStack]) -> None:
    made = only(composed[DATABASE].template, "AWS::RDS::GlobalCluster")
    assert {key: value for key, value in made.items() if key != "Tags"} == {
        "DeletionProtection": True,
        "Engine": "aurora-postgresql",
        "EngineLifecycleSupport": "open-source-rds-extended-support-disabled",
        "EngineVersion": "17.7",
        "GlobalClusterIdentifier": "atlas-orders-global",
        "StorageEncrypted": True,
    }


def test_members_share_names_and_nothing_else(composed: dict[str, AssembledStack]) -> None:
    """No export, no value of another stack but its own Region's network, read from Parameter Store."""
    for member in MEMBERS:
        template = composed[member].template
        assert cluster_in(template)["GlobalClusterIdentifier"] == "atlas-orders-global"
        assert "Fn::ImportValue" not in json.dumps(template)
        assert {parameter["Default"] for parameter in template["Parameters"].values()} == {
            names.network_parameter("atlas", "vpc-id"),
            names.network_parameter("atlas", "subnet-ids"),
        }


def test_only_the_primary_has_a_master_user_and_a_database(composed: dict[str, AssembledStack]) -> None:
    primary, *secondaries = (cluster_in(composed[member].template) for member in MEMBERS)
    assert (primary["MasterUsername"], primary["MasterUserAuthenticationType"]) == ("dbadmin", "iam-db-auth")
    assert primary["DatabaseName"] == "orders"
    for secondary in secondaries:
        assert not {*MASTER, "MasterUserAuthenticationType", "DatabaseName"} & set(secondary)


def test_each_region_encrypts_with_its_own_key(composed: dict[str, AssembledStack]) -> None:
    for member in MEMBERS:
        cluster = cluster_in(composed[member].template)
        assert cluster["StorageEncrypted"] is True
        assert cluster["KmsKeyId"] == {"Fn::GetAtt": ["AuroraEncryptionKey3E769288", "Arn"]}


def test_a_headless_secondary_is_a_cluster_and_nothing_that_runs(composed: dict[str, AssembledStack]) -> None:
    template = composed[MEMBERS[2]].template
    assert resources(template, "AWS::RDS::DBCluster")
    assert not resources(template, "AWS::RDS::DBInstance")
    assert not resources(template, "AWS::IAM::Role")


def test_no_member_says_its_writer_endpoint(composed: dict[str, AssembledStack]) -> None:
    """DescribeDBClusters shows none of a secondary, and CloudFormation fails a stack that asks for it.

    The primary of the day of the first deploy may be a secondary at the next.
    """
    for member in MEMBERS:
        template = composed[member].template
        assert names.OUTPUT_WRITER_ENDPOINT not in template["Outputs"]
        assert names.OUTPUT_READER_ENDPOINT in template["Outputs"]
        assert "Endpoint.Address" not in json.dumps(template).replace("ReadEndpoint.Address", "")


def test_the_global_writer_endpoint_is_an_output_on_request(
    tmp_path: Path, composed: dict[str, AssembledStack]
) -> None:
    outputs = composed[DATABASE].template["Outputs"]
    attribute = {"Fn::GetAtt": ["GlobalClusterF469BFCB", "GlobalEndpoint.Address"]}
    assert outputs[names.OUTPUT_GLOBAL_WRITER_ENDPOINT]["Value"] == attribute
    assert outputs[names.OUTPUT_GLOBAL_CLUSTER_ID]["Value"] == {"Ref": "GlobalClusterF469BFCB"}
    made = templates_of(tmp_path, WORLD)
    assert set(made["shop-aurora-orders-global"]["Outputs"]) == {names.OUTPUT_GLOBAL_CLUSTER_ID}


def test_write_forwarding_is_said_of_every_member(tmp_path: Path, composed: dict[str, AssembledStack]) -> None:
    """Off as well as on: a property that goes would leave it as it was."""
    said = [cluster_in(composed[member].template)["EnableGlobalWriteForwarding"] for member in MEMBERS]
    assert said == [True, True, False]
    old = templates_of(tmp_path, WORLD | {f"{O}.version": "14.8", "acknowledge": ["aurora/version-gone"]})
    assert "EnableGlobalWriteForwarding" not in cluster_in(old["shop-aurora-orders"])


def test_the_rpo_is_a_parameter_where_it_may_be(tmp_path: Path, composed: dict[str, AssembledStack]) -> None:
    def rpo(template: Template) -> str | None:
        parameters: dict[str, str] = only(template, "AWS::RDS::DBClusterParameterGroup")["Parameters"]
        return parameters.get("rds.global_db_rpo")

    assert [rpo(composed[member].template) for member in MEMBERS] == ["60", "60", "60"]
    two = templates_of(tmp_path, WORLD | {f"{GLOBAL}.rpo_s": 30})
    assert (rpo(two["shop-aurora-orders"]), rpo(two["shop-aurora-orders-us-east-1"])) == ("30", None)


def test_of_mysql_only_the_primary_has_the_secret(tmp_path: Path) -> None:
    made = templates_of(tmp_path, MYSQL_WORLD)
    primary, secondary = made["shop-aurora-orders"], made["shop-aurora-orders-us-east-1"]
    assert cluster_in(primary)["MasterUserPassword"].startswith("{{resolve:secretsmanager:")
    assert names.OUTPUT_SECRET_ARN in primary["Outputs"]
    assert not resources(secondary, "AWS::SecretsManager::Secret")
    assert names.OUTPUT_SECRET_ARN not in secondary["Outputs"]
    assert not set(MASTER) & set(cluster_in(secondary))
    assert not any("BacktrackWindow" in cluster_in(each) for each in (primary, secondary))


def test_a_secondary_lets_in_whom_its_own_region_says(tmp_path: Path) -> None:
    web = {"web": {"security_group": "sg-0123456789abcdef0"}}
    made = templates_of(tmp_path, WORLD | {f"{EAST}.allow_from": web})
    ports = [
        rule["Properties"]["FromPort"]
        for rule in resources(made["shop-aurora-orders-us-east-1"], "AWS::EC2::SecurityGroupIngress").values()
    ]
    assert ports == [5433]
    assert not resources(made["shop-aurora-orders"], "AWS::EC2::SecurityGroupIngress")


def test_one_secondary_may_be_opened_for_its_removal(tmp_path: Path) -> None:
    made = templates_of(tmp_path, WORLD | {f"{EAST}.protection": False})
    assert cluster_in(made["shop-aurora-orders-us-east-1"])["DeletionProtection"] is False
    assert cluster_in(made["shop-aurora-orders"])["DeletionProtection"] is True
    manifest = json.loads((tmp_path / "manifest.json").read_text(encoding="utf-8"))["artifacts"]
    protected = {name for name, each in manifest.items() if each.get("properties", {}).get("terminationProtection")}
    assert "shop-aurora-orders-us-east-1" not in protected
    assert {"shop-aurora-orders", "shop-aurora-orders-global"} <= protected


def test_a_secondary_has_what_serves_it_and_not_what_only_a_primary_can_have(tmp_path: Path) -> None:
    changes = {
        f"{O}.watch": {"notify": ["dba@example.com"]},
        f"{O}.autoscaling": {"cpu_percent": 60},
        f"{O}.integrations": {"lambdas": ["enrich"]},
        f"{O}.backup": {"plan": {"copy_to_region": "us-east-1"}},
        f"{O}.proxy": {"users": ["app"]},
        f"{O}.endpoints": {"all": {"type": "any", "excluded": ["b"]}},
        f"{O}.master_authentication": "own-secret",
        "acknowledge": ["aurora/scaling-global"],
    }
    made = templates_of(tmp_path, WORLD | changes)
    types = {name: {each["Type"] for each in template["Resources"].values()} for name, template in made.items()}
    assert types["shop-aurora-orders"] - types["shop-aurora-orders-us-east-1"] == {
        "AWS::ApplicationAutoScaling::ScalableTarget",
        "AWS::ApplicationAutoScaling::ScalingPolicy",
        "AWS::Backup::BackupPlan",
        "AWS::Backup::BackupSelection",
        "AWS::Backup::BackupVault",
        "AWS::EC2::SecurityGroupIngress",
        "AWS::RDS::DBClusterEndpoint",
        "AWS::RDS::DBProxy",
        "AWS::RDS::DBProxyEndpoint",
        "AWS::RDS::DBProxyTargetGroup",
        "AWS::SecretsManager::RotationSchedule",
        "AWS::SecretsManager::Secret",
        "AWS::SecretsManager::SecretTargetAttachment",
    }
    services = resources(made["shop-network-us-east-1"], "AWS::EC2::VPCEndpoint").values()
    assert "lambda" in json.dumps([each["Properties"]["ServiceName"] for each in services])
    assert "AWS::CloudWatch::Alarm" in types["shop-aurora-orders-us-east-1"]


def test_one_key_for_the_estate_is_one_for_each_region(tmp_path: Path) -> None:
    made = templates_of(tmp_path, WORLD | {"shared_key": True})
    secondary = made["shop-aurora-orders-us-east-1"]
    assert not resources(secondary, "AWS::KMS::Key")
    assert cluster_in(secondary)["KmsKeyId"] == {"Ref": "NetworkKeyArn"}
    policy = json.dumps(only(made["shop-network-us-east-1"], "AWS::KMS::Key")["KeyPolicy"])
    assert "/aws/rds/cluster/shop-orders-us-east-1/postgresql" in policy
    assert "/aws/rds/cluster/shop-orders/postgresql" not in policy


# --- in the embedded AWS


@pytest.fixture
def deployed(out: Path) -> Iterator[list[AssembledStack]]:
    Aws()
    stacks = read_assembly(out)
    for stack in stacks:
        assert deploy(stack) == "CREATE_COMPLETE"
    yield stacks
    Aws()


def world_of() -> dict[str, Any]:
    (found,) = client("rds", "eu-west-1").describe_global_clusters()["GlobalClusters"]
    world: dict[str, Any] = found
    return world


def writer_region() -> str:
    (writer,) = [member["DBClusterArn"] for member in world_of()["GlobalClusterMembers"] if member["IsWriter"]]
    return str(writer.split(":")[3])


def identities() -> dict[str, str]:
    """Resource id of each cluster, by Region: another one is another database."""
    return {
        region: cluster["DbClusterResourceId"]
        for region in ("eu-west-1", "us-east-1", "ap-south-1")
        for cluster in client("rds", region).describe_db_clusters()["DBClusters"]
    }


def switch_to(region: str, database: str = "atlas-orders-global") -> None:
    members = [member["DBClusterArn"] for member in world_of()["GlobalClusterMembers"]]
    (target,) = [arn for arn in members if f":{region}:" in arn]
    client("rds", writer_region()).switchover_global_cluster(
        GlobalClusterIdentifier=database, TargetDbClusterIdentifier=target
    )


def changed_world(atlas: Estate, tmp_path: Path, **changes: Any) -> list[AssembledStack]:
    """The stacks of the same estate with other backups, and a reader more in the secondary Region."""
    orders = atlas.aurora["orders"]
    assert orders.global_database is not None
    east = orders.global_database.secondaries["us-east-1"]
    more = east.model_copy(update={"instances": {**east.instances, "c": east.instances["a"]}})
    secondaries = {**orders.global_database.secondaries, "us-east-1": more}
    update = {
        "backup": orders.backup.model_copy(update={"retention_days": 21}),
        "global_database": orders.global_database.model_copy(update={"secondaries": secondaries}),
        **changes,
    }
    of_estate = {name: value for name, value in changes.items() if name in Estate.model_fields}
    estate = atlas.model_copy(update={"aurora": {"orders": orders.model_copy(update=update)}, **of_estate})
    synthesize(tmp_path, lambda app: compose(app, estate))
    return read_assembly(tmp_path)


def test_the_writer_starts_where_the_file_says(deployed: list[AssembledStack]) -> None:
    assert writer_region() == "eu-west-1"
    assert {member["DBClusterArn"].split(":")[3] for member in world_of()["GlobalClusterMembers"]} == {
        "eu-west-1",
        "us-east-1",
        "ap-south-1",
    }
    by_name = {stack.name: stack for stack in deployed}
    described = by_name[DATABASE].cloudformation.describe_stacks(StackName=DATABASE)["Stacks"][0]["Outputs"]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in described}
    assert outputs[names.OUTPUT_GLOBAL_WRITER_ENDPOINT] == world_of()["Endpoint"]
    assert outputs[names.OUTPUT_GLOBAL_WRITER_ENDPOINT].startswith("atlas-orders-global.")


def test_a_deploy_after_a_switchover_moves_detaches_and_replaces_nothing(
    deployed: list[AssembledStack], atlas: Estate, tmp_path: Path
) -> None:
    """The file still calls eu-west-1 the primary; every stack changes, each in place, and the writer stays."""
    before = identities()
    switch_to("us-east-1")
    assert writer_region() == "us-east-1"
    changed_stacks = changed_world(atlas, tmp_path, tags={"product": "atlas", "changed": "yes"})
    assert [stack.name for stack in changed_stacks] == [stack.name for stack in deployed]
    for stack in changed_stacks:
        assert deploy(stack) == "UPDATE_COMPLETE"
    assert writer_region() == "us-east-1"
    assert identities() == before
    members = {member["DBClusterArn"].split(":")[3] for member in world_of()["GlobalClusterMembers"]}
    assert members == {"eu-west-1", "us-east-1", "ap-south-1"}
    for region in before:
        (cluster,) = client("rds", region).describe_db_clusters()["DBClusters"]
        assert cluster["BackupRetentionPeriod"] == 21
    replaced = [
        event
        for stack in changed_stacks
        for event in stack.cloudformation.describe_stack_events(StackName=stack.name)["StackEvents"]
        if event["ResourceStatus"].startswith("DELETE") or "replace" in event.get("ResourceStatusReason", "").lower()
    ]
    assert replaced == []
    east = client("rds", "us-east-1").describe_db_clusters()["DBClusters"][0]["DBClusterMembers"]
    assert {member["DBInstanceIdentifier"][-1] for member in east} == {"a", "b", "c"}


def test_a_secondary_shows_no_writer_endpoint(deployed: list[AssembledStack]) -> None:
    """Source: hashicorp/terraform-provider-aws#14219; so a member's stack must not ask for one."""
    switch_to("us-east-1")
    shown = {
        region: "Endpoint" in client("rds", region).describe_db_clusters()["DBClusters"][0] for region in identities()
    }
    assert shown == {"eu-west-1": False, "us-east-1": True, "ap-south-1": False}
    assert deployed


def test_an_own_secret_stays_as_it_was_after_a_switchover(tmp_path: Path) -> None:
    """That of MySQL lies in the Region of birth; a deploy there neither makes a new password nor sets one."""
    Aws()
    mysql = load_text(changed(MYSQL_WORLD)).estate
    synthesize(tmp_path / "first", lambda app: compose(app, mysql))
    for stack in read_assembly(tmp_path / "first"):
        assert deploy(stack) == "CREATE_COMPLETE"
    secrets = client("secretsmanager", "eu-west-1")
    name = names.master_secret("shop-orders")
    before = secrets.get_secret_value(SecretId=name)["SecretString"]
    switch_to("us-east-1", "shop-orders-global")
    orders = mysql.aurora["orders"]
    update = {"backup": orders.backup.model_copy(update={"retention_days": 21})}
    later = mysql.model_copy(update={"aurora": {"orders": orders.model_copy(update=update)}})
    synthesize(tmp_path / "second", lambda app: compose(app, later))
    for stack in read_assembly(tmp_path / "second"):
        if stack.name in {"shop-aurora-orders", "shop-aurora-orders-us-east-1"}:
            assert deploy(stack) == "UPDATE_COMPLETE"
    assert writer_region() == "us-east-1"
    assert secrets.get_secret_value(SecretId=name)["SecretString"] == before


def test_it_is_destroyed_once_the_primary_is_back_where_it_was_born(
    deployed: list[AssembledStack], atlas: Estate, tmp_path: Path
) -> None:
    """AWS lets a primary leave last: whose primary lies elsewhere is switched back before its stacks are deleted."""
    switch_to("us-east-1")
    unprotected = [stack for stack in changed_world(atlas, tmp_path, protection=False) if stack.name in PINNED]
    for stack in unprotected:
        assert deploy(stack) == "UPDATE_COMPLETE"
    backwards = unprotected[::-1]
    assert [stack.name for stack in backwards] == [*reversed(MEMBERS), DATABASE]
    assert delete(backwards[0]) == "DELETE_COMPLETE"
    assert "InvalidGlobalClusterStateFault" in delete(backwards[1])
    switch_to("eu-west-1")
    for stack in backwards[1:]:
        assert delete(stack) == "DELETE_COMPLETE"
    assert client("rds", "eu-west-1").describe_global_clusters()["GlobalClusters"] == []
    assert deployed


def test_a_minor_version_is_deployed_secondaries_first(
    deployed: list[AssembledStack], atlas: Estate, tmp_path: Path
) -> None:
    """The order of `docs/options/global-database.md`, against the order of a first deploy, which AWS refuses."""
    newer = {stack.name: stack for stack in changed_world(atlas, tmp_path, version="17.9")}
    assert "Upgrade the secondary clusters before the primary" in deploy(newer[MEMBERS[0]])
    before = identities()
    for name in (*MEMBERS[1:], MEMBERS[0], DATABASE):
        assert deploy(newer[name]) == "UPDATE_COMPLETE"
    assert world_of()["EngineVersion"] == "17.9"
    assert (identities(), writer_region()) == (before, "eu-west-1")
    assert deployed


# --- the replica by binlog


@pytest.fixture(scope="module")
def press(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("press")
    synthesize(folder, lambda app: compose(app, load_estate(REPLICATED)))
    return folder


def test_a_replica_names_its_source_by_its_literal_arn_and_waits_for_it(press: Path) -> None:
    stacks = {stack.name: stack for stack in read_assembly(press)}
    replica = cluster_in(stacks["press-aurora-articles-us"].template)
    arn = "arn:${AWS::Partition}:rds:eu-west-1:${AWS::AccountId}:cluster:press-articles"
    assert replica["ReplicationSourceIdentifier"] == {"Fn::Sub": arn}
    assert (replica["SourceRegion"], replica["StorageEncrypted"]) == ("eu-west-1", True)
    assert replica["KmsKeyId"] == {"Fn::GetAtt": ["AuroraEncryptionKey3E769288", "Arn"]}
    assert not {*MASTER, "DatabaseName", "BacktrackWindow"} & set(replica)
    assert list(stacks).index("press-aurora-articles") < list(stacks).index("press-aurora-articles-us")
    assert names.OUTPUT_SECRET_ARN not in stacks["press-aurora-articles-us"].template["Outputs"]


def test_two_replicas_in_a_file_follow_their_sources(tmp_path: Path) -> None:
    second = REPLICA["aurora.copy"] | {"region": "ap-south-1", "instances": {"a": dict(LARGE), "b": dict(LARGE)}}
    made = templates_of(tmp_path, REPLICA | {"aurora.a": second})
    for stack in ("shop-aurora-a", "shop-aurora-copy"):
        assert cluster_in(made[stack])["ReplicationSourceIdentifier"]["Fn::Sub"].endswith(":cluster:shop-orders")


def test_a_promoted_replica_stays_promoted_whatever_is_deployed(press: Path, tmp_path: Path) -> None:
    """CloudFormation sends what changed, and `replica_of` did not."""
    Aws()
    for stack in read_assembly(press):
        assert deploy(stack) == "CREATE_COMPLETE"
    rds = client("rds", "us-east-1")
    (born,) = rds.describe_db_clusters()["DBClusters"]
    assert born["ReplicationSourceIdentifier"].endswith(":eu-west-1:123456789012:cluster:press-articles")
    rds.promote_read_replica_db_cluster(DBClusterIdentifier="press-articles-us")
    estate = load_estate(REPLICATED)
    replica = estate.aurora["articles-us"]
    update = {"backup": replica.backup.model_copy(update={"retention_days": 21})}
    clusters = {**estate.aurora, "articles-us": replica.model_copy(update=update)}
    later = estate.model_copy(update={"aurora": clusters})
    synthesize(tmp_path, lambda app: compose(app, later))
    (stack,) = [stack for stack in read_assembly(tmp_path) if stack.name == "press-aurora-articles-us"]
    assert deploy(stack) == "UPDATE_COMPLETE"
    (grown,) = rds.describe_db_clusters()["DBClusters"]
    assert (grown.get("ReplicationSourceIdentifier") or "", grown["BackupRetentionPeriod"]) == ("", 21)
    assert grown["DbClusterResourceId"] == born["DbClusterResourceId"]
