"""The pinned CDK CLI against the embedded AWS: bootstrap, deploy, deploy again, diff, destroy refused, destroy."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml

from lab.cloud.install import reset_backends
from lab.cloud.server import CloudServer
from tests.lab.cloud.conftest import REGION

pytestmark = pytest.mark.lab

ROOT = Path(__file__).parents[3]
SHOP = ROOT / "examples" / "estates" / "shop.yaml"
STACKS = {"shop-network", "shop-aurora-orders", "shop-aurora-catalog", "shop-cache-sessions", "CDKToolkit"}


class Cli:
    """`cdk` in a folder of its own, pointed at a server."""

    def __init__(self, server: CloudServer, home: Path) -> None:
        self.server, self.home = server, home
        self.environment = {
            **os.environ,
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
            "PYTHONPATH": str(ROOT),
            "AWS_ENDPOINT_URL": server.endpoint,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
            "CDK_DISABLE_CLI_TELEMETRY": "true",
        }

    def synth(self, estate: dict[str, Any], name: str) -> str:
        """A cloud assembly of an estate; gives its folder."""
        file, out = self.home / f"{name}.yaml", self.home / name
        file.write_text(yaml.safe_dump(estate, sort_keys=False), encoding="utf-8")
        self("synth", "--quiet", "-c", f"estate={file}", "-o", str(out), "--app", f"{sys.executable} app.py")
        return str(out)

    def __call__(self, *words: str, fails: bool = False) -> str:
        done = subprocess.run(
            [str(ROOT / "node_modules/.bin/cdk"), *words, "--no-notices", "--no-color"],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        said = done.stdout + done.stderr
        assert (done.returncode != 0) is fails, said
        return said

    def client(self, service: str) -> Any:
        session: Any = boto3.session.Session()
        return session.client(service, region_name=REGION, endpoint_url=self.server.endpoint)

    def stacks(self) -> dict[str, str]:
        found = self.client("cloudformation").describe_stacks()["Stacks"]
        return {stack["StackName"]: stack["StackStatus"] for stack in found}


@pytest.fixture
def cli(tmp_path: Path) -> Iterator[Cli]:
    with CloudServer() as server:
        reset_backends()
        yield Cli(server, tmp_path)


def test_the_life_of_the_shop(cli: Cli) -> None:
    """One story in one test: each chapter needs the one before it."""
    estate: dict[str, Any] = yaml.safe_load(SHOP.read_text(encoding="utf-8"))
    first = cli.synth(estate, "first")
    cli("bootstrap", f"aws://123456789012/{REGION}", "--app", first)
    cli("deploy", "--all", "--require-approval", "never", "--concurrency", "4", "--app", first)
    assert set(cli.stacks()) == STACKS
    assert set(cli.stacks().values()) == {"CREATE_COMPLETE"}
    rds = cli.client("rds")
    clusters = {c["DBClusterIdentifier"]: c for c in rds.describe_db_clusters()["DBClusters"]}
    assert {name: len(c["DBClusterMembers"]) for name, c in clusters.items()} == {"shop-orders": 3, "shop-catalog": 2}

    estate["aurora"]["orders"]["serverless"]["max_acu"] = 16
    second = cli.synth(estate, "second")
    assert "MaxCapacity" in cli("diff", "--all", "--app", second)
    cli("deploy", "--all", "--require-approval", "never", "--concurrency", "4", "--app", second)
    assert cli.stacks()["shop-aurora-orders"] == "UPDATE_COMPLETE"
    changed = rds.describe_db_clusters(DBClusterIdentifier="shop-orders")["DBClusters"][0]
    assert changed["ServerlessV2ScalingConfiguration"]["MaxCapacity"] == 16
    assert "MaxCapacity" not in cli("diff", "--all", "--app", second)

    assert "TerminationProtection is enabled" in cli("destroy", "--all", "--force", "--app", second, fails=True)
    assert set(cli.stacks()) == STACKS

    open_estate = cli.synth({**estate, "protection": False}, "open")
    cli("deploy", "--all", "--require-approval", "never", "--concurrency", "4", "--app", open_estate)
    cli("destroy", "--all", "--force", "--app", open_estate)
    assert set(cli.stacks()) == {"CDKToolkit"}
    assert rds.describe_db_clusters()["DBClusters"] == []
    kept = {snapshot["DBClusterIdentifier"] for snapshot in rds.describe_db_cluster_snapshots()["DBClusterSnapshots"]}
    assert kept == {"shop-orders", "shop-catalog"}
