"""Replica auto scaling with real servers: a breach starts one that streams, and is found by name; then it is gone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import psutil
import psycopg
import pytest

from lab.data.dns import ask
from tests.lab.data.support import eventually
from tests.support.labs import Lab

pytestmark = [pytest.mark.lab, pytest.mark.xdist_group("shop_lab")]

CLUSTER = "shop-orders"
PLACE = {
    "ServiceNamespace": "rds",
    "ResourceId": f"cluster:{CLUSTER}",
    "ScalableDimension": "rds:cluster:ReadReplicaCount",
}
STATIC, EXCLUDING = f"{CLUSTER}-reporting", f"{CLUSTER}-scaled"
LOOKUPS = 12  # a name answers with its members in turn: several times each of them


@dataclass
class Shop:
    """The shop's orders, scaled by CPU for one test."""

    lab: Lab

    def aws(self, service: str) -> Any:
        session: Any = boto3.session.Session()  # the stubs know services by literal names only
        return session.client(service, endpoint_url=self.lab.environment["AWS_ENDPOINT_URL"], region_name="eu-west-1")

    def status(self) -> dict[str, Any]:
        overview = json.loads(self.lab.runbook("lab", "status", "--output", "json").stdout)
        found: dict[str, Any] = next(each for each in overview["clusters"] if each["cluster"] == CLUSTER)
        return found

    def added(self) -> list[dict[str, Any]]:
        return [each for each in self.status()["instances"] if each["instance"].startswith("application-autoscaling-")]

    def load(self, cpu: int) -> dict[str, Any]:
        answer = self.lab.runbook("lab", "load", CLUSTER, "--cpu", str(cpu), "--output", "json")
        assert answer.returncode == 0, answer.stderr
        said: dict[str, Any] = json.loads(answer.stdout)
        return said

    def endpoint(self, name: str) -> str:
        endpoints = self.aws("rds").describe_db_cluster_endpoints(DBClusterIdentifier=CLUSTER)["DBClusterEndpoints"]
        known = {each.get("DBClusterEndpointIdentifier", each["EndpointType"]): each["Endpoint"] for each in endpoints}
        return str(known[name])

    def addresses(self, name: str) -> set[str | None]:
        """Every address that a name answers with."""
        return {ask(self.endpoint(name), self.lab.environment["RUNBOOK_RESOLVER"]) for _ in range(LOOKUPS)}

    def connect(self, address: str) -> psycopg.Connection[tuple[Any, ...]]:
        (cluster,) = self.aws("rds").describe_db_clusters(DBClusterIdentifier=CLUSTER)["DBClusters"]
        secret = self.aws("secretsmanager").get_secret_value(SecretId=cluster["MasterUserSecret"]["SecretArn"])
        login = json.loads(secret["SecretString"])
        return psycopg.connect(
            host=address,
            port=cluster["Port"],
            user=login["username"],
            password=login["password"],
            dbname="orders",
            autocommit=True,
        )


@pytest.fixture
def shop(shop_lab: Lab) -> Iterator[Shop]:
    shop = Shop(shop_lab)
    rds, scaling = shop.aws("rds"), shop.aws("application-autoscaling")
    scaling.register_scalable_target(**PLACE, MinCapacity=1, MaxCapacity=3)
    scaling.put_scaling_policy(
        **PLACE,
        PolicyName="cpu",
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration={
            "PredefinedMetricSpecification": {"PredefinedMetricType": "RDSReaderAverageCPUUtilization"},
            "TargetValue": 60,
        },
    )
    rds.create_db_cluster_endpoint(
        DBClusterIdentifier=CLUSTER,
        DBClusterEndpointIdentifier=EXCLUDING,
        EndpointType="READER",
        ExcludedMembers=[STATIC],
    )
    yield shop
    scaling.deregister_scalable_target(**PLACE)
    rds.delete_db_cluster_endpoint(DBClusterEndpointIdentifier=EXCLUDING)
    for instance in shop.added():
        rds.delete_db_instance(DBInstanceIdentifier=instance["instance"], SkipFinalSnapshot=True)
    eventually(lambda: not shop.added(), "what was added is gone")


def ready(shop: Shop) -> list[dict[str, Any]]:
    return [each for each in shop.added() if each["status"] == "available" and each["process"]["healthy"]]


def test_a_breach_adds_a_server_and_its_end_takes_it_away(shop: Shop) -> None:
    static = shop.addresses(STATIC)
    said = shop.load(85)
    assert said["activities"] == ["Setting replica count to 3. policy cpu: 85 is above the target of 60"]
    (reader,) = eventually(lambda: ready(shop), "the added reader is available and healthy")
    process = psutil.Process(reader["process"]["pid"])
    address = reader["process"]["address"]

    with shop.connect(next(iter(shop.addresses("WRITER") - {None})) or "") as writer, shop.connect(address) as added:
        assert added.execute("SELECT pg_is_in_recovery(), aurora_db_instance_identifier()").fetchone() == (
            True,
            reader["instance"],
        )
        writer.execute("CREATE TABLE scaled AS SELECT 42 AS answer")
        try:
            eventually(lambda: added.execute("SELECT to_regclass('scaled')").fetchone() != (None,), "it streams")
            assert added.execute("SELECT answer FROM scaled").fetchone() == (42,)
        finally:
            writer.execute("DROP TABLE scaled")

    assert address in shop.addresses("READER")
    assert address in shop.addresses(EXCLUDING)
    assert shop.addresses(STATIC) == static

    assert shop.load(0)["activities"] == ["Setting replica count to 2. every policy is below its target (cpu: 0 of 60)"]
    eventually(lambda: not shop.added(), "the added reader is gone")
    assert address not in shop.addresses("READER") | shop.addresses(EXCLUDING)
    assert not process.is_running()
    assert [each["status"] for each in shop.status()["instances"]] == ["available"] * 3


def test_a_name_in_route_53_answers_with_the_endpoints_address(shop_lab: Lab) -> None:
    shop = Shop(shop_lab)
    route53, name = shop.aws("route53"), "orders.db.shop.test"
    zone = route53.create_hosted_zone(Name="db.shop.test", CallerReference="scaling")["HostedZone"]["Id"]
    record = {"Name": name, "Type": "CNAME", "TTL": 5, "ResourceRecords": [{"Value": shop.endpoint("WRITER")}]}

    def change(action: str) -> None:
        batch = {"Changes": [{"Action": action, "ResourceRecordSet": record}]}
        route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch=batch)

    resolver = shop_lab.environment["RUNBOOK_RESOLVER"]
    assert ask(name, resolver) is None
    change("CREATE")
    try:
        (writer,) = [each for each in shop.status()["instances"] if each["role"] == "writer"]
        assert ask(name, resolver) == writer["process"]["address"]
    finally:
        change("DELETE")
        route53.delete_hosted_zone(Id=zone)
    assert ask(name, resolver) is None


def test_what_cannot_be_loaded_is_refused(shop_lab: Lab) -> None:
    unknown = shop_lab.runbook("lab", "load", "nobody", "--cpu", "1")
    assert unknown.returncode == 3
    assert "CLUSTER must be a cluster or a cache of the lab that reports this, got nobody" in unknown.stderr
    for words, said in (
        ((), "--cpu, --connections, --replica-cpu or --memory must be given, got none of them"),
        (("--memory", "-1"), "--memory must be from 0 to 100, got -1"),
        (("--replica-cpu", "1", "--connections", "1"), "--connections must be given alone or with --cpu"),
        (("--cpu", "101"), "--cpu must be from 0 to 100, got 101"),
        (("--connections", "-1"), "--connections must be 0 at least, got -1"),
    ):
        answer = shop_lab.runbook("lab", "load", CLUSTER, *words)
        assert (answer.returncode, said in answer.stderr) == (2, True), answer.stderr


def test_a_cluster_without_auto_scaling_only_reports(shop_lab: Lab) -> None:
    answer = shop_lab.runbook("lab", "load", "shop-catalog", "--connections", "7")
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.splitlines() == [
        "shop-catalog: readers 1, each reports DatabaseConnections 7",
        "  the cluster has no auto scaling: nothing follows from it",
    ]
