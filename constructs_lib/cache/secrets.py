"""Passwords of a cache: a secret for each, and the reference that CloudFormation replaces by its value."""

from __future__ import annotations

import json

import aws_cdk as cdk
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from constructs_lib.foundation.cfn import acknowledge

PASSWORD_LENGTH = 64
"""ElastiCache takes 16 to 128 characters (user guide, "AUTH" and "RBAC").

Another length makes a new password for secrets that exist, which their caches don't know.
"""
BY_RUNBOOK = (
    "CloudFormation has no hosted rotation for ElastiCache; `runbook access rotate` does it in two steps, so that both "
    "passwords work while clients change"
)
UNAVOIDABLE = {
    "AwsSolutions-SMG4": BY_RUNBOOK,
    "HIPAA.Security-SecretsManagerRotationEnabled": BY_RUNBOOK,
    "NIST.800.53.R5-SecretsManagerRotationEnabled": BY_RUNBOOK,
}


def define_secret(
    scope: Construct,
    construct_id: str,
    *,
    name: str,
    username: str,
    description: str,
    key_arn: str,
    retain: bool,
) -> secretsmanager.CfnSecret:
    """Define a secret of letters and digits, which every engine and every client takes, under a literal name."""
    secret = secretsmanager.CfnSecret(
        scope,
        construct_id,
        description=description,
        generate_secret_string=secretsmanager.CfnSecret.GenerateSecretStringProperty(
            exclude_punctuation=True,
            generate_string_key="password",
            password_length=PASSWORD_LENGTH,
            secret_string_template=json.dumps({"username": username}),
        ),
        kms_key_id=key_arn,
        name=name,
    )
    secret.apply_removal_policy(cdk.RemovalPolicy.RETAIN if retain else cdk.RemovalPolicy.DESTROY)
    acknowledge(secret, UNAVOIDABLE)
    return secret


def reference(name: str) -> str:
    """What CloudFormation replaces by the password; literal, as scanners want it."""
    return f"{{{{resolve:secretsmanager:{name}:SecretString:password}}}}"
