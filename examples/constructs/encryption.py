"""A key alone, for a log group of the caller's: `cdk synth --app "python examples/constructs/encryption.py"`."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_logs as logs

from constructs_lib.foundation.encryption import Encryption

GROUP = "/shop/audit"

app = cdk.App()
stack = cdk.Stack(app, "EncryptionAlone")

encryption = Encryption(stack, "Encryption", description="shop: audit log", services=["rds"], log_groups=[GROUP])
logs.LogGroup(
    stack,
    "Audit",
    encryption_key=encryption.key,
    log_group_name=GROUP,
    retention=logs.RetentionDays.ONE_YEAR,
)

app.synth()
