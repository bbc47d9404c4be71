"""Clusters born from others of the same estate: deployed after them."""

from __future__ import annotations

from pathlib import Path

from estate.load import load_text
from stacks.compose import compose
from tests.estate.test_origin import ORIGIN, SMALL
from tests.lab.cloud.conftest import Aws, deploy_shop
from tests.support.assembly import deploy, read_assembly
from tests.support.estate_files import changed
from tests.support.synthesis import new_app


def test_a_clone_is_deployed_after_its_source(tmp_path: Path) -> None:
    changes = {ORIGIN: {"clone_of": "shop-zebra"}, "aurora.zebra": SMALL, "caches": {}}
    app = new_app(tmp_path)
    compose(app, load_text(changed(changes)).estate)
    app.synth()
    order = [stack.name for stack in read_assembly(tmp_path)]
    assert order.index("shop-aurora-zebra") < order.index("shop-aurora-orders")


FULL = """\
estate: twin
defaults: "2026-11"
regions: [eu-west-1]
network: {eu-west-1: {cidr: 10.40.0.0/16}}
aurora:
  pg:
    engine: aurora-postgresql
    version: "17.7"
    origin: {point_in_time_of: shop-orders}
    storage: io-optimized
    insights: advanced
    data_api: true
    local_write_forwarding: true
    maintenance_window: "sun:05:00-sun:06:00"
    backup: {window: "02:00-03:00", retention_days: 9}
    instances: {a: {class: db.r8g.large}, b: {class: serverless}}
    endpoints: {rest: {excluded: [a]}}
    autoscaling: {cpu_percent: 60}
    watch: {}
  iam:
    engine: aurora-postgresql
    version: "17.7"
    origin: {clone_of: shop-orders}
    master_authentication: iam
    instances: {a: {class: db.r8g.large}, b: {class: db.r8g.large}}
  my:
    engine: aurora-mysql
    version: "8.0.mysql_aurora.3.10.0"
    origin: {clone_of: shop-catalog}
    local_write_forwarding: true
    backtrack_hours: 12
    instances: {a: {class: db.r8g.large}, b: {class: db.r8g.large}}
"""


def test_whatever_else_a_cluster_may_have_it_may_have_beside_an_origin(tmp_path: Path) -> None:
    """Each property arrives, by the restore or by the modification after it: reading back is part of a deployment."""
    aws = Aws()
    deploy_shop(aws)
    app = new_app(tmp_path)
    compose(app, load_text(FULL).estate)
    app.synth()
    assert [deploy(stack) for stack in read_assembly(tmp_path)] == ["CREATE_COMPLETE"] * 4
    clusters = {each["DBClusterIdentifier"]: each for each in aws("rds").describe_db_clusters()["DBClusters"]}
    pg, my = clusters["twin-pg"], clusters["twin-my"]
    assert (pg["MasterUsername"], pg["DatabaseName"]) == ("dbadmin", clusters["shop-orders"]["DatabaseName"])
    assert (pg["StorageType"], pg["DatabaseInsightsMode"], pg["HttpEndpointEnabled"]) == (
        "aurora-iopt1",
        "advanced",
        True,
    )
    assert "MasterUserSecret" in pg
    assert "MasterUserSecret" not in clusters["twin-iam"]
    assert (my["BacktrackWindow"], my["Port"]) == (43_200, 3307)
    assert my["CloneGroupId"] == clusters["shop-catalog"]["CloneGroupId"]
    assert pg["KmsKeyId"] != clusters["shop-orders"]["KmsKeyId"]
    assert pg["StorageEncrypted"] is my["StorageEncrypted"] is True
