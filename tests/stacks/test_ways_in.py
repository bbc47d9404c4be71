"""What clusters need of their network and of a shared key to be reached, and to reach Secrets Manager."""

from __future__ import annotations

from pathlib import Path

import pytest

from estate.load import load_text
from stacks.compose import compose
from tests.support.synthesis import Template, only, resources, synthesize

NEW = """\
estate: bank
defaults: "2026-11"
regions: [eu-west-1]
shared_key: on
aurora:
  catalog:
    engine: aurora-mysql
    version: 8.0.mysql_aurora.3.10.0
    master_authentication: own-secret
    instances: {a: {class: db.r8g.large}, b: {class: db.r8g.large}}
    proxy: {users: [web]}
"""
PLACE = "{vpc: vpc-0123456789abcdef0, subnets: [subnet-0123456789abcdef0, subnet-0123456789abcdef1], "
EXISTING = f"{NEW}network: {{eu-west-1: {PLACE}endpoint_security_group: sg-0123456789abcdef9}}}}\n"
PARAMETER = "/aurora-estate/bank/network/endpoint-security-group-id"


def templates(out: Path, text: str) -> dict[str, Template]:
    return synthesize(out, lambda app: compose(app, load_text(text).estate))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Template]:
    return templates(tmp_path_factory.mktemp("new"), NEW)


def published(template: Template) -> object:
    (value,) = (
        each["Properties"]["Value"]
        for each in resources(template, "AWS::SSM::Parameter").values()
        if each["Properties"]["Name"] == PARAMETER
    )
    return value


def test_a_new_network_gets_the_endpoint_of_an_own_secrets_rotation(made: dict[str, Template]) -> None:
    endpoint = only(made["bank-network"], "AWS::EC2::VPCEndpoint")
    assert endpoint["ServiceName"] == {"Fn::Sub": "com.amazonaws.${AWS::Region}.secretsmanager"}
    assert [published(made["bank-network"])] == endpoint["SecurityGroupIds"]


def test_the_cluster_takes_the_endpoints_group_from_parameter_store(made: dict[str, Template]) -> None:
    catalog = made["bank-aurora-catalog"]
    assert catalog["Parameters"]["NetworkEndpointSecurityGroupId"]["Default"] == PARAMETER
    groups = resources(catalog, "AWS::EC2::SecurityGroup")
    (rotation,) = (
        g["Properties"] for g in groups.values() if "password rotation" in g["Properties"]["GroupDescription"]
    )
    targets = [rule["DestinationSecurityGroupId"] for rule in rotation["SecurityGroupEgress"]]
    assert {"Ref": "NetworkEndpointSecurityGroupId"} in targets


def test_of_an_existing_vpc_the_file_says_which_group_that_is(tmp_path: Path) -> None:
    network = templates(tmp_path, EXISTING)["bank-network"]
    assert resources(network, "AWS::EC2::VPCEndpoint") == {}
    assert published(network) == "sg-0123456789abcdef9"


def test_the_shared_key_knows_the_log_group_of_the_proxy(made: dict[str, Template]) -> None:
    policies = [key["Properties"]["KeyPolicy"] for key in resources(made["bank-network"], "AWS::KMS::Key").values()]
    (logs,) = (s for policy in policies for s in policy["Statement"] if s["Sid"] == "LogsOfTheseGroups")
    assert "/aws/rds/proxy/bank-catalog" in str(logs["Condition"])


def test_a_network_whose_clusters_call_nothing_publishes_no_group(tmp_path: Path) -> None:
    text = NEW.replace("    master_authentication: own-secret\n", "")
    network = templates(tmp_path, text)["bank-network"]
    names = {each["Properties"]["Name"] for each in resources(network, "AWS::SSM::Parameter").values()}
    assert PARAMETER not in names
    assert resources(network, "AWS::EC2::VPCEndpoint") == {}
