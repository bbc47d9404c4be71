"""AWS services that the database itself calls: S3, Lambda, machine learning."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from estate.spec import Rule, Spec, Switch

if TYPE_CHECKING:
    from estate.aurora import AuroraSpec


class IntegrationsSpec(Spec):
    """Each gives the cluster a role with least privilege, the parameters it needs and a way to the service."""

    s3_import: tuple[str, ...] = Field(
        default=(), description="Buckets, or `bucket/prefix`, that data may be loaded from"
    )
    s3_export: tuple[str, ...] = Field(
        default=(), description="Buckets, or `bucket/prefix`, that data may be written to"
    )
    s3_restore: tuple[str, ...] = Field(
        default=(), description="Buckets, or `bucket/prefix`, with Percona XtraBackup files, MySQL only"
    )
    lambdas: tuple[str, ...] = Field(default=(), description="Names or ARNs of functions that SQL may invoke")
    sagemaker: tuple[str, ...] = Field(default=(), description="Names of SageMaker endpoints that SQL may invoke")
    comprehend: Switch = Field(default=False, description="SQL may detect sentiment with Comprehend")
    bedrock: tuple[str, ...] = Field(default=(), description="Ids of Bedrock foundation models that SQL may invoke")


RULES: tuple[Rule[AuroraSpec], ...] = ()
