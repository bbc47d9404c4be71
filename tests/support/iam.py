"""Whether a policy allows a call, by resource and condition: what the embedded AWS's IAM does not look at.

ARNs are made from the call's parameters by the names that AWS gives them (Service Authorization Reference, "Resource
types"). A call that names nothing asks for everything of its kind, so that only a `*` allows it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

REGION, ACCOUNT = "eu-west-1", "123456789012"
# Parameter of a call -> how its value becomes an ARN; a value that is an ARN already is taken as it is.
_RDS = f"arn:aws:rds:{REGION}:{ACCOUNT}:"
_CACHE = f"arn:aws:elasticache:{REGION}:{ACCOUNT}:"
_SSM = f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter"
_EC2 = f"arn:aws:ec2:{REGION}:{ACCOUNT}:"
_SECRET = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:"
ARNS: Mapping[str, Mapping[str, str]] = {
    "rds": {
        "DBClusterIdentifier": _RDS + "cluster:{}",
        "SourceDBClusterIdentifier": _RDS + "cluster:{}",
        "NewDBClusterIdentifier": _RDS + "cluster:{}",
        "DBInstanceIdentifier": _RDS + "db:{}",
        "DBClusterSnapshotIdentifier": _RDS + "cluster-snapshot:{}",
        "SourceDBClusterSnapshotIdentifier": _RDS + "cluster-snapshot:{}",
        "TargetDBClusterSnapshotIdentifier": _RDS + "cluster-snapshot:{}",
        "FinalDBSnapshotIdentifier": _RDS + "cluster-snapshot:{}",
        "SnapshotIdentifier": _RDS + "cluster-snapshot:{}",
        "DBSnapshotIdentifier": _RDS + "snapshot:{}",
        "DBClusterEndpointIdentifier": _RDS + "cluster-endpoint:{}",
        "DBSubnetGroupName": _RDS + "subgrp:{}",
        "DBClusterParameterGroupName": _RDS + "cluster-pg:{}",
        "DBParameterGroupName": _RDS + "pg:{}",
        "ResourceName": "{}",
        "SourceArn": "{}",
    },
    "elasticache": {
        "ReplicationGroupId": _CACHE + "replicationgroup:{}",
        "CacheClusterId": _CACHE + "cluster:{}",
        "SnapshotName": _CACHE + "snapshot:{}",
        "SourceSnapshotName": _CACHE + "snapshot:{}",
        "TargetSnapshotName": _CACHE + "snapshot:{}",
        "ServerlessCacheName": _CACHE + "serverlesscache:{}",
        "ServerlessCacheSnapshotName": _CACHE + "serverlesscachesnapshot:{}",
        "UserId": _CACHE + "user:{}",
        "CacheSubnetGroupName": _CACHE + "subnetgroup:{}",
        "CacheParameterGroupName": _CACHE + "parametergroup:{}",
        "ResourceName": "{}",
    },
    "iam": {"RoleName": f"arn:aws:iam::{ACCOUNT}:role/{{}}"},
    "kms": {"KeyId": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{{}}"},  # an alias stands for the key behind it
    "ec2": {"GroupId": _EC2 + "security-group/{}", "VpcId": _EC2 + "vpc/{}"},
    "ram": {"resourceShareArn": "{}", "resourceShareInvitationArn": "{}"},
    "route53": {"HostedZoneId": "arn:aws:route53:::hostedzone/{}"},
    "ssm": {"Name": _SSM + "{}"},
    "secretsmanager": {"SecretId": _SECRET + "{}-AbCdEf", "Name": _SECRET + "{}-AbCdEf"},
}
# Parameters that mean another thing in each call.
BY_ACTION: Mapping[str, Mapping[str, str]] = {
    "route53:GetHostedZone": {"Id": "arn:aws:route53:::hostedzone/{}"},
    "route53:GetChange": {"Id": "arn:aws:route53:::change/{}"},
}
# Actions that are called otherwise than their operations (Service Authorization Reference, Amazon S3).
ACTIONS: Mapping[str, str] = {"s3:ListObjectsV2": "s3:ListBucket"}
# What a call that names nothing asks for.
EVERYTHING: Mapping[str, str] = {
    "rds:DescribeDBClusters": _RDS + "cluster:*",
    "rds:DescribeDBInstances": _RDS + "db:*",
    "rds:DescribeDBClusterEndpoints": _RDS + "cluster-endpoint:*",
    "rds:DescribeDBClusterSnapshots": _RDS + "cluster-snapshot:*",
    "rds:DescribeDBClusterAutomatedBackups": _RDS + "cluster-auto-backup:*",
    "rds:DescribeBlueGreenDeployments": _RDS + "deployment:*",
    "rds:DescribeGlobalClusters": f"arn:aws:rds::{ACCOUNT}:global-cluster:*",
    "ram:CreateResourceShare": f"arn:aws:ram:{REGION}:{ACCOUNT}:resource-share/*",
    "application-autoscaling:DeregisterScalableTarget": (
        f"arn:aws:application-autoscaling:{REGION}:{ACCOUNT}:scalable-target/*"
    ),
    "elasticache:DescribeReplicationGroups": _CACHE + "replicationgroup:*",
    "elasticache:DescribeSnapshots": _CACHE + "snapshot:*",
}


def action_of(service: str, operation: str) -> str:
    """The action that a call needs."""
    return ACTIONS.get(f"{service}:{operation}", f"{service}:{operation}")


def is_allowed(
    policy: Mapping[str, Any], service: str, operation: str, parameters: Mapping[str, Any], tags: Mapping[str, str]
) -> bool:
    """Whether every resource that a call names is allowed for its action.

    `tags` are those of the resource that is changed, for `aws:ResourceTag` conditions.
    """
    action = action_of("cloudwatch" if service == "monitoring" else service, operation)
    statements = [each for each in policy["Statement"] if action in each["Action"]]
    return all(
        any(_matches(each, arn) and _holds(each, parameters, tags) for each in statements)
        for arn in _arns(service, action, parameters)
    )


def _arns(service: str, action: str, parameters: Mapping[str, Any]) -> Iterator[str]:
    if service == "s3":  # a bucket, or an object in it
        yield "/".join(["arn:aws:s3:::" + parameters["Bucket"], *([parameters["Key"]] if "Key" in parameters else [])])
        return
    if action == "ssm:GetParameters":
        yield from (_SSM + name for name in parameters["Names"])
        return
    named = False
    for name, form in {**ARNS.get(service, {}), **BY_ACTION.get(action, {})}.items():
        value = parameters.get(name)
        if isinstance(value, str) and value:
            named = True
            yield value if value.startswith("arn:") else form.format(value)
    if not named:
        yield EVERYTHING.get(action, "*")


def _matches(statement: Mapping[str, Any], arn: str) -> bool:
    return any(pattern == "*" or fnmatchcase(arn, pattern) for pattern in statement["Resource"])


def _holds(statement: Mapping[str, Any], parameters: Mapping[str, Any], tags: Mapping[str, str]) -> bool:
    asked = {tag["Key"]: tag["Value"] for tag in parameters.get("Tags", []) if isinstance(tag, dict) and "Key" in tag}
    for operator, pairs in statement.get("Condition", {}).items():
        for key, wanted in pairs.items():
            kind, _, name = key.partition("/")
            if kind not in {"aws:ResourceTag", "aws:RequestTag"}:
                continue  # of the service that calls on the caller's behalf
            given = (tags if kind == "aws:ResourceTag" else asked).get(name)
            if not _compare(operator, given, wanted):
                return False
    return True


def _compare(operator: str, given: str | None, wanted: Any) -> bool:
    wanted = wanted if isinstance(wanted, list) else [wanted]
    if operator == "Null":
        return (given is None) == (str(wanted[0]).lower() == "true")
    if given is None:
        return False
    patterns = operator in {"StringLike", "ArnLike"}
    return any(fnmatchcase(given, each) if patterns else given == each for each in wanted)
