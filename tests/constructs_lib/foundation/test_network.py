from __future__ import annotations

from pathlib import Path

import aws_cdk as cdk
import pytest

from constructs_lib.foundation.network import Network, subnet_cidrs, zone_keys
from estate.network import NetworkSpec
from tests.support.synthesis import Template, new_app, only, resources, synthesize_one


def template(out: Path, spec: NetworkSpec) -> Template:
    return synthesize_one(out, lambda stack: Network(stack, "Network", identifier="shop", spec=spec))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Template:
    return template(tmp_path_factory.mktemp("network"), NetworkSpec(cidr="10.20.0.0/16"))


def test_there_is_no_way_in_or_out(made: Template) -> None:
    types = {r["Type"] for r in made["Resources"].values()}
    assert not types & {"AWS::EC2::InternetGateway", "AWS::EC2::NatGateway", "AWS::EC2::Route", "AWS::Lambda::Function"}
    assert not types & {"AWS::EC2::VPCEndpoint", "AWS::CloudFormation::CustomResource"}
    assert not any(s["Properties"]["MapPublicIpOnLaunch"] for s in resources(made, "AWS::EC2::Subnet").values())


def test_subnets_lie_in_three_zones_that_are_not_looked_up(made: Template) -> None:
    subnets = [r["Properties"] for r in resources(made, "AWS::EC2::Subnet").values()]
    assert [s["AvailabilityZone"] for s in subnets] == [{"Fn::Select": [i, {"Fn::GetAZs": ""}]} for i in range(3)]
    assert [s["CidrBlock"] for s in subnets] == ["10.20.0.0/20", "10.20.16.0/20", "10.20.32.0/20"]


def test_flow_logs_are_encrypted_and_kept_a_year(made: Template) -> None:
    ((name, group),) = resources(made, "AWS::Logs::LogGroup").items()
    assert group["Properties"]["RetentionInDays"] == 365
    assert group["Properties"]["LogGroupName"] == "/aws/vpc/shop/flow-logs"
    assert group["Properties"]["KmsKeyId"]
    log = only(made, "AWS::EC2::FlowLog")
    assert (log["LogGroupName"], log["TrafficType"]) == ({"Ref": name}, "ALL")


def test_delivery_of_flow_logs_may_write_to_this_group_only(made: Template) -> None:
    (group,) = resources(made, "AWS::Logs::LogGroup")
    (statement,) = only(made, "AWS::IAM::ManagedPolicy")["PolicyDocument"]["Statement"]
    assert statement["Resource"] == {"Fn::GetAtt": [group, "Arn"]}
    assert "Policies" not in only(made, "AWS::IAM::Role")


def test_endpoints_are_those_the_file_names(tmp_path: Path) -> None:
    made = template(tmp_path, NetworkSpec(endpoints=("s3", "secretsmanager")))
    endpoints = {
        e["Properties"]["VpcEndpointType"]: e["Properties"] for e in resources(made, "AWS::EC2::VPCEndpoint").values()
    }
    assert endpoints["Gateway"]["ServiceName"] == {"Fn::Sub": "com.amazonaws.${AWS::Region}.s3"}
    assert len(endpoints["Gateway"]["RouteTableIds"]) == 1
    assert endpoints["Interface"]["PrivateDnsEnabled"] is True
    assert len(endpoints["Interface"]["SubnetIds"]) == 3
    (rule,) = only(made, "AWS::EC2::SecurityGroup")["SecurityGroupIngress"]
    assert (rule["CidrIp"], rule["FromPort"], rule["ToPort"]) == ("10.0.0.0/16", 443, 443)


@pytest.mark.parametrize(
    ("spec", "keys", "cidrs"),
    [
        pytest.param(NetworkSpec(zones=2), ["Zone1", "Zone2"], ["10.0.0.0/20", "10.0.16.0/20"], id="by-number"),
        pytest.param(
            NetworkSpec(zones=2, availability_zones=("eu-west-1c", "eu-west-1a")),
            ["ZoneC", "ZoneA"],
            ["10.0.32.0/20", "10.0.0.0/20"],
            id="by-letter-in-any-order",
        ),
        pytest.param(
            NetworkSpec(cidr="10.0.0.0/26", zones=2, availability_zones=("eu-west-1f", "eu-west-1b")),
            ["ZoneF", "ZoneB"],
            ["10.0.0.16/28", "10.0.0.0/28"],
            id="by-rank-in-a-small-range",
        ),
    ],
)
def test_zones_keep_their_subnets(spec: NetworkSpec, keys: list[str], cidrs: list[str]) -> None:
    assert zone_keys(spec) == keys
    assert subnet_cidrs(spec) == cidrs


def test_an_existing_vpc_gets_nothing_new(tmp_path: Path) -> None:
    stack = cdk.Stack(new_app(tmp_path), "Alone")
    spec = NetworkSpec(vpc="vpc-0123456789abcdef0", subnets=("subnet-aaaaaaaa", "subnet-bbbbbbbb"))
    network = Network(stack, "Network", identifier="shop", spec=spec)
    assert network.vpc.vpc_id == "vpc-0123456789abcdef0"
    assert network.vpc.select_subnets(subnet_type=cdk.aws_ec2.SubnetType.PRIVATE_ISOLATED).subnet_ids == list(
        spec.subnets
    )
    assert network.cfn_vpc is None


def test_overrides_reach_the_vpc(tmp_path: Path) -> None:
    made = template(tmp_path, NetworkSpec(overrides={"InstanceTenancy": "dedicated"}))
    assert only(made, "AWS::EC2::VPC")["InstanceTenancy"] == "dedicated"
