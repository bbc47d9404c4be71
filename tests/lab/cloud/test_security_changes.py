"""How credentials, proxy and Data API change from one deploy to the next, and what a transform asks for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from tests.lab.cloud.conftest import Aws
from tests.lab.cloud.test_security import ESTATE, Templates, code, outputs, synthesized

ORDERS = ESTATE.partition("  catalog:")[0]


@pytest.fixture(scope="module")
def templates(tmp_path_factory: pytest.TempPathFactory) -> Templates:
    return synthesized(tmp_path_factory.mktemp("bank"), ESTATE)


@pytest.mark.parametrize(
    "modes",
    [
        ("managed-secret", "own-secret"),
        ("own-secret", "managed-secret"),
        ("own-secret", "iam"),
        ("iam", "managed-secret"),
        ("managed-secret", "iam"),
    ],
    ids="-to-".join,
)
def test_how_the_master_user_logs_in_can_be_changed(aws: Aws, tmp_path: Path, modes: tuple[str, str]) -> None:
    seen: list[tuple[str, bool]] = []
    for mode in modes:
        cluster = {"engine": "aurora-postgresql", "version": "17.7", "master_authentication": mode}
        text = json.dumps(
            {
                "estate": "bank",
                "defaults": "2026-11",
                "regions": ["eu-west-1"],
                "network": {"eu-west-1": {"endpoints": ["secretsmanager"]}},
                "aurora": {"orders": {**cluster, "instances": {"a": {}, "b": {}}}},
            }
        )
        for name, template in synthesized(tmp_path / mode, text).items():
            if name.endswith("-network") and seen:
                continue
            stack = aws.deploy(name, template)
            assert stack["StackStatus"] in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}, aws.reasons(name)
        (shown,) = aws("rds").describe_db_clusters()["DBClusters"]
        seen.append((shown["DbClusterResourceId"], "MasterUserSecret" in shown))
    assert seen[0][0] == seen[1][0], "the cluster was replaced"
    assert [managed for _, managed in seen] == [mode == "managed-secret" for mode in modes]


def test_a_stack_with_a_transform_needs_leave_to_grow(aws: Aws, templates: Templates) -> None:
    aws.deploy("bank-network", templates["bank-network"])
    with pytest.raises(ClientError, match=r"Requires capabilities : \[CAPABILITY_AUTO_EXPAND\]") as caught:
        aws("cloudformation").create_stack(
            StackName="bank-aurora-catalog",
            TemplateBody=json.dumps(templates["bank-aurora-catalog"]),
            Capabilities=["CAPABILITY_NAMED_IAM"],
        )
    assert code(caught) == "InsufficientCapabilitiesException"


def test_what_a_template_needs_is_said_before_it_is_deployed(aws: Aws, templates: Templates) -> None:
    body = json.dumps(templates["bank-aurora-catalog"])
    summary = aws("cloudformation").get_template_summary(TemplateBody=body)
    assert "CAPABILITY_AUTO_EXPAND" in summary["Capabilities"]
    assert summary["DeclaredTransforms"] == ["AWS::SecretsManager-2024-09-16"]


@pytest.mark.parametrize(
    ("transform", "said"),
    [
        pytest.param("AWS::Serverless-2016-10-31", "No transform named AWS::Serverless-2016-10-31 found", id="another"),
        pytest.param(None, "HostedRotationLambda needs Transform", id="none"),
    ],
)
def test_other_transforms_and_none_for_a_hosted_function_are_refused(
    aws: Aws, templates: Templates, transform: str | None, said: str
) -> None:
    template = {key: value for key, value in templates["bank-aurora-catalog"].items() if key != "Transform"}
    template |= {"Transform": transform} if transform else {}
    aws.deploy("bank-network", templates["bank-network"])
    with pytest.raises(ClientError, match=said):
        aws.deploy("bank-aurora-catalog", template)


def test_a_source_by_security_group_is_that_group(aws: Aws, tmp_path: Path) -> None:
    vpc = aws("ec2").create_vpc(CidrBlock="10.60.0.0/16")["Vpc"]["VpcId"]
    app = aws("ec2").create_security_group(GroupName="app", Description="app", VpcId=vpc)["GroupId"]
    text = ORDERS.replace("{cidr: 10.0.9.7/32}", f"{{security_group: {app}}}")
    for name, template in synthesized(tmp_path, text).items():
        stack = aws.deploy(name, template)
        assert stack["StackStatus"] == "CREATE_COMPLETE", aws.reasons(name)
    group = outputs(aws, "bank-aurora-orders")["SecurityGroupId"]
    (shown,) = aws("ec2").describe_security_groups(GroupIds=[group])["SecurityGroups"]
    pairs = [pair["GroupId"] for rule in shown["IpPermissions"] for pair in rule["UserIdGroupPairs"]]
    assert app in pairs
    assert len(pairs) == 2  # the proxy's group is the other


def test_a_proxy_is_changed_in_place_and_goes_with_its_section(aws: Aws, tmp_path: Path) -> None:
    changes = (
        ("made", ORDERS),
        ("changed", ORDERS.replace("users: [web, reports], max_connections_percent: 80", "users: [web]")),
        ("gone", ORDERS.replace("    proxy: {users: [web, reports], max_connections_percent: 80}\n", "")),
    )
    arns, pools = [], []
    for name, each in changes:
        for stack, template in synthesized(tmp_path / name, each).items():
            if stack == "bank-network" and name != "made":
                continue
            shown = aws.deploy(stack, template)
            assert shown["StackStatus"] in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}, aws.reasons(stack)
        proxies = aws("rds").describe_db_proxies()["DBProxies"]
        arns.append([proxy["DBProxyArn"] for proxy in proxies])
        pools += [
            group["ConnectionPoolConfig"]["MaxConnectionsPercent"]
            for proxy in proxies
            for group in aws("rds").describe_db_proxy_target_groups(DBProxyName=proxy["DBProxyName"])["TargetGroups"]
        ]
    assert arns[0] == arns[1]
    assert (arns[2], pools) == ([], [80, 100])


def test_removing_it_from_the_file_turns_it_off(aws: Aws, tmp_path: Path) -> None:
    seen: list[bool] = []
    for name, each in (("on", ORDERS), ("off", ORDERS.replace("    data_api: true\n", ""))):
        for stack, template in synthesized(tmp_path / name, each).items():
            if stack != "bank-network" or name == "on":
                shown = aws.deploy(stack, template)
                assert shown["StackStatus"] in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}, aws.reasons(stack)
        (cluster,) = aws("rds").describe_db_clusters()["DBClusters"]
        seen.append(cluster["HttpEndpointEnabled"])
    assert seen == [True, False]
