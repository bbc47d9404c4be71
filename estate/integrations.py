"""AWS services that the database itself calls: S3, Lambda, machine learning."""

from __future__ import annotations

import re
from collections.abc import Iterator
from types import MappingProxyType
from typing import TYPE_CHECKING

from pydantic import Field

from estate import engines, limits
from estate.spec import Hit, Rule, Spec, Switch

if TYPE_CHECKING:
    from estate.aurora import AuroraSpec

BUCKET = re.compile(r"(?!\d+(?:\.\d+){3}(?:/|$))[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](?:/[^/*?\s${}][^*?\s${}]*)?")
"""A bucket, or one and a prefix below it. [S3 user guide, "General purpose bucket naming rules"]"""
KEY = re.compile(r"arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key/[0-9a-z-]{1,64}")
FUNCTION_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
FUNCTION_ARN = re.compile(
    r"arn:aws[a-z-]*:lambda:[a-z0-9-]+:\d{12}:function:[A-Za-z0-9_-]{1,64}(?::[A-Za-z0-9_-]{1,128})?"
)
"""[B] lambda Invoke.FunctionName"""
ENDPOINT_NAME = re.compile(r"[A-Za-z0-9](?:-?[A-Za-z0-9]){0,62}")
"""[B] sagemaker-runtime InvokeEndpoint.EndpointName"""
MODEL = re.compile(r"[a-z0-9-]{1,63}\.[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){0,2}(?::[0-9a-z]{1,63}){0,2}")
"""Id of a foundation model. [B] bedrock FoundationModelSummary.modelId"""
INFERENCE_PROFILES = ("us.", "eu.", "apac.", "global.", "jp.", "au.", "ca.", "us-gov.")
"""Prefixes of ids that stand for models in several Regions."""

SERVICES = MappingProxyType(
    {
        "s3_import": "s3",
        "s3_export": "s3",
        "lambdas": "lambda",
        "sagemaker": "sagemaker.runtime",
        "comprehend": "comprehend",
        "bedrock": "bedrock-runtime",
    }
)
"""Name of each setting's VPC endpoint service, without its prefix. [VPC user guide, "Services that integrate"]"""
MYSQL_PARAMETERS = MappingProxyType(
    {
        "s3": "aws_default_s3_role",
        "lambdas": "aws_default_lambda_role",
        "sagemaker": "aws_default_sagemaker_role",
        "comprehend": "aws_default_comprehend_role",
        "bedrock": "aws_default_bedrock_role",
    }
)
"""Where Aurora MySQL reads a role from. Version 3 has one for S3, loading and saving. [A4 mysql-ml, LoadFromS3]"""


class IntegrationsSpec(Spec):
    """Each gives the cluster a role with least privilege, the parameters it needs and a way to the service."""

    s3_import: tuple[str, ...] = Field(
        default=(), description="Buckets, or `bucket/prefix`, that data may be loaded from"
    )
    s3_export: tuple[str, ...] = Field(
        default=(), description="Buckets, or `bucket/prefix`, that data may be written to"
    )
    s3_restore: tuple[str, ...] = Field(
        default=(),
        description="Buckets, or `bucket/prefix`, with Percona XtraBackup files, MySQL only",
    )
    s3_keys: tuple[str, ...] = Field(
        default=(),
        description="ARNs of the KMS keys that those buckets are encrypted with",
    )
    lambdas: tuple[str, ...] = Field(default=(), description="Names or ARNs of functions that SQL may invoke")
    sagemaker: tuple[str, ...] = Field(default=(), description="Names of SageMaker endpoints that SQL may invoke")
    comprehend: Switch = Field(default=False, description="SQL may detect sentiment with Comprehend")
    bedrock: tuple[str, ...] = Field(default=(), description="Ids of Bedrock foundation models that SQL may invoke")

    @property
    def called(self) -> tuple[str, ...]:
        """Settings whose service the running database calls."""
        return tuple(name for name in SERVICES if getattr(self, name))


def called_services(spec: AuroraSpec) -> tuple[str, ...]:
    """Services that the cluster's instances call, as names of VPC endpoint services, sorted."""
    called = spec.integrations.called if spec.integrations else ()
    return tuple(sorted({SERVICES[name] for name in called}))


def role_keys(spec: AuroraSpec) -> tuple[str, ...]:
    """The roles that the cluster is associated with: one for each feature, one for all of S3 on Aurora MySQL."""
    called = spec.integrations.called if spec.integrations else ()
    if spec.engine != engines.MYSQL:
        return called
    return tuple(dict.fromkeys("s3" if name.startswith("s3_") else name for name in called))


LISTS = ("s3_import", "s3_export", "s3_restore", "s3_keys", "lambdas", "sagemaker", "bedrock")
BUCKETS = ("s3_import", "s3_export", "s3_restore")


def _entries(spec: AuroraSpec, *names: str) -> Iterator[tuple[tuple[str | int, ...], str]]:
    for name in names if spec.integrations else ():
        for index, given in enumerate(getattr(spec.integrations, name)):
            yield ("integrations", name, index), given


def _nothing(spec: AuroraSpec) -> Iterator[Hit]:
    given = spec.integrations
    if given is not None and not given.called and not given.s3_restore:
        yield Hit(("integrations",), "none")


def _repeats(spec: AuroraSpec) -> Iterator[Hit]:
    for name in LISTS:
        entries = list(_entries(spec, name))
        seen: set[str] = set()
        for path, given in entries:
            if given in seen:
                yield Hit(path, given)
            seen.add(given)


def _malformed_bucket(spec: AuroraSpec) -> Iterator[Hit]:
    for path, given in _entries(spec, *BUCKETS):
        if not BUCKET.fullmatch(given) or ".." in given.partition("/")[0]:
            yield Hit(path, given)


def _malformed_key(spec: AuroraSpec) -> Iterator[Hit]:
    for path, given in _entries(spec, "s3_keys"):
        if not KEY.fullmatch(given):
            yield Hit(path, given)
        elif spec.region and given.split(":")[3] != spec.region:
            yield Hit(path, given, must=f"lie in {spec.region}", fix="name the key of that Region's bucket")


def _keys_unused(spec: AuroraSpec) -> Iterator[Hit]:
    given = spec.integrations
    if given and given.s3_keys and not any(getattr(given, name) for name in BUCKETS):
        yield Hit(("integrations", "s3_keys"), given.s3_keys)


def _malformed_function(spec: AuroraSpec) -> Iterator[Hit]:
    for path, given in _entries(spec, "lambdas"):
        if not (FUNCTION_ARN if given.startswith("arn:") else FUNCTION_NAME).fullmatch(given):
            yield Hit(path, given)


def _function_region(spec: AuroraSpec) -> Iterator[Hit]:
    for path, given in _entries(spec, "lambdas"):
        if FUNCTION_ARN.fullmatch(given) and spec.global_database is not None:
            must = "be a name beside global: each Region invokes its own function"
            yield Hit(path, given, must=must, fix=f"write `{given.split(':')[6]}`, and create it in every Region")
        elif FUNCTION_ARN.fullmatch(given) and spec.region and given.split(":")[3] != spec.region:
            yield Hit(path, given, must=f"lie in {spec.region}")


def _malformed_endpoint(spec: AuroraSpec) -> Iterator[Hit]:
    for path, given in _entries(spec, "sagemaker"):
        if not ENDPOINT_NAME.fullmatch(given):
            yield Hit(path, given)


def _malformed_model(spec: AuroraSpec) -> Iterator[Hit]:
    for path, given in _entries(spec, "bedrock"):
        if not MODEL.fullmatch(given):
            yield Hit(path, given)
        elif given.startswith(INFERENCE_PROFILES):
            yield Hit(path, given, must="be a model of the cluster's Region, not an inference profile over several")


def _many_roles(spec: AuroraSpec) -> Iterator[Hit]:
    count = len(role_keys(spec))
    if count > limits.ROLES_MAX:
        yield Hit(("integrations",), f"{count} ({', '.join(role_keys(spec))})")


ARN_LENGTH = 85
"""Characters of an ARN beside the name in it, and of the comma and quotes around it."""
STATEMENT_LENGTH = 300
"""Characters of a policy beside its resources."""


def _policy_length(given: IntegrationsSpec, names: tuple[str, ...]) -> int:
    """Characters of a role's policy, about: a bucket is named in it twice, with what may be listed of it."""
    length = STATEMENT_LENGTH
    for name in names:
        entries: tuple[str, ...] = getattr(given, name)
        of_s3 = name in BUCKETS
        length += sum(len(each) * (1 + of_s3) + ARN_LENGTH * (1 + of_s3) for each in entries)
        length += sum(len(key) for key in given.s3_keys) if of_s3 and entries else 0
    return length


def _long_policy(spec: AuroraSpec) -> Iterator[Hit]:
    given = spec.integrations
    if given is None:
        return
    s3 = [("s3_import", "s3_export")] if spec.engine == engines.MYSQL else [("s3_import",), ("s3_export",)]
    for names in (*s3, ("s3_restore",), ("lambdas",), ("sagemaker",), ("bedrock",)):
        length = _policy_length(given, names)
        if length > limits.POLICY_LENGTH:
            yield Hit(("integrations", names[0]), f"about {length} characters")


def _restore_engine(spec: AuroraSpec) -> Iterator[Hit]:
    if not spec.integrations or not spec.integrations.s3_restore:
        return
    if spec.engine != engines.MYSQL:
        yield Hit(("integrations", "s3_restore"), spec.engine)
    elif spec.version.startswith("8.4"):
        yield Hit(("integrations", "s3_restore"), f"version {spec.version}")


def _restore_serverless(spec: AuroraSpec) -> Iterator[Hit]:
    restores = spec.engine == engines.MYSQL and spec.integrations and spec.integrations.s3_restore
    if restores and all(instance.is_serverless for instance in spec.instances.values()):
        yield Hit(("integrations", "s3_restore"), "serverless instances only")


def _bedrock_version(spec: AuroraSpec) -> Iterator[Hit]:
    wanted = spec.integrations is not None and spec.integrations.bedrock
    known = engines.is_well_formed(spec.engine, spec.version)
    if wanted and known and not engines.has_bedrock(spec.engine, spec.version):
        yield Hit(("integrations", "bedrock"), f"version {spec.version}")


def _parameter_taken(spec: AuroraSpec) -> Iterator[Hit]:
    taken = {MYSQL_PARAMETERS[key] for key in role_keys(spec)} if spec.engine == engines.MYSQL else set[str]()
    for name in spec.parameters:
        if name in taken:
            yield Hit(("parameters", name), spec.parameters[name])
    for name, given in spec.blue_green.parameters.items() if spec.blue_green else ():
        if name in taken:
            yield Hit(("blue_green", "parameters", name), given)


RULES: tuple[Rule[AuroraSpec], ...] = (
    Rule(
        id="integrations/nothing",
        reads=("integrations",),
        broken=_nothing,
        must="name a service",
        fix="name what the database calls, or remove `integrations`",
    ),
    Rule(
        id="integrations/repeat",
        reads=("integrations",),
        broken=_repeats,
        must="be named once",
        fix="remove the repetition",
    ),
    Rule(
        id="integrations/bucket-form",
        reads=("integrations",),
        broken=_malformed_bucket,
        must="be a bucket, or one and a prefix, without wildcards",
        fix="write it as in ledger-imports or ledger-imports/daily/",
    ),
    Rule(
        id="integrations/key-form",
        reads=("integrations", "region"),
        broken=_malformed_key,
        must="be the ARN of a KMS key",
        fix="write it as in arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
    ),
    Rule(
        id="integrations/keys-unused",
        reads=("integrations",),
        broken=_keys_unused,
        must="stand beside buckets",
        fix="remove it, or name the buckets",
    ),
    Rule(
        id="integrations/function-form",
        reads=("integrations",),
        broken=_malformed_function,
        must="be the name or the ARN of a function",
        fix="write it as in notify or arn:aws:lambda:eu-west-1:111122223333:function:notify",
    ),
    Rule(
        id="integrations/function-region",
        reads=("integrations", "region"),
        broken=_function_region,
        must="lie in the cluster's Region",
        fix="name a function there: a cluster invokes none in another Region",
    ),
    Rule(
        id="integrations/endpoint-form",
        reads=("integrations",),
        broken=_malformed_endpoint,
        must="be the name of a SageMaker endpoint",
        fix="write it as in fraud-scores: letters, digits and single hyphens",
    ),
    Rule(
        id="integrations/model-form",
        reads=("integrations",),
        broken=_malformed_model,
        must="be the id of a foundation model",
        fix="write it as in amazon.titan-embed-text-v2:0",
    ),
    Rule(
        id="integrations/role-count",
        reads=("integrations", "engine"),
        broken=_many_roles,
        must=f"need {limits.ROLES_MAX} roles at most",
        fix="leave one out, or raise the quota and add `acknowledge: [integrations/role-count]`",
        acknowledge=True,
    ),
    Rule(
        id="integrations/policy-length",
        reads=("integrations", "engine"),
        broken=_long_policy,
        must=f"fit a role's policy of {limits.POLICY_LENGTH} characters",
        fix="name fewer, or a prefix that holds several",
    ),
    Rule(
        id="integrations/restore-engine",
        reads=("integrations", "engine", "version"),
        broken=_restore_engine,
        must="be left out: only Aurora MySQL 5.7 and 8.0 are restored from Percona XtraBackup",
        fix="remove it; pg_dump, or s3_import, moves data to PostgreSQL",
    ),
    Rule(
        id="integrations/restore-serverless",
        reads=("integrations", "engine", "instances.*.class"),
        broken=_restore_serverless,
        must="have a provisioned instance to restore to",
        fix="make the first instance a class such as db.r8g.large",
    ),
    Rule(
        id="integrations/bedrock-version",
        reads=("integrations", "engine", "version"),
        broken=_bedrock_version,
        must="be left out with a version that can't call Bedrock",
        fix="choose APG 16.1, 15.5, 14.11 or Aurora MySQL 3.06, or newer; or, where its release notes list aws_ml 2.0, "
        "add `acknowledge: [integrations/bedrock-version]`",
        acknowledge=True,
    ),
    Rule(
        id="integrations/parameter-taken",
        reads=("integrations", "engine", "parameters", "blue_green.parameters"),
        broken=_parameter_taken,
        must="be left out beside the integration, whose role it holds",
        fix="remove it, or the integration",
    ),
)
