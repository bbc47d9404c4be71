"""A lab of one cluster inside the test's process: faults, DNS and the data plane are within reach of a test."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import psycopg

from lab.cloud.rds.models import set_faults
from lab.cloud.server import CloudServer
from lab.data.dns import DnsServer
from lab.data.plane import ProcessPlane
from runbooks.engine import journal

ROOT = Path(__file__).resolve().parents[3]
CLUSTER = "shop-orders"
DATABASE = "orders"
QUICK = ("--baseline-s", "1", "--steady-s", "0.5", "--timeout-s", "8", "--quiet-s", "1.5", "--cool-down-s", "0")


class OneCluster:
    """The embedded AWS with an Aurora PostgreSQL cluster of three instances and a custom endpoint."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.plane = ProcessPlane()
        self.dns = DnsServer(self.plane.resolve)
        self.calls = folder / "calls.jsonl"
        self.server = CloudServer(plane=self.plane, log_path=self.calls)
        self.server.start()
        self.rds = self._client("rds")
        self._create()

    def _client(self, service: str) -> Any:
        session: Any = boto3.session.Session()  # the stubs know services by literal names only
        return session.client(
            service, endpoint_url=self.server.endpoint, region_name="eu-west-1",
            aws_access_key_id="test", aws_secret_access_key="test",
        )  # fmt: skip

    def _create(self) -> None:
        subnets = [subnet["SubnetId"] for subnet in self._client("ec2").describe_subnets()["Subnets"]]
        self.rds.create_db_subnet_group(
            DBSubnetGroupName="lab", DBSubnetGroupDescription="every zone", SubnetIds=subnets
        )
        self.rds.create_db_cluster(
            DBClusterIdentifier=CLUSTER, Engine="aurora-postgresql", EngineVersion="17.7", DatabaseName=DATABASE,
            MasterUsername="dbadmin", ManageMasterUserPassword=True, Port=5433, DBSubnetGroupName="lab",
        )  # fmt: skip
        self._wait_for_cluster()
        for name, tier in (("a", 0), ("b", 1), ("reporting", 15)):
            self.rds.create_db_instance(
                DBInstanceIdentifier=f"{CLUSTER}-{name}", DBClusterIdentifier=CLUSTER, Engine="aurora-postgresql",
                DBInstanceClass="db.r8g.large", PromotionTier=tier,
            )  # fmt: skip
            self.wait_until_available()
        self.rds.create_db_cluster_endpoint(
            DBClusterIdentifier=CLUSTER, DBClusterEndpointIdentifier=f"{CLUSTER}-reporting",
            EndpointType="READER", StaticMembers=[f"{CLUSTER}-reporting"],
        )  # fmt: skip

    def _wait_for_cluster(self) -> None:
        self._wait(lambda: self.cluster()["Status"] == "available", "the cluster")

    def wait_until_available(self) -> None:
        """Everything at rest: each instance available in the API, and healthy in truth."""

        def at_rest() -> bool:
            cluster = self.cluster()
            names = [member["DBInstanceIdentifier"] for member in cluster["DBClusterMembers"]]
            instances = self.rds.describe_db_instances()["DBInstances"]
            return (
                cluster["Status"] == "available"
                and all(instance["DBInstanceStatus"] == "available" for instance in instances)
                and all(self.plane.is_healthy(name) for name in names)
            )

        self._wait(at_rest, "the instances")

    @staticmethod
    def _wait(ready: Callable[[], bool], what: str, timeout_s: float = 60) -> None:
        deadline = time.monotonic() + timeout_s
        while not ready():
            assert time.monotonic() < deadline, f"{what} never came to rest"
            time.sleep(0.05)

    def cluster(self) -> dict[str, Any]:
        answer: dict[str, Any] = self.rds.describe_db_clusters(DBClusterIdentifier=CLUSTER)["DBClusters"][0]
        return answer

    @property
    def writer(self) -> str:
        members = self.cluster()["DBClusterMembers"]
        return next(str(member["DBInstanceIdentifier"]) for member in members if member["IsClusterWriter"])

    @property
    def environment(self) -> dict[str, str]:
        return {
            "AWS_ENDPOINT_URL": self.server.endpoint,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": "eu-west-1",
            "AWS_DEFAULT_REGION": "eu-west-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "RUNBOOK_RESOLVER": f"127.0.0.1:{self.dns.port}",
            "RUNBOOK_TLS_OFF_FOR": ".test",
            "COLUMNS": "80",
        }

    @contextlib.contextmanager
    def faults(self, **wanted: list[str]) -> Iterator[None]:
        set_faults({name.replace("_", "-"): ids for name, ids in wanted.items()})
        try:
            yield
        finally:
            set_faults({})

    def connect(self) -> psycopg.Connection[tuple[Any, ...]]:
        """The lab's own superuser, at the server that is the writer in truth."""
        cluster = self.plane._cluster(CLUSTER)
        assert cluster.writer is not None
        return cluster.writer.connect(DATABASE)

    def schemas(self) -> list[str]:
        with self.connect() as admin:
            return [
                str(row[0]) for row in admin.execute("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'runbook%'")
            ]

    def locks(self) -> list[str]:
        answer = self._client("ssm").describe_parameters()
        return [parameter["Name"] for parameter in answer["Parameters"] if "/locks/" in parameter["Name"]]

    def failovers_asked(self) -> int:
        return self.calls.read_text().count('"FailoverDBCluster"')

    def password(self) -> str:
        secret = self._client("secretsmanager").get_secret_value(
            SecretId=self.cluster()["MasterUserSecret"]["SecretArn"]
        )
        password: str = json.loads(secret["SecretString"])["password"]
        return password

    def mend_writer(self) -> None:
        """After a skipped promotion: have the API and the processes agree again."""
        shown = self.writer
        if self.plane.writer_of(CLUSTER) != shown:
            self.plane.failover(CLUSTER, shown)

    def close(self) -> None:
        self.server.stop()
        self.dns.close()
        self.plane.close()


class Drill:
    """`runbook drill failover` as a process, with what it leaves behind."""

    def __init__(self, lab: OneCluster, home: Path, *words: str, run: str = "drill", execute: bool = True) -> None:
        self.lab, self.home, self.run_id = lab, home, run
        self.folder = home / "runs" / run
        running = ("--execute", "--run-id", run) if execute else ()
        self.process = self._start("drill", "failover", CLUSTER, *QUICK, *words, *running)

    def _start(self, *words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "runbooks.cli.main", *words],
            cwd=ROOT,
            env={**os.environ, **self.lab.environment, "RUNBOOK_HOME": str(self.home)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def events(self) -> list[dict[str, Any]]:
        return journal.read(self.folder)

    def wait_for(self, event: str, timeout_s: float = 60, **fields: Any) -> None:
        """Wait until the journal has the event; fails when the drill ends before."""
        deadline = time.monotonic() + timeout_s
        while not any(e["event"] == event and all(e.get(k) == v for k, v in fields.items()) for e in self.events()):
            assert self.process.poll() is None, "".join(self.process.communicate())
            assert time.monotonic() < deadline, f"{event} {fields} never came"
            time.sleep(0.01)

    def wait_for_step(self, kind: str) -> None:
        """Wait until a step of this kind is about to be done."""
        deadline = time.monotonic() + 60
        while not any(e["event"] == "step.intended" and e["step"].split()[0] == kind for e in self.events()):
            assert self.process.poll() is None, "".join(self.process.communicate())
            assert time.monotonic() < deadline, f"{kind} never came"
            time.sleep(0.002)

    def end(self, timeout_s: float = 120) -> tuple[int, str, str]:
        out, err = self.process.communicate(timeout=timeout_s)
        return self.process.returncode, out, err

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.communicate()

    def resume(self, timeout_s: float = 120) -> tuple[int, str, str]:
        self.process = self._start("resume", self.run_id)
        return self.end(timeout_s)
