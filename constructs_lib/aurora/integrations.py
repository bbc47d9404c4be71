"""What lets a database call S3, Lambda, SageMaker, Comprehend and Bedrock: a role for each, and nothing more."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_rds as rds
from constructs import Construct

from constructs_lib.foundation.cfn import acknowledge, pascal
from constructs_lib.foundation.placement import Placement
from constructs_lib.foundation.trust import service_trust
from estate.aurora import AuroraSpec
from estate.engines import MYSQL
from estate.integrations import MYSQL_PARAMETERS, IntegrationsSpec, called_services, role_keys

HTTPS = 443
RDS = "rds.amazonaws.com"
FEATURES = {
    "s3_import": "s3Import",
    "s3_export": "s3Export",
    "lambdas": "Lambda",
    "sagemaker": "SageMaker",
    "comprehend": "Comprehend",
    "bedrock": "Bedrock",
}
"""Feature names of Aurora PostgreSQL; Aurora MySQL's roles have none. [A4 postgresql-s3-export, postgresql-ml]"""
LOAD = ["s3:GetObject", "s3:GetObjectVersion"]
SAVE = ["s3:AbortMultipartUpload", "s3:PutObject"]
SAVE_OF_MYSQL = [*SAVE, "s3:DeleteObject", "s3:GetObject", "s3:ListMultipartUploadParts"]
"""[A4 AuroraMySQL.Integrating.Authorizing.IAM.S3CreatePolicy, USER_PostgreSQL.S3Import, postgresql-s3-export]"""

WILD = {
    True: "Comprehend's detection of sentiment has no resource to name (Service Authorization Reference)",
    False: "the objects of the bucket, or below the prefix, that the spec names: their names are the data's",
}
"""Why a resource ends in a wildcard, by whether it is nothing else."""

Statement = dict[str, Any]


class Integrations(Construct):
    """Define the roles that a cluster takes to call other services, each for the resources that the spec names.

    Only RDS may take them, for this one cluster of this account. `associated_roles` go to the cluster, `parameters`
    to its parameter group (Aurora MySQL reads its roles there). `cfn_roles["lambdas"]`, `cfn_policies["lambdas"]` are
    the L1s. `s3_restore` makes a role for RestoreDBClusterFromS3 (`restore_role_arn`) and says what the bucket's
    policy must let it do (`restore_bucket_policy`); the restore itself is no template's.
    """

    def __init__(self, scope: Construct, construct_id: str, *, identifier: str, spec: AuroraSpec) -> None:
        super().__init__(scope, construct_id)
        self._given = given = spec.integrations or IntegrationsSpec()
        self.cfn_roles: dict[str, iam.CfnRole] = {}
        self.cfn_policies: dict[str, iam.CfnManagedPolicy] = {}
        cluster = cdk.Fn.sub(f"arn:${{AWS::Partition}}:rds:${{AWS::Region}}:${{AWS::AccountId}}:cluster:{identifier}")
        trust = service_trust(RDS, source_arn=cluster)
        for key in role_keys(spec):
            self._define_role(key, f"{identifier}: {key}", trust, statements(key, spec, given))
        if given.s3_restore:
            self._define_role("s3_restore", f"{identifier}: restore", service_trust(RDS), _restore(given))
        self.associated_roles = self._associated(spec)
        self.parameters = self._parameters(spec)

    def _define_role(self, key: str, what: str, trust: Mapping[str, Any], document: Sequence[Statement]) -> None:
        label = pascal(key.replace("_", "-"))
        policy = iam.CfnManagedPolicy(
            self,
            f"{label}Policy",
            description=what,
            policy_document={"Version": "2012-10-17", "Statement": rendered(list(document))},
        )
        acknowledge(policy, unavoidable(document))
        self.cfn_policies[key] = policy
        self.cfn_roles[key] = iam.CfnRole(
            self, f"{label}Role", assume_role_policy_document=trust, managed_policy_arns=[policy.ref]
        )

    def _associated(self, spec: AuroraSpec) -> list[rds.CfnDBCluster.DBClusterRoleProperty]:
        named = spec.engine != MYSQL
        return [
            rds.CfnDBCluster.DBClusterRoleProperty(
                role_arn=self.cfn_roles[key].attr_arn, feature_name=FEATURES[key] if named else None
            )
            for key in role_keys(spec)
        ]

    def _parameters(self, spec: AuroraSpec) -> dict[str, str]:
        if spec.engine != MYSQL:
            return {}
        return {MYSQL_PARAMETERS[key]: self.cfn_roles[key].attr_arn for key in role_keys(spec)}

    @property
    def restore_role_arn(self) -> str | None:
        """The role that RestoreDBClusterFromS3 takes; None unless the spec names buckets to restore from."""
        role = self.cfn_roles.get("s3_restore")
        return role.attr_arn if role else None

    @property
    def restore_bucket_policy(self) -> str | None:
        """The statements that the policy of a bucket in another account must have, JSON; None without such a role."""
        if self.restore_role_arn is None:
            return None
        needed = _restore(self._given, with_keys=False)
        document = [{**statement, "Principal": {"AWS": "${RoleArn}"}} for statement in needed]
        return cdk.Fn.sub(json.dumps(document, separators=(",", ":")), {"RoleArn": self.restore_role_arn})


def egress_to(spec: AuroraSpec, identifier: str, place: Placement) -> list[ec2.CfnSecurityGroup.EgressProperty]:
    """The only ways out of a cluster that calls services: HTTPS to the group of each one's VPC endpoint.

    Raises:
        ValueError: the place names no group for a service.
    """
    ways: dict[str, list[str]] = {}
    for service in called_services(spec):
        group_id = place.endpoint_group_id(service)
        if group_id is None:
            raise ValueError(
                f"{identifier}: endpoint_security_group_id must be given for integrations, got nothing; name the "
                f"security group of the VPC endpoint of {service} in the `Placement`"
            )
        ways.setdefault(group_id, []).append(service)
    return [
        ec2.CfnSecurityGroup.EgressProperty(
            description=f"VPC endpoints: {', '.join(services)}",
            destination_security_group_id=group_id,
            from_port=HTTPS,
            ip_protocol="tcp",
            to_port=HTTPS,
        )
        for group_id, services in ways.items()
    ]


def statements(key: str, spec: AuroraSpec, given: IntegrationsSpec) -> list[Statement]:
    """What one role may do, with `${AWS::...}` in ARNs."""
    of_mysql = spec.engine == MYSQL
    if key in {"s3", "s3_import", "s3_export"}:
        loaded = given.s3_import if key != "s3_export" else ()
        saved = given.s3_export if key != "s3_import" else ()
        return _s3(given, loaded, saved, of_mysql=of_mysql)
    if key == "comprehend":
        return [_allow(["comprehend:BatchDetectSentiment", "comprehend:DetectSentiment"], ["*"])]
    action, resources = {
        "lambdas": ("lambda:InvokeFunction", [_function_arn(name) for name in given.lambdas]),
        "sagemaker": ("sagemaker:InvokeEndpoint", [_arn("sagemaker", f"endpoint/{name}") for name in given.sagemaker]),
        "bedrock": ("bedrock:InvokeModel", [_model_arn(model) for model in given.bedrock]),
    }[key]
    return [_allow([action], resources)]


def _s3(given: IntegrationsSpec, loaded: Sequence[str], saved: Sequence[str], *, of_mysql: bool) -> list[Statement]:
    made: list[Statement] = []
    if loaded:
        made += [_allow(LOAD, [_objects(place) for place in loaded]), *_listing(loaded)]
    if saved:
        made.append(_allow(SAVE_OF_MYSQL if of_mysql else SAVE, [_objects(place) for place in saved]))
        made += _listing([place for place in saved if place not in loaded]) if of_mysql else []
    actions = ["kms:Decrypt", *(["kms:GenerateDataKey"] if saved else [])]
    return [*made, *_keys(given, actions)]


def _restore(given: IntegrationsSpec, *, with_keys: bool = True) -> list[Statement]:
    """[A4 AuroraMySQL.Migrating.ExtMySQL.S3, "required permissions"]"""
    buckets = sorted({_bucket(place.partition("/")[0]) for place in given.s3_restore})
    objects = [_objects(place) for place in given.s3_restore]
    read = [_allow(["s3:GetBucketLocation", "s3:ListBucket"], buckets), _allow(["s3:GetObject"], objects)]
    return [*read, *(_keys(given, ["kms:Decrypt"]) if with_keys else [])]


def _keys(given: IntegrationsSpec, actions: list[str]) -> list[Statement]:
    """Use of the buckets' keys, through S3 only: S3 calls KMS itself, so no way to KMS is opened."""
    if not given.s3_keys:
        return []
    condition = {"StringEquals": {"kms:ViaService": "s3.${AWS::Region}.amazonaws.com"}}
    return [{**_allow(actions, list(given.s3_keys)), "Condition": condition}]


def _listing(places: Sequence[str]) -> list[Statement]:
    """ListBucket on each bucket, below the prefix where one is named."""
    made: list[Statement] = []
    whole = [_bucket(place) for place in places if "/" not in place]
    if whole:
        made.append(_allow(["s3:ListBucket"], whole))
    for place in places:
        bucket, slash, prefix = place.partition("/")
        if slash:
            condition = {"StringLike": {"s3:prefix": f"{prefix}*"}}
            made.append({**_allow(["s3:ListBucket"], [_bucket(bucket)]), "Condition": condition})
    return made


def _allow(actions: list[str], resources: list[str]) -> Statement:
    return {"Effect": "Allow", "Action": sorted(actions), "Resource": resources}


def _bucket(name: str) -> str:
    return f"arn:${{AWS::Partition}}:s3:::{name}"


def _objects(place: str) -> str:
    """What lies in a bucket, or below a prefix of one."""
    return _bucket(f"{place}*" if "/" in place else f"{place}/*")


def _arn(service: str, resource: str) -> str:
    return f"arn:${{AWS::Partition}}:{service}:${{AWS::Region}}:${{AWS::AccountId}}:{resource}"


def _function_arn(name: str) -> str:
    return name if name.startswith("arn:") else _arn("lambda", f"function:{name}")


def _model_arn(model: str) -> str:
    """Foundation models belong to no account."""
    return f"arn:${{AWS::Partition}}:bedrock:${{AWS::Region}}::foundation-model/{model}"


def rendered(value: Any) -> Any:
    """The same with `${AWS::...}` in texts left to CloudFormation."""
    if isinstance(value, dict):
        return {key: rendered(item) for key, item in value.items()}
    if isinstance(value, list):
        return [rendered(item) for item in value]
    return cdk.Fn.sub(value) if isinstance(value, str) and "${" in value else value


def unavoidable(document: Sequence[Statement]) -> dict[str, str]:
    """Findings on wildcards that a role can't do without, with the reason."""
    wild = [each for statement in document for each in statement["Resource"] if each.endswith("*")]
    return {
        f"AwsSolutions-IAM5[Resource::{each.replace('${', '<').replace('}', '>')}]": WILD[each == "*"] for each in wild
    }
