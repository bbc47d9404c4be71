from __future__ import annotations

from collections.abc import Iterator

import boto3
import pytest
from moto import mock_aws

from lab.cloud.install import install
from runbooks.aws.session import AwsSession

REGION = "eu-west-1"


@pytest.fixture(scope="module")
def cloud() -> Iterator[AwsSession]:
    """The embedded AWS, in-process; clients are made once per module, which is most of the time."""
    with mock_aws():
        made = AwsSession(REGION)
        for client in (made.rds, made.secrets, made.sts, made.ssm):
            assert client is not None
        yield made


@pytest.fixture
def session(cloud: AwsSession) -> AwsSession:
    """The same with no database in it, states passing at once."""
    install()
    return cloud


@pytest.fixture
def subnets(session: AwsSession) -> list[str]:
    found = boto3.client("ec2", region_name=REGION).describe_subnets()["Subnets"]
    return [subnet["SubnetId"] for subnet in found]


@pytest.fixture
def subnet_group(session: AwsSession, subnets: list[str]) -> str:
    """Name of a subnet group over the default VPC."""
    session.rds.create_db_subnet_group(DBSubnetGroupName="shop", DBSubnetGroupDescription="shop", SubnetIds=subnets)
    return "shop"
