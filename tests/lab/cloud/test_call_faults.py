"""Trouble with calls, as a client over HTTP sees it."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError

from lab.cloud.call_faults import CallFault, CallFaults, Trouble, UnknownTroubleError
from lab.cloud.delays import NONE
from lab.cloud.requests import Call
from lab.cloud.server import CloudServer

pytestmark = pytest.mark.lab
CLUSTER = {"DBClusterIdentifier": "shop-orders", "Engine": "aurora-postgresql", "MasterUsername": "app"}
CLUSTER |= {"MasterUserPassword": "12345678"}
READ = Call(service="rds", operation="DescribeDBClusters", region="eu-west-1", protocol="query")


@pytest.fixture
def server() -> Iterator[CloudServer]:
    with CloudServer(delays=NONE) as running:
        yield running


def client(server: CloudServer, attempts: int = 1) -> Any:
    session: Any = boto3.session.Session()
    return session.client(
        "rds", endpoint_url=server.endpoint, region_name="eu-west-1", aws_access_key_id="t", aws_secret_access_key="t",
        config=Config(retries={"mode": "standard", "total_max_attempts": attempts}),
    )  # fmt: skip


def post(server: CloudServer, faults: Any) -> tuple[int, Any]:
    connection = http.client.HTTPConnection("localhost", server.port)
    connection.request("POST", "/lab/call-faults", json.dumps(faults))
    answer = connection.getresponse()
    return answer.status, json.loads(answer.read())


@pytest.mark.parametrize(
    ("trouble", "code"),
    [("throttled", "Throttling"), ("unavailable", "ServiceUnavailable"), ("denied", "AccessDenied")],
)
def test_a_refusal_changes_nothing_and_hits_once(server: CloudServer, trouble: str, code: str) -> None:
    post(server, [{"trouble": trouble, "calls": "rds:CreateDBCluster"}])
    rds = client(server)
    with pytest.raises(ClientError) as caught:
        rds.create_db_cluster(**CLUSTER)
    assert caught.value.response["Error"]["Code"] == code
    assert rds.describe_db_clusters()["DBClusters"] == []
    rds.create_db_cluster(**CLUSTER)


@pytest.mark.parametrize(("trouble", "made"), [("timed-out", 0), ("dropped", 1)])
def test_an_answer_is_lost_with_or_without_the_effect(server: CloudServer, trouble: str, made: int) -> None:
    post(server, [{"trouble": trouble, "calls": "rds:CreateDBCluster"}])
    rds = client(server)
    with pytest.raises(ConnectionClosedError):
        rds.create_db_cluster(**CLUSTER)
    assert len(rds.describe_db_clusters()["DBClusters"]) == made


def test_a_client_that_tries_again_gets_over_it(server: CloudServer) -> None:
    post(server, [{"trouble": "throttled", "calls": "*", "times": 1}])
    assert client(server, attempts=3).describe_db_clusters()["DBClusters"] == []


def test_a_stale_read_shows_what_was_so_before(server: CloudServer) -> None:
    post(server, [{"trouble": "stale", "calls": "rds:Describe*", "after": 1}])
    rds = client(server)
    assert rds.describe_db_clusters()["DBClusters"] == []
    rds.create_db_cluster(**CLUSTER)
    assert rds.describe_db_clusters()["DBClusters"] == []
    assert len(rds.describe_db_clusters()["DBClusters"]) == 1


def test_faults_are_shown_replaced_and_refused(server: CloudServer) -> None:
    status, shown = post(server, [{"trouble": "throttled", "calls": "rds:*", "chance": 0.5, "seed": 3, "times": None}])
    assert (status, shown["call_faults"][0]["chance"]) == (200, 0.5)
    assert post(server, [{"trouble": "nope"}])[0] == 400
    assert post(server, [{"trouble": "denied", "nope": 1}])[0] == 400
    assert post(server, []) == (200, {"call_faults": []})


def test_chance_is_the_same_for_the_same_seed() -> None:
    def struck(seed: int) -> list[bool]:
        faults = CallFaults()
        faults.set([CallFault(trouble=Trouble.THROTTLED, times=None, chance=0.3, seed=seed)])
        return [faults.answer(READ, b"", lambda: (200, [], b""))[0] == 400 for _ in range(50)]

    assert struck(1) == struck(1) != struck(2)
    assert 5 < sum(struck(1)) < 25


def test_an_unknown_trouble_names_those_there_are() -> None:
    with pytest.raises(UnknownTroubleError, match="throttled, unavailable, timed-out, dropped, denied, stale"):
        CallFaults().set([{"trouble": "fire"}])
