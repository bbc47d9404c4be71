"""The secret that a cluster's own stack made is found by its name, which follows from the cluster's."""

from __future__ import annotations

import pytest

from estate.names import master_secret
from runbooks.aws.rds import Rds
from runbooks.aws.secrets import find_own_secret, read_login
from runbooks.aws.session import AwsSession
from runbooks.aws.ssm import Ssm
from runbooks.drill.request import DrillRequest
from runbooks.drill.tools import DrillTools

REQUEST = DrillRequest(cluster_id="shop-orders", region="eu-west-1", cool_down_s=60, baseline_s=1)
VALUE = '{"username": "keeper", "password": "hunter2hunter2"}'


@pytest.fixture
def tools(session: AwsSession, subnet_group: str) -> DrillTools:
    session.rds.create_db_cluster(
        DBClusterIdentifier="shop-orders", Engine="aurora-postgresql", MasterUsername="keeper",
        MasterUserPassword="hunter2hunter2", DBSubnetGroupName=subnet_group,
    )  # fmt: skip
    return DrillTools(request=REQUEST, session=session, rds=Rds(session.rds), ssm=Ssm(session.ssm))


def test_there_is_none_until_a_stack_made_it(session: AwsSession) -> None:
    assert find_own_secret(session.secrets, "shop-orders") == ""
    session.secrets.create_secret(Name=master_secret("shop-orders"), SecretString=VALUE)
    assert find_own_secret(session.secrets, "shop-orders") == "aurora-estate/shop-orders/master"
    assert find_own_secret(session.secrets, "shop-catalog") == ""


def test_a_drill_logs_in_with_it(tools: DrillTools) -> None:
    tools.session.secrets.create_secret(Name=master_secret("shop-orders"), SecretString=VALUE)
    topology = tools.topology()
    assert topology.secret_arn == "aurora-estate/shop-orders/master"
    assert tools.login(topology).username == "keeper"


def test_a_drill_without_any_secret_looks_once_and_says_so(tools: DrillTools) -> None:
    assert tools.topology().secret_arn == ""
    tools.session.secrets.create_secret(Name=master_secret("shop-orders"), SecretString=VALUE)
    assert tools.topology().secret_arn == "", "looked up again, at every step of a drill"
    assert read_login(tools.session.secrets, master_secret("shop-orders")).username == "keeper"
