"""Which resource each IAM action can be narrowed to, and the policy that a set of actions makes.

The table's source is the Service Authorization Reference (pages `list_amazonelasticache`, `list_amazonrds`,
`list_awssystemsmanager`, `list_awssecretsmanager`, `list_awskeymanagementservice`, `list_awssecuritytokenservice`,
read as of 2026-11).
`*` stands only where an action has no resource type, or where the resource's name is AWS's own choice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from estate.names import cache_token_secret, cache_user_secret, lock_parameter, master_secret
from runbooks.engine.scope import Scope

NOT_IN_BOTOCORE: Final[Mapping[str, str]] = {
    "iam:PassRole": "asked for when a call hands a role over",
    "logs:CreateLogDelivery": "asked for when ElastiCache is told to deliver a log",
    "rds-db:connect": "checked when a token is presented to the database: no API call, so no service model has it",
    "rds:CrossRegionCommunication": "asked for by a copy from another Region",
    "s3:ListAllMyBuckets": "of ListBuckets",
    "s3:ListBucket": "of ListObjectsV2 and HeadBucket",
}


CLUSTER: Final = "arn:{partition}:rds:{region}:{account}:cluster:{cluster}"
CLUSTER_INSTANCES: Final = "arn:{partition}:rds:{region}:{account}:db:*"
CLUSTER_ENDPOINTS: Final = "arn:{partition}:rds:{region}:{account}:cluster-endpoint:*"
REPLICATION_GROUP: Final = "arn:{partition}:elasticache:{region}:{account}:replicationgroup:{cluster}"
CACHE_USER: Final = "arn:{partition}:elasticache:{region}:{account}:user:{cluster}-*"
LOCK: Final = "arn:{partition}:ssm:{region}:{account}:parameter" + lock_parameter("{cluster}")
OWN_SECRET: Final = "arn:{partition}:secretsmanager:{region}:{account}:secret:" + master_secret("{cluster}") + "-??????"
MASTER_SECRET: Final = "arn:{partition}:secretsmanager:{region}:{account}:secret:rds!cluster-*"  # noqa: S105 - an ARN
_SECRET: Final = "arn:{partition}:secretsmanager:{region}:{account}:secret:"  # noqa: S105 - the start of an ARN
CACHE_SECRETS: Final = (
    f"{_SECRET}{cache_user_secret('{cluster}', '*')}-??????",
    f"{_SECRET}{cache_token_secret('{cluster}')}-??????",
)
CACHE_USERS: Final = "users of the cache, whose names begin with its own"

ESTATE_STACKS: Final = "arn:{partition}:cloudformation:{region}:{account}:stack/{estate}-*/*"
NAMED_BY_CLOUDFORMATION: Final = "names of an estate's stacks begin with its own; CloudFormation adds an id of its own"

SCOPES: Final[Mapping[str, Scope]] = {
    "cloudformation:DescribeStacks": Scope((ESTATE_STACKS,), why=NAMED_BY_CLOUDFORMATION),
    "cloudformation:GetStackPolicy": Scope((ESTATE_STACKS,), why=NAMED_BY_CLOUDFORMATION),
    "cloudformation:SetStackPolicy": Scope((ESTATE_STACKS,), why=NAMED_BY_CLOUDFORMATION),
    "elasticache:DescribeReplicationGroups": Scope((REPLICATION_GROUP,)),
    "elasticache:ModifyReplicationGroup": Scope((REPLICATION_GROUP,)),
    "elasticache:DescribeUsers": Scope((CACHE_USER,), why=CACHE_USERS),
    "elasticache:ModifyUser": Scope((CACHE_USER,), why=CACHE_USERS),
    "rds:DescribeDBClusters": Scope((CLUSTER,)),
    "rds:DescribeDBInstances": Scope((CLUSTER_INSTANCES,), why="the call filters by cluster; IAM asks for db:*"),
    "rds:DescribeDBClusterEndpoints": Scope((CLUSTER, CLUSTER_ENDPOINTS), why="endpoints are listed by cluster"),
    "rds:DescribeEvents": Scope(("*",), why="no resource type"),
    "rds:DescribeGlobalClusters": Scope(
        ("arn:{partition}:rds::{account}:global-cluster:*",), why="its name is read first"
    ),
    "rds:FailoverDBCluster": Scope((CLUSTER,)),
    "rds-db:connect": Scope(
        ("arn:{partition}:rds-db:{region}:{account}:dbuser:{resource}/*",),
        why="by the cluster's resource id, cluster-...",
    ),
    "ssm:GetParameter": Scope((LOCK,)),
    "ssm:GetParameters": Scope((LOCK,)),
    "ssm:PutParameter": Scope((LOCK,)),
    "ssm:DeleteParameter": Scope((LOCK,)),
    "sts:GetCallerIdentity": Scope(("*",), why="no resource type; needs no permission either"),
    "secretsmanager:GetSecretValue": Scope(
        (MASTER_SECRET, OWN_SECRET, *CACHE_SECRETS),
        why="RDS names the secrets it manages rds!cluster-<uuid>; a cache's users have a secret each",
    ),
    "secretsmanager:ListSecretVersionIds": Scope(CACHE_SECRETS, why=CACHE_USERS),
    "secretsmanager:PutSecretValue": Scope(CACHE_SECRETS, why=CACHE_USERS),
    "secretsmanager:UpdateSecretVersionStage": Scope(CACHE_SECRETS, why=CACHE_USERS),
    "kms:Decrypt": Scope(
        ("arn:{partition}:kms:{region}:{account}:key/*",),
        why="the secret's own key, only through Secrets Manager",
        conditions={"StringEquals": {"kms:ViaService": "secretsmanager.{region}.amazonaws.com"}},
    ),
    "kms:GenerateDataKey": Scope(
        ("arn:{partition}:kms:{region}:{account}:key/*",),
        why="the secret's own key, only through Secrets Manager",
        conditions={"StringEquals": {"kms:ViaService": "secretsmanager.{region}.amazonaws.com"}},
    ),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """What a policy is made for; `*` where it is not known."""

    partition: str = "aws"
    region: str = "*"
    account: str = "*"
    cluster: str = "*"
    target: str = "*"
    resource: str = "*"
    estate: str = "*"


class UnscopedActionError(KeyError):
    """An action has no row in the table: its resources must be looked up before it is used."""


def build_policy(
    actions: Iterable[str], place: Place | None = None, scopes: Mapping[str, Scope] | None = None
) -> dict[str, Any]:
    """Build an IAM policy document that allows these actions and nothing else, one statement per scope. Pure.

    `scopes` are a verb's own, and stand before those of all.

    Raises:
        UnscopedActionError: an action is not in the table.
    """
    where = place or Place()
    statements: dict[str, dict[str, Any]] = {}
    known = {**SCOPES, **(scopes or {})}
    for action in sorted(set(actions)):
        if action not in known:
            raise UnscopedActionError(f"{action} has no scope; add a row to runbooks/aws/permissions.py")
        statement = _statement(known[action], where)
        kept = statements.setdefault(repr(statement), {"Effect": "Allow", "Action": [], **statement})
        kept["Action"].append(action)
    ordered = list(statements.values())
    for number, statement in enumerate(ordered, start=1):
        ordered[number - 1] = {"Sid": _sid(statement["Action"]), **statement}
    return {"Version": "2012-10-17", "Statement": ordered}


def _statement(scope: Scope, place: Place) -> dict[str, Any]:
    names = {
        "partition": place.partition,
        "region": place.region,
        "account": place.account,
        "cluster": place.cluster,
        "target": place.target,
        "resource": place.resource,
        "estate": place.estate,
    }
    statement: dict[str, Any] = {"Resource": [pattern.format(**names) for pattern in scope.resources]}
    if scope.conditions:
        statement["Condition"] = _conditions(scope.conditions, names)
    return statement


def _conditions(conditions: Mapping[str, Mapping[str, str]], names: Mapping[str, str]) -> dict[str, Any]:
    """Fill the Region in; a value with a `*` needs the operator that knows patterns."""
    filled: dict[str, Any] = {}
    for operator, pairs in conditions.items():
        values = {key: value.format(**names) for key, value in pairs.items()}
        pattern = any("*" in value for value in values.values())
        filled["StringLike" if pattern else operator] = values
    return filled


def _sid(actions: list[str]) -> str:
    """A statement's name: letters and digits only, after what its first action does."""
    service, _, verb = actions[0].partition(":")
    return service.replace("-", " ").title().replace(" ", "") + verb[:1].upper() + verb[1:]
