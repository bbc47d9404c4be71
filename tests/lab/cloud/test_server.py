"""The embedded AWS as a server: loopback only, every call logged without secrets, every failure an AWS error."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from lab.cloud.delays import NONE
from lab.cloud.install import reset_backends
from lab.cloud.server import CloudServer
from tests.lab.cloud.conftest import REGION
from tests.lab.cloud.test_rds import CLUSTER


class Served:
    """A server, its log, and clients that speak HTTP to it."""

    def __init__(self, server: CloudServer, log: Path) -> None:
        self.server, self.log = server, log

    def client(self, service: str) -> Any:
        quick = Config(retries={"total_max_attempts": 1})
        session: Any = boto3.session.Session()
        return session.client(service, region_name=REGION, endpoint_url=self.server.endpoint, config=quick)

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    def ask(self, path: str, document: Any = None) -> tuple[int, Any]:
        data = None if document is None else json.dumps(document).encode()
        try:
            with urllib.request.urlopen(self.server.endpoint + path, data=data) as answer:  # noqa: S310 (our own loopback)
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.loads(error.read())


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    log = tmp_path / "calls.jsonl"
    with CloudServer(log_path=log, delays=NONE) as server:
        reset_backends()
        yield Served(server, log)


def test_a_cluster_over_http(served: Served) -> None:
    rds = served.client("rds")
    rds.create_db_cluster(**CLUSTER)
    assert rds.describe_db_clusters()["DBClusters"][0]["Status"] == "available"
    assert served.server.endpoint.startswith("http://localhost:")


def test_every_call_is_logged_and_no_secret_is(served: Served) -> None:
    served.client("rds").create_db_cluster(**CLUSTER)
    with pytest.raises(ClientError):
        served.client("rds").describe_db_clusters(DBClusterIdentifier="nope")
    served.client("ssm").put_parameter(Name="/p", Value="a-secret-value", Type="SecureString")
    served.client("s3").list_buckets()
    lines = served.lines()
    assert [(line["service"], line["operation"], line["status"]) for line in lines] == [
        ("rds", "CreateDBCluster", 200),
        ("rds", "DescribeDBClusters", 404),
        ("ssm", "PutParameter", 200),
        ("s3", "ListBuckets", 200),
    ]
    assert lines[0]["identifiers"] == {"DBClusterIdentifier": "shop-orders"}
    assert lines[1]["error"] == "DBClusterNotFoundFault"
    assert {line["region"] for line in lines} == {REGION}
    for secret in ("a-secret-value", CLUSTER["MasterUserPassword"]):
        assert secret not in served.log.read_text()


@pytest.mark.parametrize(
    ("service", "operation", "arguments"),
    [
        pytest.param("rds", "describe_certificates", {}, id="query"),
        pytest.param("ec2", "describe_fpga_images", {}, id="ec2"),
        pytest.param("ssm", "list_nodes", {}, id="json"),
        pytest.param("cloudformation", "detect_stack_drift", {"StackName": "s"}, id="cloudformation"),
    ],
)
def test_an_unknown_operation_is_refused_by_name(
    served: Served, service: str, operation: str, arguments: dict[str, Any]
) -> None:
    """A 400 in the service's own protocol: botocore tries again after moto's HTML 500."""
    with pytest.raises(ClientError) as caught:
        getattr(served.client(service), operation)(**arguments)
    answer = caught.value.response
    assert answer["Error"]["Code"] == "UnknownOperationException"
    assert "is not modelled by the embedded AWS" in answer["Error"]["Message"]
    assert operation.replace("_", "") in answer["Error"]["Message"].lower()
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_faults_are_set_over_a_control_path(served: Served) -> None:
    assert served.ask("/lab/faults", {"failover-ignored": ["shop-orders"]}) == (
        200,
        {"faults": {"failover-ignored": ["shop-orders"]}},
    )
    status, answer = served.ask("/lab/faults", {"nope": []})
    assert (status, "dns-frozen" in answer["error"]) == (400, True)
    assert served.ask("/lab/faults")[1] == {"faults": {"failover-ignored": ["shop-orders"]}}
    assert served.ask("/lab/faults", {})[1] == {"faults": {}}


def test_it_listens_on_loopback_only(served: Served) -> None:
    host = served.server._server.socket.getsockname()[0]
    assert host == "127.0.0.1"


def test_a_port_that_is_taken_is_refused(served: Served) -> None:
    """werkzeug ends the process for it, with its reason on stderr; callers probe the port before."""
    with pytest.raises((OSError, SystemExit)):
        CloudServer(served.server.port)
