"""An estate becomes stacks: their names, places, order, protection, and what they hand each other."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest

from estate import names
from estate.load import load_estate
from estate.model import Estate
from stacks.compose import compose
from tests.support.synthesis import Template, new_app, only, resources, synthesize, template_files

ACCOUNT = "123456789012"
EXISTING = """\
estate: shop
regions: [eu-west-1]
network:
  eu-west-1: {vpc: vpc-0123456789abcdef0, subnets: [subnet-0123456789abcdef0, subnet-0123456789abcdef1]}
aurora:
  main:
    engine: aurora-postgresql
    version: "17.7"
    instances: {a: {class: db.r8g.large, tier: 0}, b: {class: db.r8g.large}}
"""
PINNED = {
    "shop-network": {
        "NetworkNewVpc48F91B54": "AWS::EC2::VPC",
        "NetworkIsolatedZone1D54B95DC": "AWS::EC2::Subnet",
        "NetworkIsolatedZone207F259CA": "AWS::EC2::Subnet",
        "NetworkIsolatedZone34E683278": "AWS::EC2::Subnet",
        "NetworkEncryptionKey90FA39BF": "AWS::KMS::Key",
        "NetworkFlowLogsAA56CF75": "AWS::Logs::LogGroup",
    },
    "shop-aurora-orders": {
        "AuroraEncryptionKey3E769288": "AWS::KMS::Key",
        "AuroraLogPostgresql041A7D8F": "AWS::Logs::LogGroup",
        "AuroraCluster2778A36C": "AWS::RDS::DBCluster",
        "AuroraInstanceA00AFE162": "AWS::RDS::DBInstance",
        "AuroraInstanceB066D9AC8": "AWS::RDS::DBInstance",
        "AuroraInstanceReportingD122189D": "AWS::RDS::DBInstance",
    },
    "shop-aurora-catalog": {
        "AuroraEncryptionKey3E769288": "AWS::KMS::Key",
        "AuroraLogAuditACB7D083": "AWS::Logs::LogGroup",
        "AuroraLogErrorD438A4AA": "AWS::Logs::LogGroup",
        "AuroraLogGeneral1B005648": "AWS::Logs::LogGroup",
        "AuroraLogSlowquery66A93C0C": "AWS::Logs::LogGroup",
        "AuroraCluster2778A36C": "AWS::RDS::DBCluster",
        "AuroraInstanceA00AFE162": "AWS::RDS::DBInstance",
        "AuroraInstanceB066D9AC8": "AWS::RDS::DBInstance",
    },
    "shop-cache-sessions": {
        "CacheEncryptionKeyF97C8F66": "AWS::KMS::Key",
        "CacheLogEngineLog1A41249A": "AWS::Logs::LogGroup",
        "CacheLogSlowLogEE4FF767": "AWS::Logs::LogGroup",
        "CacheReplicationGroupBFE59FF3": "AWS::ElastiCache::ReplicationGroup",
    },
}
"""Whatever holds data or is referred to by what does. If this fails, you are about to replace a database."""
STATEFUL = {kind for pinned in PINNED.values() for kind in pinned.values()}


def load(tmp_path: Path, text: str) -> Estate:
    path = tmp_path / "estate.yaml"
    path.write_text(text, encoding="utf-8")
    return load_estate(path)


def shop_text(change: Callable[[str], str]) -> str:
    return change((Path(__file__).parents[2] / "examples" / "estates" / "shop.yaml").read_text(encoding="utf-8"))


def manifest(out: Path) -> dict[str, Any]:
    artifacts: dict[str, Any] = json.loads((out / "manifest.json").read_text(encoding="utf-8"))["artifacts"]
    return {key: value for key, value in artifacts.items() if value["type"] == "aws:cloudformation:stack"}


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory, shop: Estate) -> Path:
    folder = tmp_path_factory.mktemp("composed")
    synthesize(folder, lambda app: compose(app, shop))
    return folder


@pytest.fixture(scope="module")
def composed(out: Path) -> dict[str, Template]:
    return {path.name.split(".")[0]: json.loads(path.read_text()) for path in template_files(out)}


@pytest.mark.parametrize("stack", PINNED)
def test_logical_ids_of_stateful_resources_are_pinned(composed: dict[str, Template], stack: str) -> None:
    found = {key: r["Type"] for key, r in composed[stack]["Resources"].items() if r["Type"] in STATEFUL}
    assert found == PINNED[stack]


def test_another_order_in_the_file_changes_no_logical_id(tmp_path: Path, shop: Estate) -> None:
    orders = shop.aurora["orders"]
    turned = dict(reversed(orders.instances.items()))
    changed = shop.model_copy(update={"aurora": {"orders": orders.model_copy(update={"instances": turned})}})
    template = synthesize(tmp_path, lambda app: compose(app, changed))["shop-aurora-orders"]
    instances = resources(template, "AWS::RDS::DBInstance")
    assert {r["Properties"]["DBInstanceIdentifier"]: key for key, r in instances.items()} == {
        "shop-orders-a": "AuroraInstanceA00AFE162",
        "shop-orders-b": "AuroraInstanceB066D9AC8",
        "shop-orders-reporting": "AuroraInstanceReportingD122189D",
    }


def test_data_stacks_wait_for_the_network_and_share_nothing_by_export(out: Path, composed: dict[str, Template]) -> None:
    stacks = manifest(out)
    assert "shop-network" not in stacks["shop-network"]["dependencies"]
    for name in set(stacks) - {"shop-network"}:
        assert "shop-network" in stacks[name]["dependencies"]
    for name, template in composed.items():
        text = json.dumps(template)
        assert "Fn::ImportValue" not in text, name
        assert not any("Export" in output for output in template.get("Outputs", {}).values()), name


def test_the_network_is_handed_over_by_parameter_store(composed: dict[str, Template]) -> None:
    published = {r["Properties"]["Name"] for r in resources(composed["shop-network"], "AWS::SSM::Parameter").values()}
    read = {p["Default"]: p["Type"] for p in composed["shop-aurora-orders"]["Parameters"].values()}
    assert (
        published
        == set(read)
        == {
            names.network_parameter("shop", "vpc-id"),
            names.network_parameter("shop", "subnet-ids"),
        }
    )
    assert read[names.network_parameter("shop", "vpc-id")] == "AWS::SSM::Parameter::Value<String>"
    assert read[names.network_parameter("shop", "subnet-ids")] == "AWS::SSM::Parameter::Value<List<String>>"


def test_plain_cloudformation_takes_the_templates(composed: dict[str, Template]) -> None:
    """No assets, no rule about a bootstrap version, nothing but Parameter Store as parameters."""
    for template in composed.values():
        assert "Rules" not in template
        assert "Metadata" not in template
        assert {p["Default"].split("/")[1] for p in template.get("Parameters", {}).values()} <= {"aurora-estate"}


def test_the_only_asset_of_a_stack_is_its_own_template(out: Path) -> None:
    for path in out.glob("*.assets.json"):
        assets = json.loads(path.read_text(encoding="utf-8"))
        assert assets["dockerImages"] == {}
        assert [f["source"]["path"] for f in assets["files"].values()] == [path.name.replace("assets", "template")]


def test_outputs_have_the_names_runbooks_look_for(composed: dict[str, Template]) -> None:
    assert set(composed["shop-network"]["Outputs"]) == {names.OUTPUT_VPC_ID}
    assert set(composed["shop-aurora-orders"]["Outputs"]) == {
        names.OUTPUT_CLUSTER_ID,
        names.OUTPUT_WRITER_ENDPOINT,
        names.OUTPUT_READER_ENDPOINT,
        names.OUTPUT_PORT,
        names.OUTPUT_SECRET_ARN,
        names.OUTPUT_SECURITY_GROUP_ID,
    }
    assert set(composed["shop-cache-sessions"]["Outputs"]) == {
        names.OUTPUT_REPLICATION_GROUP_ID,
        names.OUTPUT_CONFIGURATION_ENDPOINT,
        names.OUTPUT_PORT,
        names.OUTPUT_SECURITY_GROUP_ID,
    }


def test_tags_say_which_estate_and_resource(composed: dict[str, Template]) -> None:
    tags = {tag["Key"]: tag["Value"] for tag in only(composed["shop-aurora-orders"], "AWS::RDS::DBCluster")["Tags"]}
    assert tags == {names.TAG_ESTATE: "shop", names.TAG_RESOURCE: "orders", "product": "shop"}


def test_stacks_are_protected(out: Path) -> None:
    assert all(stack["properties"]["terminationProtection"] for stack in manifest(out).values())


def test_protection_off_comes_before_a_destroy(tmp_path: Path) -> None:
    """Neither stack nor cluster resists then, and a snapshot is still taken."""
    estate = load(tmp_path, shop_text(lambda text: text.replace("regions:", "protection: off\nregions:")))
    made = synthesize(tmp_path / "out", lambda app: compose(app, estate))
    assert not any(s["properties"].get("terminationProtection") for s in manifest(tmp_path / "out").values())
    (cluster,) = resources(made["shop-aurora-orders"], "AWS::RDS::DBCluster").values()
    assert cluster["Properties"]["DeletionProtection"] is False
    assert (cluster["DeletionPolicy"], cluster["UpdateReplacePolicy"]) == ("Snapshot", "Snapshot")
    (cache,) = resources(made["shop-cache-sessions"], "AWS::ElastiCache::ReplicationGroup").values()
    assert cache["DeletionPolicy"] == "Snapshot"


def test_a_dev_estate_has_one_key_and_leaves_only_snapshots(tmp_path: Path) -> None:
    text = """\
estate: shop
profile: dev
regions: [eu-west-1]
aurora:
  main: {engine: aurora-postgresql, version: "17.7", instances: {a: {class: serverless}}}
caches:
  sessions: {engine: valkey, version: "8.2", class: cache.t4g.small, shards: 1, replicas: 0}
"""
    estate = load(tmp_path, text)
    made = synthesize(tmp_path / "out", lambda app: compose(app, estate))
    assert not any(s["properties"].get("terminationProtection") for s in manifest(tmp_path / "out").values())
    assert not resources(made["shop-aurora-main"], "AWS::KMS::Key")
    assert not resources(made["shop-cache-sessions"], "AWS::KMS::Key")
    (cluster,) = resources(made["shop-aurora-main"], "AWS::RDS::DBCluster").values()
    assert cluster["Properties"]["KmsKeyId"] == {"Ref": "NetworkKeyArn"}
    assert cluster["DeletionPolicy"] == "Snapshot"
    kept = [
        key
        for template in made.values()
        for key, resource in template["Resources"].items()
        if resource.get("DeletionPolicy") == "Retain"
    ]
    assert kept == []


@pytest.mark.parametrize(
    ("profile", "setting", "keys"),
    [
        pytest.param("dev", "", {"network": 1, "data": 0}, id="dev"),
        pytest.param("dev", "shared_key: off", {"network": 1, "data": 1}, id="dev-apart"),
        pytest.param("production", "", {"network": 1, "data": 1}, id="production"),
        pytest.param("production", "shared_key: on", {"network": 1, "data": 0}, id="production-shared"),
    ],
)
def test_the_file_decides_how_many_keys_there_are(
    tmp_path: Path, profile: str, setting: str, keys: dict[str, int]
) -> None:
    """A shared key is the only one: flow logs have it too, and all who use it may; production keeps it."""
    text = EXISTING.split("network:", maxsplit=1)[0] + f"profile: {profile}\n{setting}\n"
    text += "aurora:" + EXISTING.split("aurora:")[1]
    made = synthesize(tmp_path / "out", lambda app: compose(app, load(tmp_path, text)))
    network, data = made["shop-network"], made["shop-aurora-main"]
    assert {"network": len(resources(network, "AWS::KMS::Key")), "data": len(resources(data, "AWS::KMS::Key"))} == keys
    (key,) = resources(network, "AWS::KMS::Key").values()
    assert key["DeletionPolicy"] == ("Retain" if profile == "production" else "Delete")
    policy = json.dumps(key["Properties"]["KeyPolicy"])
    assert "/aws/vpc/shop/flow-logs" in policy
    assert ("/aws/rds/cluster/shop-main/postgresql" in policy) == (keys["data"] == 0)


def test_an_existing_vpc_is_used_as_it_is(tmp_path: Path) -> None:
    made = synthesize(tmp_path / "out", lambda app: compose(app, load(tmp_path, EXISTING)))
    assert {r["Type"] for r in made["shop-network"]["Resources"].values()} == {"AWS::SSM::Parameter"}
    values = {r["Properties"]["Value"] for r in made["shop-network"]["Resources"].values()}
    assert values == {"vpc-0123456789abcdef0", "subnet-0123456789abcdef0,subnet-0123456789abcdef1"}


@pytest.mark.parametrize(("account", "place"), [(None, "unknown-account"), (ACCOUNT, ACCOUNT)])
def test_an_account_in_the_file_pins_the_stacks_to_it(
    tmp_path: Path, shop: Estate, account: str | None, place: str
) -> None:
    """And looks nothing up: the assembly has no missing context."""
    pinned = shop.model_copy(update={"account": account})
    synthesize(tmp_path, lambda app: compose(app, pinned))
    assert {s["environment"] for s in manifest(tmp_path).values()} == {f"aws://{place}/eu-west-1"}
    assert "missing" not in json.loads((tmp_path / "manifest.json").read_text(encoding="utf-8"))


def test_every_region_has_a_network_and_clusters_go_to_theirs(tmp_path: Path) -> None:
    text = EXISTING.split("network:", maxsplit=1)[0].replace("[eu-west-1]", "[eu-west-1, eu-central-1]")
    text += "aurora:" + EXISTING.split("aurora:")[1] + "    region: eu-central-1\n"
    app = new_app(tmp_path / "out")
    made = compose(app, load(tmp_path, text))
    app.synth()
    assert [(s.stack_name, s.region) for s in made] == [
        ("shop-network", "eu-west-1"),
        ("shop-network", "eu-central-1"),
        ("shop-aurora-main", "eu-central-1"),
    ]
    assert manifest(tmp_path / "out")["shop-aurora-main"]["dependencies"][0] == "shop-network-eu-central-1"


def test_compose_works_in_a_stage(tmp_path: Path, shop: Estate, composed: dict[str, Template]) -> None:
    """The same templates under the same stack names, so that a pipeline adopts what an app deployed."""
    app = new_app(tmp_path)
    stage = cdk.Stage(app, "Live")
    made = compose(stage, shop)
    app.synth()
    assert {stack.stack_name for stack in made} == set(composed)
    in_stage = {path.name: json.loads(path.read_text()) for path in template_files(tmp_path)}
    assert sorted(map(json.dumps, in_stage.values())) == sorted(map(json.dumps, composed.values()))
