"""AWS Backup for a cluster that exists: `cdk synth --app "python examples/constructs/backup_plan.py"`."""

from __future__ import annotations

import aws_cdk as cdk

from constructs_lib.aurora.backups import BackupPlan, BackupVault
from constructs_lib.foundation.encryption import Encryption
from estate.backups import BackupPlanSpec, RestoreTestSpec, VaultLockSpec

LOCK = VaultLockSpec(min_retention_days=30, max_retention_days=365)

app = cdk.App()
copies = cdk.Stack(app, "Copies", env=cdk.Environment(region="eu-central-1"))
key = Encryption(copies, "Encryption", description="shop: copies", services=["backup", "rds"])
BackupVault(copies, "Orders", identifier="shop-orders", key_arn=key.key_arn, lock=LOCK, alias=True)

stack = cdk.Stack(app, "BackupAlone", env=cdk.Environment(region="eu-west-1"))
own = Encryption(stack, "Encryption", description="shop: recovery points", services=["backup", "rds"])
BackupPlan(
    stack,
    "Orders",
    identifier="shop-orders",
    spec=BackupPlanSpec(
        retention_days=90,
        copy_to_region="eu-central-1",
        copy_retention_days=90,
        lock=LOCK,
        restore_test=RestoreTestSpec(),
    ),
    cluster_arn=stack.format_arn(
        service="rds", resource="cluster", resource_name="shop-orders", arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME
    ),
    key_arn=own.key_arn,
    subnet_group="shop-orders",
    security_group_id="sg-0123456789abcdef0",
)
stack.add_stack_dependency(copies)  # the vault comes before the plan that names it

app.synth()
