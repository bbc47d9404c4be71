"""What must be there before an example deploys: the clusters and the snapshot that `restored.yaml` is born from."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tests.lab.cloud.conftest import Aws, deploy_shop


def shop_and_its_snapshot(aws: Aws) -> None:
    """The shop, and the snapshot that was taken of its orders."""
    deploy_shop(aws)
    aws("rds").create_db_cluster_snapshot(
        DBClusterIdentifier="shop-orders", DBClusterSnapshotIdentifier="before-the-migration"
    )


ORIGINS: Mapping[str, Callable[[Aws], None]] = {"restored": shop_and_its_snapshot}
